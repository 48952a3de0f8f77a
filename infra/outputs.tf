output "region" {
  description = "Region of everything."
  value       = var.region
}

output "account" {
  description = "Account of everything."
  value       = local.account
}

output "user_pool_id" {
  description = "The user pool, for front ends."
  value       = aws_cognito_user_pool.users.id
}

output "user_pool_client_id" {
  description = "The user pool's client, for front ends."
  value       = aws_cognito_user_pool_client.web.id
}

output "table" {
  description = "The table of profiles."
  value       = aws_dynamodb_table.profiles.name
}

output "picture_bucket" {
  description = "The bucket of pictures; null without one."
  value       = var.picture_bucket
}

output "triggers" {
  description = "The functions that Cognito calls; empty until they are deployed."
  value       = local.triggers
}

output "missing_triggers" {
  description = "Functions that Cognito has to call and that are not deployed yet."
  value       = setsubtract(keys(local.trigger_functions), keys(local.deployed_triggers))
}

# The stage's part of .chalice/config.json, whole.
output "chalice_stage" {
  description = "What `chalice deploy` has to know of the stage."
  value = {
    api_gateway_stage = local.stage
    environment_variables = merge(
      {
        DYNAMODB_TABLE = aws_dynamodb_table.profiles.name
        LOG_LEVEL      = var.log_level
        SERVICE_NAME   = local.prefix
      },
      var.picture_bucket == null ? {} : { S3_BUCKET = var.picture_bucket },
      var.botocore_tuning ? {} : { BOTOCORE_TUNING = "off" },
    )
    lambda_functions = {
      for name, function in local.functions : name => merge(
        { iam_role_arn = aws_iam_role.function[name].arn },
        contains(keys(var.reserved_concurrency), name) ? { reserved_concurrency = var.reserved_concurrency[name] } : {},
        name == "api_handler" ? {
          environment_variables = merge(
            {
              CORS_ALLOW_ORIGINS  = join(",", var.cors_allow_origins)
              USER_POOL_ARN       = aws_cognito_user_pool.users.arn
              USER_POOL_CLIENT_ID = aws_cognito_user_pool_client.web.id
            },
            var.problems_url == null ? {} : { PROBLEMS_URL = var.problems_url },
            var.picture_bucket == null ? {} : {
              PICTURE_FUNCTION        = local.functions.check_picture
              PICTURE_UPLOADS_PER_DAY = tostring(var.picture_uploads_per_day)
            },
          )
        } : {},
        name == "pre_sign_up" ? {
          environment_variables = { MINIMUM_AGE = tostring(var.minimum_age) }
        } : {},
        name == "reconcile" ? {
          environment_variables = {
            RECONCILE_LOOKUPS_PER_SECOND = tostring(var.reconcile_lookups_per_second)
            UNCONFIRMED_ACCOUNT_HOURS    = tostring(var.unconfirmed_account_hours)
            USER_POOL_ARN                = aws_cognito_user_pool.users.arn
          }
        } : {},
      )
    }
  }
}

# What API Gateway's stage is set to after `chalice deploy` has made it, which has no setting for these.
output "api_stage" {
  description = "Logs, throttling and TLS of the API."
  value = {
    name          = local.stage
    log_group_arn = aws_cloudwatch_log_group.api.arn
    rate          = var.throttling.rate
    burst         = var.throttling.burst

    retention_days  = var.log_retention_days
    key_arn         = aws_kms_key.data.arn
    security_policy = var.api_security_policy
  }
}
