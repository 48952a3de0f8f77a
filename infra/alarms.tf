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
      }
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
        ReconciliationInterrupted = "Reconciliation met a fault of AWS. It goes on from there within the hour."
        } : "${local.prefix}-${name}" => {
        description = what
        namespace   = "HealthTech"
        metric      = name
        dimensions  = { service = local.prefix }
        threshold   = 1
        periods     = name == "ReconciliationInterrupted" ? 3 : 1
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
  statistic           = "Sum"
  comparison_operator = "GreaterThanOrEqualToThreshold"
  threshold           = each.value.threshold
  period              = 300 # seconds
  evaluation_periods  = each.value.periods
  treat_missing_data  = "notBreaching"
  alarm_actions       = var.alarm_actions
  ok_actions          = var.alarm_actions
}
