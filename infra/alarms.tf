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
      } if name != "check_picture"
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
      "${local.prefix}-failed-reconciliations" = {
        description = "Reconciliation has failed three times in a row. The event is in the queue, the reason in the log."
        namespace   = "AWS/SQS"
        metric      = "ApproximateNumberOfMessagesVisible"
        statistic   = "Maximum"
        dimensions  = { QueueName = aws_sqs_queue.failed_reconciliations.name }
        threshold   = 1
        periods     = 1
      }
      # Needs a CloudTrail trail in the region, which sends such calls to EventBridge.
      "${local.prefix}-key-disabled" = {
        description = "Somebody has disabled the key, or scheduled its deletion. Nothing can be read or written without it: see Operations for how to restore it."
        namespace   = "AWS/Events"
        metric      = "MatchedEvents"
        dimensions  = { RuleName = aws_cloudwatch_event_rule.key_disabled.name }
        threshold   = 1
        periods     = 1
      }
    },
    {
      for metric, what in {
        SignUpThrottles       = "sign-ups"
        SignInThrottles       = "sign-ins"
        TokenRefreshThrottles = "token refreshes"
        } : "${local.prefix}-${metric}" => {
        description = "Cognito throttles ${what}. Request a higher quota."
        namespace   = "AWS/Cognito"
        metric      = metric
        dimensions  = { UserPool = aws_cognito_user_pool.users.id, UserPoolClient = aws_cognito_user_pool_client.web.id }
        threshold   = 1
        periods     = 1
      }
    },
    {
      for function in [local.functions.reconcile] : "${function}-not-running" => {
        description = "Reconciliation has not run for three hours; it is scheduled every hour. After the first deploy this alarm lasts until the first run."
        namespace   = "AWS/Lambda"
        metric      = "Invocations"
        comparison  = "LessThanThreshold"
        missing     = "breaching"
        dimensions  = { FunctionName = function }
        threshold   = 1
        periods     = 3
        seconds     = 3600
      } if contains(data.aws_lambda_functions.deployed.function_names, function)
    },
  )

  # What a signed-in user or a client can cause: a share of the calls, and only if there are some.
  rate_alarms = merge(
    {
      "${local.prefix}-api-4xx" = {
        description = "The API refuses half of all requests: a client release is broken, or somebody is probing."
        namespace   = "AWS/ApiGateway"
        failures    = "4XXError"
        calls       = "Count"
        dimensions  = { ApiName = local.prefix, Stage = local.stage }
        percent     = 50
        at_least    = 200
      }
    },
    { for function in [for name in local.pictures : local.functions.check_picture] : "${function}-throttles" => {
      description = "Pictures are not processed: the concurrency of the function or of the account is used up."
      namespace   = "AWS/Lambda"
      failures    = "Throttles"
      calls       = "Invocations"
      dimensions  = { FunctionName = function }
      percent     = 50
      at_least    = 20
    } },
  )
}

# https://docs.aws.amazon.com/kms/latest/developerguide/logging-using-cloudtrail.html
resource "aws_cloudwatch_event_rule" "key_disabled" {
  name        = "${local.prefix}-key-disabled"
  description = "Calls that make the key unusable. An alarm counts the matches; the rule has no target."

  event_pattern = jsonencode({
    source      = ["aws.kms"]
    detail-type = ["AWS API Call via CloudTrail"]
    detail = {
      eventSource       = ["kms.amazonaws.com"]
      eventName         = ["DisableKey", "ScheduleKeyDeletion"]
      requestParameters = { keyId = [aws_kms_key.data.key_id, aws_kms_key.data.arn] }
    }
  })
}


resource "aws_cloudwatch_metric_alarm" "all" {
  for_each = local.alarms

  alarm_name          = each.key
  alarm_description   = each.value.description
  namespace           = each.value.namespace
  metric_name         = each.value.metric
  dimensions          = each.value.dimensions
  statistic           = lookup(each.value, "statistic", "Sum")
  comparison_operator = lookup(each.value, "comparison", "GreaterThanOrEqualToThreshold")
  threshold           = each.value.threshold
  period              = lookup(each.value, "seconds", 300)
  evaluation_periods  = each.value.periods
  treat_missing_data  = lookup(each.value, "missing", "notBreaching")
  alarm_actions       = var.alarm_actions
  ok_actions          = var.alarm_actions
}

resource "aws_cloudwatch_metric_alarm" "rate" {
  for_each = local.rate_alarms

  alarm_name          = each.key
  alarm_description   = each.value.description
  comparison_operator = "GreaterThanOrEqualToThreshold"
  threshold           = each.value.percent
  evaluation_periods  = 3
  treat_missing_data  = "notBreaching"
  alarm_actions       = var.alarm_actions
  ok_actions          = var.alarm_actions

  metric_query {
    id          = "percent"
    expression  = "IF(MAX([calls, failures]) >= ${each.value.at_least}, 100 * failures / MAX([calls, failures]), 0)"
    label       = "Percent of all calls"
    return_data = true
  }

  dynamic "metric_query" {
    for_each = { failures = each.value.failures, calls = each.value.calls }
    content {
      id = metric_query.key

      metric {
        namespace   = each.value.namespace
        metric_name = metric_query.value
        dimensions  = each.value.dimensions
        period      = 300
        stat        = "Sum"
      }
    }
  }
}
