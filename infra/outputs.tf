output "region" {
  description = "AWS region of the stage."
  value       = var.region
}

output "account" {
  description = "AWS account ID of the stage."
  value       = local.account
}

output "user_pool_id" {
  description = "ID of the user pool, for front ends."
  value       = aws_cognito_user_pool.users.id
}

output "user_pool_client_id" {
  description = "ID of the app client of the user pool, for front ends."
  value       = aws_cognito_user_pool_client.web.id
}

output "table" {
  description = "Name of the DynamoDB table of profiles."
  value       = aws_dynamodb_table.profiles.name
}

output "records_table" {
  description = "Name of the DynamoDB table of records, or null if pictures and files are not enabled."
  value       = one([for table in aws_dynamodb_table.records : table.name])
}

output "picture_bucket" {
  description = "Name of the S3 bucket of pictures and files, or null if they are not enabled."
  value       = var.picture_bucket
}

output "triggers" {
  description = "Functions that are attached as Cognito triggers, by trigger. Empty until they are deployed."
  value       = local.triggers
}

output "missing_triggers" {
  description = "Functions that Cognito or S3 must invoke and that are not deployed yet."
  value = setunion(
    setsubtract(keys(local.trigger_functions), keys(local.deployed_triggers)),
    [for name in ["check_file"] : name if local.pictures_enabled && !contains(keys(local.deployed_check_file), name)],
  )
}

# `make deploy` writes this value into .chalice/config.json.
output "chalice_stage" {
  description = "Configuration of the stage for Chalice."
  value = {
    api_gateway_stage = local.stage
    environment_variables = merge(
      {
        DYNAMODB_TABLE = aws_dynamodb_table.profiles.name
        LOG_LEVEL      = var.log_level
        SERVICE_NAME   = local.prefix
      },
      local.pictures_enabled ? {
        RECORDS_TABLE = aws_dynamodb_table.records["records"].name
        S3_BUCKET     = var.picture_bucket
      } : {},
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
              DELETION_GRACE_DAYS = tostring(var.deletion_grace_days)
              ERASE_FUNCTION      = local.functions.erase_user
              USER_POOL_ARN       = aws_cognito_user_pool.users.arn
              USER_POOL_CLIENT_ID = aws_cognito_user_pool_client.web.id
            },
            var.problems_url == null ? {} : { PROBLEMS_URL = var.problems_url },
            local.pictures_enabled ? {
              FILE_BYTES_PER_USER     = tostring(var.file_bytes_per_user)
              FILE_TYPES              = join(",", var.file_types)
              FILE_UPLOADS_PER_DAY    = tostring(var.file_uploads_per_day)
              FILES_PER_USER          = tostring(var.files_per_user)
              PICTURE_FUNCTION        = local.functions.check_picture
              PICTURE_UPLOADS_PER_DAY = tostring(var.picture_uploads_per_day)
            } : {},
          )
        } : {},
        name == "pre_sign_up" ? {
          environment_variables = { MINIMUM_AGE = tostring(var.minimum_age) }
        } : {},
        name == "reconcile" ? {
          environment_variables = merge(
            {
              ERASE_FUNCTION               = local.functions.erase_user
              ORPHAN_GRACE_HOURS           = tostring(var.orphan_grace_hours)
              RECONCILE_LOOKUPS_PER_SECOND = tostring(var.reconcile_lookups_per_second)
              UNCONFIRMED_ACCOUNT_HOURS    = tostring(var.unconfirmed_account_hours)
              USER_POOL_ARN                = aws_cognito_user_pool.users.arn
            },
            local.pictures_enabled ? { CHECK_FILE_FUNCTION = local.functions.check_file } : {},
          )
        } : {},
        name == "check_file" ? {
          environment_variables = { MALWARE_PROTECTION = var.malware_protection ? "on" : "off" }
        } : {},
        name == "erase_user" ? {
          environment_variables = { USER_POOL_ARN = aws_cognito_user_pool.users.arn }
        } : {},
      )
    }
  }
}

# `make deploy` applies these settings after `chalice deploy`, which does not support them.
output "api_stage" {
  description = "Log, throttling and TLS settings of the API stage."
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
