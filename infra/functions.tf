locals {
  # What each function may do, beside its own logs and traces.
  permissions = {
    api_handler = [
      {
        Sid      = "Profiles"
        Effect   = "Allow"
        Action   = ["dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:UpdateItem"]
        Resource = aws_dynamodb_table.profiles.arn
      },
      {
        Sid      = "HealFromThePool"
        Effect   = "Allow"
        Action   = ["cognito-idp:AdminGetUser"]
        Resource = aws_cognito_user_pool.users.arn
      },
    ]
    pre_sign_up = []
    post_confirmation = [
      {
        Sid      = "StoreTheProfile"
        Effect   = "Allow"
        Action   = ["dynamodb:PutItem"]
        Resource = aws_dynamodb_table.profiles.arn
      },
      {
        Sid      = "EndSessionsAfterPasswordReset"
        Effect   = "Allow"
        Action   = ["cognito-idp:AdminUserGlobalSignOut"]
        Resource = aws_cognito_user_pool.users.arn
      },
    ]
    post_authentication = [
      {
        Sid      = "FollowContactData"
        Effect   = "Allow"
        Action   = ["dynamodb:GetItem", "dynamodb:UpdateItem"]
        Resource = aws_dynamodb_table.profiles.arn
      },
      {
        Sid      = "AskThePool"
        Effect   = "Allow"
        Action   = ["cognito-idp:AdminGetUser"]
        Resource = aws_cognito_user_pool.users.arn
      },
    ]
    reconcile = [
      {
        Sid      = "WalkTheTable"
        Effect   = "Allow"
        Action   = ["dynamodb:BatchGetItem", "dynamodb:DeleteItem", "dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:Scan"]
        Resource = aws_dynamodb_table.profiles.arn
      },
      {
        Sid    = "WalkThePool"
        Effect = "Allow"
        Action = [
          "cognito-idp:AdminDeleteUser", "cognito-idp:AdminDeleteUserAttributes", "cognito-idp:AdminGetUser",
          "cognito-idp:ListUsers",
        ]
        Resource = aws_cognito_user_pool.users.arn
      },
      {
        Sid      = "StartTheNextRun"
        Effect   = "Allow"
        Action   = ["lambda:InvokeFunction"]
        Resource = "arn:${local.partition}:lambda:${var.region}:${local.account}:function:${local.prefix}-reconcile"
      },
      {
        Sid      = "ReportFailedRuns"
        Effect   = "Allow"
        Action   = ["sqs:SendMessage"]
        Resource = aws_sqs_queue.failed_reconciliations.arn
      },
    ]
  }

  # A bucket's ARN does not name its owner: after a bucket was deleted, somebody else may own one of its name.
  bucket_statements = {
    for name, statements in local.picture_permissions : name => [
      for statement in statements : merge(statement, {
        Condition = merge(lookup(statement, "Condition", {}), { StringEquals = { "aws:ResourceAccount" = local.account } })
      })
    ] if var.picture_bucket != null
  }

  # Those that read or write encrypted profiles, and pictures.
  data_functions    = ["api_handler", "post_authentication", "post_confirmation", "reconcile"]
  picture_functions = [for name in ["api_handler", "check_picture"] : name if var.picture_bucket != null]
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
          Resource = "*" # X-Ray knows no narrower resource for these
        },
    ])
  })
}

# Where the schedule's events go that the function failed on three times. They hold nothing about a person.
resource "aws_sqs_queue" "failed_reconciliations" {
  name                      = "${local.prefix}-failed-reconciliations"
  message_retention_seconds = 1209600 # 14 days
  sqs_managed_sse_enabled   = true
}

resource "aws_lambda_function_event_invoke_config" "reconcile" {
  for_each = contains(data.aws_lambda_functions.deployed.function_names, local.functions.reconcile) ? toset(["reconcile"]) : []

  function_name                = local.functions[each.key]
  maximum_event_age_in_seconds = 3600 # then the schedule sends the next one
  maximum_retry_attempts       = 2

  destination_config {
    on_failure {
      destination = aws_sqs_queue.failed_reconciliations.arn
    }
  }

  depends_on = [aws_iam_role_policy.function] # Lambda checks that the function may send there
}
