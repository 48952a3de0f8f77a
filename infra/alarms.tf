locals {
  alarms = merge(
    {
      for name, function in local.functions : "${function}-errors" => {
        description = "${function} fails. Errors of a Cognito trigger fail sign-ups or sign-ins."
        namespace   = "AWS/Lambda"
        metric      = "Errors"
        dimensions  = { FunctionName = function }
        threshold   = 1
        periods     = 1
      } if !contains(["pre_sign_up", "check_picture"], name)
    },
    {
      # Any user can cause an error of these: by a sign-up that is refused, and by a file on which time runs out.
      for name, description in {
        pre_sign_up   = "Nobody has signed up for a quarter of an hour, and somebody has tried: each was refused, or the function fails."
        check_picture = "Every picture of the last 15 minutes ended in an error. The function fails, or somebody uploads files on which it runs out of time or memory."
        } : "${local.functions[name]}-errors" => {
        description = description
        namespace   = "AWS/Lambda"
        metric      = "Errors"
        statistic   = "Average"
        dimensions  = { FunctionName = local.functions[name] }
        threshold   = 1
        periods     = 3
      } if contains(keys(local.functions), name)
    },
    {
      for name, function in local.functions : "${function}-throttles" => {
        description = "${function} is not run: the account's or the function's concurrency is used up."
        namespace   = "AWS/Lambda"
        metric      = "Throttles"
        dimensions  = { FunctionName = function }
        threshold   = 1
        periods     = 1
      }
    },
    {
      for name, what in {
        ProfileWriteFailed        = "Sign-ups whose profile was not stored. It heals at the first request, and at the next reconciliation."
        ContactWriteFailed        = "Verified contact data that was not taken over. The next sign-in makes up for it."
        SignOutFailed             = "Old sessions that were not ended after a password reset. Revoke them: `aws cognito-idp admin-user-global-sign-out`, with the sub in the log."
        TriggerFailed             = "Unexpected errors of a Cognito trigger. Users were let in; a sign-up was refused. See the log for `trigger failed`."
        ReconciliationInterrupted = "Reconciliation met a fault of AWS. Three hours in a row is more than a passing one."
        ReconciliationRestarted   = "The user pool refused the cursor of reconciliation, and the walk began again. The walk may never end."
        ReconciliationStopped     = "Too many profiles have no user, and none was removed. Check that the user pool is the right one, then see make reconcile."
        UnconfirmedAccountsLeft   = "More unconfirmed accounts have expired than reconciliation deletes in a walk. Somebody may be signing up with addresses of others."
        } : "${local.prefix}-${name}" => {
        description = what
        namespace   = "HealthTech"
        metric      = name
        dimensions  = { service = local.prefix }
        threshold   = 1
        periods     = name == "ReconciliationInterrupted" ? 3 : 1
        seconds     = can(regex("^Reconciliation|^Unconfirmed", name)) ? 3600 : 300 # it runs once an hour
      }
    },
    {
      "${local.prefix}-api-5xx" = {
        description = "Requests that the API could not answer."
        namespace   = "AWS/ApiGateway"
        metric      = "5XXError"
        dimensions  = { ApiName = local.prefix, Stage = local.stage }
        threshold   = 5
        periods     = 1
      }
      "${local.prefix}-table-throttles" = {
        description = "DynamoDB throttles requests for profiles."
        namespace   = "AWS/DynamoDB"
        metric      = "ReadThrottleEvents"
        dimensions  = { TableName = aws_dynamodb_table.profiles.name }
        threshold   = 1
        periods     = 1
      }
      "${local.prefix}-table-write-throttles" = {
        description = "DynamoDB throttles writes of profiles."
        namespace   = "AWS/DynamoDB"
        metric      = "WriteThrottleEvents"
        dimensions  = { TableName = aws_dynamodb_table.profiles.name }
        threshold   = 1
        periods     = 1
      }
      "${local.prefix}-sign-up-throttles" = {
        description = "Cognito throttles sign-ups: its quota is due to be raised."
        namespace   = "AWS/Cognito"
        metric      = "SignUpThrottles"
        dimensions  = { UserPool = aws_cognito_user_pool.users.id, UserPoolClient = aws_cognito_user_pool_client.web.id }
        threshold   = 1
        periods     = 1
      }
    },
  )
}

resource "aws_cloudwatch_metric_alarm" "all" {
  for_each = local.alarms

  alarm_name          = each.key
  alarm_description   = each.value.description
  namespace           = each.value.namespace
  metric_name         = each.value.metric
  dimensions          = each.value.dimensions
  statistic           = lookup(each.value, "statistic", "Sum")
  comparison_operator = "GreaterThanOrEqualToThreshold"
  threshold           = each.value.threshold
  period              = lookup(each.value, "seconds", 300)
  evaluation_periods  = each.value.periods
  treat_missing_data  = "notBreaching"
  alarm_actions       = var.alarm_actions
  ok_actions          = var.alarm_actions
}
