# The plan with default values.

mock_provider "aws" {}

override_data {
  target = data.aws_caller_identity.current
  values = { account_id = "123456789012" }
}

override_data {
  target = data.aws_partition.current
  values = { partition = "aws" }
}

run "data_by_default_is_protected" {
  command = plan

  assert {
    condition     = aws_cognito_user_pool.users.deletion_protection == "ACTIVE" && aws_dynamodb_table.profiles.deletion_protection_enabled
    error_message = "The user pool and the table must be protected against deletion."
  }

  assert {
    condition     = aws_dynamodb_table.profiles.point_in_time_recovery[0].enabled
    error_message = "The table must have point-in-time recovery."
  }

  assert {
    condition     = aws_kms_key.data.enable_key_rotation && aws_dynamodb_table.profiles.server_side_encryption[0].enabled
    error_message = "The table must be encrypted with a rotating key."
  }

  assert {
    condition     = alltrue([for group in aws_cloudwatch_log_group.function : group.retention_in_days == 365])
    error_message = "Logs must be retained for one year."
  }
}

run "default_workspace_is_stage_prod" {
  command = plan

  assert {
    condition     = aws_dynamodb_table.profiles.name == "Users" && aws_cognito_user_pool.users.name == "healthtech-prod"
    error_message = "The default workspace must be the stage prod with the table Users."
  }

  assert {
    condition     = output.chalice_stage.api_gateway_stage == "prod"
    error_message = "The API stage must be prod."
  }
}

run "username_is_verified_case_insensitive_email" {
  command = plan

  assert {
    condition     = aws_cognito_user_pool.users.username_attributes == toset(["email"]) && !aws_cognito_user_pool.users.username_configuration[0].case_sensitive
    error_message = "The email must be the username, case-insensitive."
  }

  assert {
    condition     = contains(aws_cognito_user_pool.users.auto_verified_attributes, "email")
    error_message = "The email must be verified."
  }
}

run "app_client_discloses_no_data" {
  command = plan

  assert {
    condition     = toset(aws_cognito_user_pool_client.web.explicit_auth_flows) == toset(["ALLOW_REFRESH_TOKEN_AUTH", "ALLOW_USER_SRP_AUTH"])
    error_message = "The client must not send the password."
  }

  assert {
    condition     = !anytrue([for name in aws_cognito_user_pool_client.web.read_attributes : startswith(name, "custom:")])
    error_message = "Readable attributes are included in ID tokens: health data must not be readable."
  }

  assert {
    condition     = aws_cognito_user_pool_client.web.prevent_user_existence_errors == "ENABLED" && aws_cognito_user_pool_client.web.enable_token_revocation
    error_message = "Errors must not disclose whether an account exists, and refresh tokens must be revocable."
  }

  assert {
    condition     = aws_cognito_user_pool_client.web.id_token_validity == 15 && aws_cognito_user_pool_client.web.generate_secret == false
    error_message = "ID tokens must be short-lived, and a public client must have no secret."
  }

  assert {
    condition     = aws_cognito_user_pool_client.web.refresh_token_validity == 7
    error_message = "A session must end seven days after the password was entered."
  }

  assert {
    condition     = output.chalice_stage.lambda_functions.pre_sign_up.environment_variables == { MINIMUM_AGE = "0" }
    error_message = "The PreSignUp trigger must have the minimum age."
  }
}

run "cors_by_default_allows_no_origin" {
  command = plan

  assert {
    condition     = output.chalice_stage.lambda_functions.api_handler.environment_variables.CORS_ALLOW_ORIGINS == ""
    error_message = "No origin may be allowed by default."
  }
}

run "pictures_by_default_are_not_enabled" {
  command = plan

  assert {
    condition     = length(aws_s3_bucket.pictures) == 0 && length(aws_s3_bucket_cors_configuration.pictures) == 0
    error_message = "There must be no bucket without a name."
  }

  assert {
    condition     = !contains(keys(output.chalice_stage.environment_variables), "S3_BUCKET")
    error_message = "The functions must not have S3_BUCKET without a bucket."
  }

  assert {
    condition     = !contains(keys(output.chalice_stage.lambda_functions), "check_picture") && length(local.bucket_functions) == 0
    error_message = "Without a bucket there must be no picture function, and no function may use the key for objects."
  }
}

run "files_by_default_are_not_enabled" {
  command = plan

  assert {
    condition     = length(aws_dynamodb_table.records) == 0 && output.records_table == null
    error_message = "Without a bucket there must be no table of records."
  }

  assert {
    condition     = !contains(keys(output.chalice_stage.environment_variables), "RECORDS_TABLE") && !contains(keys(output.chalice_stage.lambda_functions), "check_file")
    error_message = "Without a bucket there must be no function that checks files, and no function may have RECORDS_TABLE."
  }

  assert {
    condition     = !contains(keys(output.chalice_stage.lambda_functions.reconcile.environment_variables), "CHECK_FILE_FUNCTION") && !contains(keys(output.chalice_stage.lambda_functions.api_handler.environment_variables), "FILES_PER_USER")
    error_message = "Without a bucket there must be no settings of files."
  }

  assert {
    condition     = length(aws_s3_bucket_notification.files) == 0 && length(aws_guardduty_malware_protection_plan.files) == 0 && length(aws_cloudwatch_event_rule.scan_results) == 0
    error_message = "Without a bucket there must be no events of files."
  }

  assert {
    condition     = !contains(output.missing_triggers, "check_file") && !contains(local.data_functions, "check_file") && length(local.bucket_statements) == 0
    error_message = "Without a bucket the module must not refer to the function."
  }

  assert {
    condition     = !anytrue([for name in keys(aws_cloudwatch_metric_alarm.all) : strcontains(name, "-File") || strcontains(name, "check_file")])
    error_message = "Without a bucket there must be no alarms on files."
  }
}

run "trigger_without_function_is_not_attached" {
  command = plan

  assert {
    condition     = length(output.triggers) == 0 && length(aws_lambda_permission.cognito) == 0
    error_message = "There must be no trigger before the functions are deployed."
  }
}

run "trigger_with_deployed_function_is_attached" {
  command = plan

  override_data {
    target = data.aws_lambda_functions.deployed
    values = { function_names = ["healthtech-prod-pre_sign_up", "healthtech-dev-post_confirmation"] }
  }

  assert {
    condition     = output.triggers == { pre_sign_up = "healthtech-prod-pre_sign_up" }
    error_message = "Only functions of this stage may be attached."
  }

  assert {
    condition     = endswith(aws_cognito_user_pool.users.lambda_config[0].pre_sign_up, ":function:healthtech-prod-pre_sign_up")
    error_message = "PreSignUp must be attached."
  }
}

run "reconciliation_can_invoke_itself_and_erasure_only" {
  command = plan

  assert {
    condition = [
      for statement in local.permissions.reconcile : statement.Resource if contains(statement.Action, "lambda:InvokeFunction")
      ] == [
      "arn:aws:lambda:us-east-1:123456789012:function:healthtech-prod-reconcile",
      "arn:aws:lambda:us-east-1:123456789012:function:healthtech-prod-erase_user",
    ]
    error_message = "The function must be allowed to invoke itself and erase_user, and no other function."
  }
}

run "account_deletion_is_allowed_to_background_functions_only" {
  command = plan

  assert {
    condition = [
      for name, statements in local.permissions : name
      if anytrue([for statement in statements : contains(statement.Action, "cognito-idp:AdminDeleteUser")])
    ] == ["erase_user", "reconcile"]
    error_message = "No function that clients invoke may delete an account."
  }

  assert {
    condition     = !anytrue([for statements in values(local.permissions) : anytrue([for statement in statements : contains(statement.Action, "dynamodb:DeleteItem")])])
    error_message = "An item of a user is replaced with a tombstone, and never deleted by a function."
  }

  assert {
    condition     = output.chalice_stage.lambda_functions.reconcile.environment_variables.UNCONFIRMED_ACCOUNT_HOURS == "24"
    error_message = "Unconfirmed accounts must be retained for 24 hours."
  }
}

run "erasure_has_its_own_function" {
  command = plan

  assert {
    condition     = contains(keys(aws_iam_role.function), "erase_user") && aws_cloudwatch_log_group.function["erase_user"].name == "/aws/lambda/healthtech-prod-erase_user"
    error_message = "The function must have its own role and log group."
  }

  assert {
    condition     = contains(local.data_functions, "erase_user") && !contains(local.bucket_functions, "erase_user")
    error_message = "The function must use the key for tables only. Deleting an object needs no key."
  }

  assert {
    condition = sort(flatten(local.permissions.erase_user[*].Action)) == tolist([
      "cognito-idp:AdminDeleteUser", "cognito-idp:AdminDisableUser", "cognito-idp:AdminGetUser",
      "cognito-idp:AdminUserGlobalSignOut",
      "dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:UpdateItem",
    ])
    error_message = "The function must have the permissions of an erasure only."
  }

  assert {
    condition     = keys(output.chalice_stage.lambda_functions.erase_user.environment_variables) == ["USER_POOL_ARN"]
    error_message = "The function must have the user pool."
  }

  assert {
    condition = toset([
      for name, function in output.chalice_stage.lambda_functions : name
      if try(function.environment_variables.ERASE_FUNCTION, null) == "healthtech-prod-erase_user"
    ]) == toset(["api_handler", "reconcile"])
    error_message = "The API and reconciliation must have the name of the function."
  }
}

run "erasure_by_default_is_immediate_and_orphans_wait" {
  command = plan

  assert {
    condition     = output.chalice_stage.lambda_functions.api_handler.environment_variables.DELETION_GRACE_DAYS == "0"
    error_message = "By default, a deletion must have no grace period."
  }

  assert {
    condition     = output.chalice_stage.lambda_functions.reconcile.environment_variables.ORPHAN_GRACE_HOURS == "72"
    error_message = "By default, a profile without a user must be retained for 72 hours."
  }
}

run "tombstones_expire" {
  command = plan

  assert {
    condition     = aws_dynamodb_table.profiles.ttl[0].attribute_name == "ttl" && aws_dynamodb_table.profiles.ttl[0].enabled
    error_message = "The table must delete expired tombstones."
  }
}

run "erasure_without_function_has_no_invoke_config" {
  command = plan

  assert {
    condition     = length(aws_lambda_function_event_invoke_config.erase_user) == 0
    error_message = "A function that is not deployed cannot have an invoke configuration."
  }
}

run "failed_erasure_is_repeated_and_raises_an_alarm" {
  command = plan

  override_data {
    target = data.aws_lambda_functions.deployed
    values = { function_names = ["healthtech-prod-erase_user"] }
  }

  assert {
    condition     = aws_lambda_function_event_invoke_config.erase_user["erase_user"].maximum_retry_attempts == 2
    error_message = "Lambda must repeat a failed erasure."
  }

  assert {
    condition     = aws_cloudwatch_metric_alarm.all["healthtech-prod-ErasureFailed"].threshold == 1 && aws_cloudwatch_metric_alarm.all["healthtech-prod-erase_user-errors"].threshold == 1
    error_message = "A failed erasure must raise an alarm."
  }
}

run "reconciliation_has_alarms" {
  command = plan

  assert {
    condition = alltrue([
      for metric in ["ReconciliationInterrupted", "ReconciliationRestarted", "ReconciliationStopped", "UnconfirmedAccountsRemaining"] :
      aws_cloudwatch_metric_alarm.all["healthtech-prod-${metric}"].period == 3600
    ])
    error_message = "There must be alarms for runs that do not finish and for stopped deletions."
  }
}

run "sign_up_with_missing_trigger_is_closed" {
  command = plan

  override_data {
    target = data.aws_lambda_functions.deployed
    values = { function_names = ["healthtech-prod-pre_sign_up", "healthtech-prod-post_confirmation"] }
  }

  assert {
    condition     = aws_cognito_user_pool.users.admin_create_user_config[0].allow_admin_create_user_only
    error_message = "A user pool without all triggers must not accept sign-ups."
  }
}

run "sign_up_with_all_triggers_is_open" {
  command = plan

  override_data {
    target = data.aws_lambda_functions.deployed
    values = {
      function_names = ["healthtech-prod-pre_sign_up", "healthtech-prod-post_confirmation", "healthtech-prod-post_authentication"]
    }
  }

  assert {
    condition     = !aws_cognito_user_pool.users.admin_create_user_config[0].allow_admin_create_user_only
    error_message = "Users must be able to sign up."
  }
}

run "attached_trigger_with_missing_function_is_unchanged" {
  command = plan

  override_data {
    target = data.aws_cognito_user_pools.existing
    values = { ids = ["us-east-1_EXAMPLE"] }
  }

  override_data {
    target = data.aws_cognito_user_pool.existing
    values = {
      lambda_config = [{
        pre_sign_up         = "arn:aws:lambda:us-east-1:123456789012:function:healthtech-prod-pre_sign_up"
        post_confirmation   = "arn:aws:lambda:us-east-1:123456789012:function:unrelated"
        post_authentication = ""
      }]
    }
  }

  assert {
    condition     = output.triggers == { pre_sign_up = "healthtech-prod-pre_sign_up" } && length(aws_lambda_permission.cognito) == 0
    error_message = "A plan must not detach the PreSignUp trigger, and must not grant a permission for a missing function."
  }

  assert {
    condition     = contains(output.missing_triggers, "pre_sign_up")
    error_message = "The missing function must be in the output."
  }
}

run "alarm_that_users_can_cause_uses_a_rate" {
  command = plan

  variables { picture_bucket = "example-pictures" }

  assert {
    condition     = toset(keys(aws_cloudwatch_metric_alarm.rate)) == toset(["healthtech-prod-api-4xx", "healthtech-prod-check_file-throttles", "healthtech-prod-check_picture-throttles"])
    error_message = "One malicious file must not raise an alarm."
  }

  assert {
    condition     = alltrue([for name in ["check_file", "check_picture"] : aws_cloudwatch_metric_alarm.all["healthtech-prod-${name}-errors"].statistic == "Average"])
    error_message = "Errors of functions that check files must be measured as a share of their invocations."
  }
}

run "missing_schedule_and_disabled_key_raise_alarms" {
  command = plan

  override_data {
    target = data.aws_lambda_functions.deployed
    values = { function_names = ["healthtech-prod-reconcile"] }
  }

  assert {
    condition     = aws_cloudwatch_metric_alarm.all["healthtech-prod-reconcile-not-running"].treat_missing_data == "breaching"
    error_message = "A missing run must raise an alarm."
  }

  assert {
    condition     = aws_cloudwatch_metric_alarm.all["healthtech-prod-key-disabled"].dimensions.RuleName == aws_cloudwatch_event_rule.key_disabled.name
    error_message = "Disabling the key must raise an alarm."
  }
}
