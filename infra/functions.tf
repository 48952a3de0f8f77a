locals {
  # The permissions of each function, in addition to its own logs and traces.
  permissions = {
    api_handler = [
      {
        Sid      = "ReadWriteProfiles"
        Effect   = "Allow"
        Action   = ["dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:UpdateItem"]
        Resource = aws_dynamodb_table.profiles.arn
      },
      {
        Sid      = "ReadUserPool"
        Effect   = "Allow"
        Action   = ["cognito-idp:AdminGetUser"]
        Resource = aws_cognito_user_pool.users.arn
      },
      {
        Sid      = "SignOutAfterDeletionRequest"
        Effect   = "Allow"
        Action   = ["cognito-idp:AdminUserGlobalSignOut"]
        Resource = aws_cognito_user_pool.users.arn
      },
      {
        Sid      = "InvokeErasure"
        Effect   = "Allow"
        Action   = ["lambda:InvokeFunction"]
        Resource = local.erase_function_arn
      },
    ]
    pre_sign_up = []
    post_confirmation = [
      {
        Sid      = "CreateProfile"
        Effect   = "Allow"
        Action   = ["dynamodb:PutItem"]
        Resource = aws_dynamodb_table.profiles.arn
      },
      {
        Sid      = "SignOutAfterPasswordReset"
        Effect   = "Allow"
        Action   = ["cognito-idp:AdminUserGlobalSignOut"]
        Resource = aws_cognito_user_pool.users.arn
      },
    ]
    post_authentication = [
      {
        Sid      = "SyncContactData"
        Effect   = "Allow"
        Action   = ["dynamodb:GetItem", "dynamodb:UpdateItem"]
        Resource = aws_dynamodb_table.profiles.arn
      },
      {
        Sid      = "ReadUserPool"
        Effect   = "Allow"
        Action   = ["cognito-idp:AdminGetUser"]
        Resource = aws_cognito_user_pool.users.arn
      },
    ]
    reconcile = [
      {
        Sid      = "ScanProfiles"
        Effect   = "Allow"
        Action   = ["dynamodb:BatchGetItem", "dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:Scan", "dynamodb:UpdateItem"]
        Resource = aws_dynamodb_table.profiles.arn
      },
      {
        Sid    = "ReconcileUserPool"
        Effect = "Allow"
        Action = [
          "cognito-idp:AdminDeleteUser", "cognito-idp:AdminDeleteUserAttributes", "cognito-idp:AdminGetUser",
          "cognito-idp:ListUsers",
        ]
        Resource = aws_cognito_user_pool.users.arn
      },
      {
        Sid      = "InvokeNextRun"
        Effect   = "Allow"
        Action   = ["lambda:InvokeFunction"]
        Resource = "${local.function_arn}:${local.functions.reconcile}"
      },
      {
        Sid      = "InvokeErasure"
        Effect   = "Allow"
        Action   = ["lambda:InvokeFunction"]
        Resource = local.erase_function_arn
      },
      {
        Sid      = "ReportFailedRuns"
        Effect   = "Allow"
        Action   = ["sqs:SendMessage"]
        Resource = aws_sqs_queue.failed_reconciliations.arn
      },
    ]
    erase_user = [
      {
        Sid      = "ReplaceProfileWithTombstone"
        Effect   = "Allow"
        Action   = ["dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:UpdateItem"]
        Resource = aws_dynamodb_table.profiles.arn
      },
      {
        Sid    = "DeleteUser"
        Effect = "Allow"
        Action = [
          "cognito-idp:AdminDeleteUser", "cognito-idp:AdminDisableUser", "cognito-idp:AdminGetUser",
          "cognito-idp:AdminUserGlobalSignOut",
        ]
        Resource = aws_cognito_user_pool.users.arn
      },
    ]
  }
  erase_function_arn = "${local.function_arn}:${local.functions.erase_user}"

  # The ARN of a bucket does not contain the account. After a deletion, another account may own a bucket with this name.
  own_account_condition = { StringEquals = { "aws:ResourceAccount" = local.account } }
  bucket_statements = {
    for name in keys(local.functions) : name => [
      for statement in concat(
        lookup(local.picture_permissions, name, []),
        lookup(local.file_permissions, name, []),
        [for statement in lookup(local.scan_permissions, name, []) : statement if var.malware_protection],
      ) :
      merge(statement, { Condition = merge(lookup(statement, "Condition", {}), local.own_account_condition) })
    ] if local.pictures_enabled
  }

  # The functions that use the key: for encrypted tables, and for objects in the bucket.
  data_functions = concat(
    ["api_handler", "erase_user", "post_authentication", "post_confirmation", "reconcile"],
    [for name in ["check_file"] : name if local.pictures_enabled],
  )
  bucket_functions = [for name in ["api_handler", "check_file", "check_picture"] : name if local.pictures_enabled]
}

resource "aws_cloudwatch_log_group" "function" {
  for_each = local.functions

  name              = "/aws/lambda/${each.value}"
  retention_in_days = var.log_retention_days
  kms_key_id        = aws_kms_key.data.arn
}

resource "aws_iam_role" "function" {
  for_each = local.functions

  name = "${local.prefix}-${each.key}"

  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Principal = { Service = "lambda.amazonaws.com" }
      Action    = "sts:AssumeRole"
    }]
  })
}

resource "aws_iam_role_policy" "function" {
  for_each = local.functions

  name = "function"
  role = aws_iam_role.function[each.key].id

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = concat(
      lookup(local.permissions, each.key, []),
      [for statement in lookup(local.record_permissions, each.key, []) : statement if local.pictures_enabled],
      lookup(local.bucket_statements, each.key, []),
      [
        {
          Sid      = "Logs"
          Effect   = "Allow"
          Action   = ["logs:CreateLogStream", "logs:PutLogEvents"]
          Resource = "${aws_cloudwatch_log_group.function[each.key].arn}:*"
        },
        {
          Sid      = "Traces"
          Effect   = "Allow"
          Action   = ["xray:PutTelemetryRecords", "xray:PutTraceSegments"]
          Resource = "*" # X-Ray does not support resource-level permissions for these
        },
    ])
  })
}

# Scheduled events on which the function failed three times. They contain no personal data.
resource "aws_sqs_queue" "failed_reconciliations" {
  name                      = "${local.prefix}-failed-reconciliations"
  message_retention_seconds = 1209600 # 14 days
  sqs_managed_sse_enabled   = true
}

resource "aws_lambda_function_event_invoke_config" "reconcile" {
  for_each = contains(data.aws_lambda_functions.deployed.function_names, local.functions.reconcile) ? toset(["reconcile"]) : []

  function_name                = local.functions[each.key]
  maximum_event_age_in_seconds = 3600 # the schedule sends one event per hour
  maximum_retry_attempts       = 2

  destination_config {
    on_failure {
      destination = aws_sqs_queue.failed_reconciliations.arn
    }
  }

  depends_on = [aws_iam_role_policy.function] # Lambda checks that the function has permission to send
}

# Failed erasures need no queue: reconciliation repeats each of them within an hour.
resource "aws_lambda_function_event_invoke_config" "erase_user" {
  for_each = contains(data.aws_lambda_functions.deployed.function_names, local.functions.erase_user) ? toset(["erase_user"]) : []

  function_name                = local.functions[each.key]
  maximum_event_age_in_seconds = 3600 # the next reconciliation sends the event again
  maximum_retry_attempts       = 2
}
