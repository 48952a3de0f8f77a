locals {
  alarms = merge(
    {
      for name, function in local.functions : "${function}-errors" => {
        description = "The function ${function} failed. If it is a Cognito trigger, confirmations or sign-ins may fail."
        namespace   = "AWS/Lambda"
        metric      = "Errors"
        dimensions  = { FunctionName = function }
        threshold   = 1
        periods     = 1
      } if !contains(["pre_sign_up", "check_file", "check_picture"], name)
    },
    {
      # Any user can cause errors of these functions: with a rejected sign-up, or with a file that takes too long.
      for name, description in {
        pre_sign_up   = "Every sign-up in the last 15 minutes failed: each was rejected, or the function fails."
        check_file    = "Every check of a file in the last 15 minutes failed: the function fails, or a user uploads files that exceed its time or memory limit."
        check_picture = "Every picture in the last 15 minutes failed: the function fails, or a user uploads files that exceed its time or memory limit."
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
        description = "Invocations of ${function} are throttled: the concurrency of the account or of the function is exhausted."
        namespace   = "AWS/Lambda"
        metric      = "Throttles"
        dimensions  = { FunctionName = function }
        threshold   = 1
        periods     = 1
      } if !contains(["check_file", "check_picture"], name)
    },
    {
      for name, description in {
        ProfileWriteFailed           = "The profile of a new user was not stored. The first request of the user or the next reconciliation creates it."
        ContactWriteFailed           = "The contact data of a profile was not updated from Cognito. The next sign-in or request of the user repeats the update."
        SignOutFailed                = "Sessions were not revoked after a password reset or a deletion request. Revoke them with `aws cognito-idp admin-user-global-sign-out` and the sub in the log."
        TriggerFailed                = "A Cognito trigger met an unexpected error. Confirmations, password resets and sign-ins succeeded; a sign-up was rejected. Search the log for `trigger failed`."
        ReconciliationInterrupted    = "In three consecutive hours, reconciliation was interrupted, or could not process some users: because of AWS errors, or of records that cannot be read."
        ReconciliationRestarted      = "The user pool rejected the cursor of reconciliation, and the scan of the user pool starts again. Reconciliation may never finish."
        ReconciliationStopped        = "Too many profiles have no user, too many files have no content or no record, or the records of a user's files are lost. No more are erased. Check that the user pool, the tables and the bucket are the right ones: see docs/operations.md."
        ErasureFailed                = "The erasure of a user has failed. Lambda repeats it twice, and reconciliation every hour. If it fails for more than an hour, search the log of ${local.functions.erase_user} for the error."
        UnconfirmedAccountsRemaining = "More unconfirmed accounts have expired than reconciliation deletes in one scan of the user pool. An attacker may be signing up with email addresses of other persons."
        } : "${local.prefix}-${name}" => {
        description = description
        namespace   = "HealthTech"
        metric      = name
        dimensions  = { service = local.prefix }
        threshold   = 1
        periods     = name == "ReconciliationInterrupted" ? 3 : 1
        seconds     = can(regex("^Reconciliation|^Unconfirmed", name)) ? 3600 : 300 # reconciliation runs once an hour
      }
    },
    {
      for name, description in {
        FileInfected    = "A user has uploaded a file with malware. It was rejected, and its content deleted. Search the log of ${local.prefix}-check_file for the user."
        FileScanFailed  = "GuardDuty could not scan a file. A new file was rejected; an available file cannot be read until a scan succeeds. Search the log of ${local.prefix}-check_file for `file not scanned`."
        FileScanOverdue = "GuardDuty has not scanned a file within two hours, so it cannot be read. Check that the malware protection plan is active. Search the log of ${local.prefix}-check_file for `file not scanned in time`."
        FileLost        = "The content of a stored file was missing in the bucket, so the file was removed. Restore it with make restore: see docs/deployment.md."
        } : "${local.prefix}-${name}" => {
        description = description
        namespace   = "HealthTech"
        metric      = name
        dimensions  = { service = local.prefix }
        threshold   = 1
        periods     = 1
        seconds     = contains(["FileLost", "FileScanOverdue"], name) ? 3600 : 300 # reconciliation finds them once an hour
      } if name == "FileLost" ? local.pictures_enabled : var.malware_protection
    },
    {
      "${local.prefix}-api-5xx" = {
        description = "The API responded to five or more requests in five minutes with a server error (5xx)."
        namespace   = "AWS/ApiGateway"
        metric      = "5XXError"
        dimensions  = { ApiName = local.prefix, Stage = local.stage }
        threshold   = 5
        periods     = 1
      }
      "${local.prefix}-table-throttles" = {
        description = "DynamoDB throttles reads of profiles."
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
        description = "Reconciliation has failed three times in a row. The event is in the queue, and the error is in the log."
        namespace   = "AWS/SQS"
        metric      = "ApproximateNumberOfMessagesVisible"
        statistic   = "Maximum"
        dimensions  = { QueueName = aws_sqs_queue.failed_reconciliations.name }
        threshold   = 1
        periods     = 1
      }
      # Requires a CloudTrail trail in the region, which sends these calls to EventBridge.
      "${local.prefix}-key-disabled" = {
        description = "The encryption key was disabled, or its deletion was scheduled. Without it, no data can be read or written. Restore it: see docs/operations.md."
        namespace   = "AWS/Events"
        metric      = "MatchedEvents"
        dimensions  = { RuleName = aws_cloudwatch_event_rule.key_disabled.name }
        threshold   = 1
        periods     = 1
      }
    },
    {
      for name, alarm in {
        "${local.prefix}-records-throttles"       = { metric = "ReadThrottleEvents", operation = "reads" }
        "${local.prefix}-records-write-throttles" = { metric = "WriteThrottleEvents", operation = "writes" }
        } : name => {
        description = "DynamoDB throttles ${alarm.operation} of the records of users, such as files."
        namespace   = "AWS/DynamoDB"
        metric      = alarm.metric
        dimensions  = { TableName = one([for table in aws_dynamodb_table.records : table.name]) }
        threshold   = 1
        periods     = 1
      } if local.pictures_enabled
    },
    {
      for metric, operation in {
        SignUpThrottles       = "sign-ups"
        SignInThrottles       = "sign-ins"
        TokenRefreshThrottles = "token refreshes"
        } : "${local.prefix}-${metric}" => {
        description = "Cognito throttles ${operation}. Request a higher quota."
        namespace   = "AWS/Cognito"
        metric      = metric
        dimensions  = { UserPool = aws_cognito_user_pool.users.id, UserPoolClient = aws_cognito_user_pool_client.web.id }
        threshold   = 1
        periods     = 1
      }
    },
    {
      for function in [local.functions.reconcile] : "${function}-not-running" => {
        description = "Reconciliation has not run for three hours, although it is scheduled every hour. After the first deployment, this alarm is active until the first run."
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

  # A signed-in user or a client can cause these errors. The alarms use the share of failed calls, above a minimum number.
  rate_alarms = merge(
    {
      "${local.prefix}-api-4xx" = {
        description = "The API has rejected at least half of all requests (4xx) for 15 minutes: a client release is broken, or an attacker is probing the API."
        namespace   = "AWS/ApiGateway"
        failures    = "4XXError"
        calls       = "Count"
        dimensions  = { ApiName = local.prefix, Stage = local.stage }
        percent     = 50
        at_least    = 200
      }
    },
    {
      for name, description in {
        check_file    = "At least half of the checks of files are throttled: the concurrency of the function or of the account is exhausted."
        check_picture = "At least half of the picture checks are throttled: the concurrency of the function or of the account is exhausted."
        } : "${local.functions[name]}-throttles" => {
        description = description
        namespace   = "AWS/Lambda"
        failures    = "Throttles"
        calls       = "Invocations"
        dimensions  = { FunctionName = local.functions[name] }
        percent     = 50
        at_least    = 20
      } if contains(keys(local.functions), name)
    },
  )
}

# https://docs.aws.amazon.com/kms/latest/developerguide/logging-using-cloudtrail.html
resource "aws_cloudwatch_event_rule" "key_disabled" {
  name        = "${local.prefix}-key-disabled"
  description = "Matches calls that make the key unusable. An alarm counts the matches; the rule has no target."

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
