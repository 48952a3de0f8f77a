# What an operator gets who sets nothing.

mock_provider "aws" {}

override_data {
  target = data.aws_caller_identity.current
  values = { account_id = "123456789012" }
}

override_data {
  target = data.aws_partition.current
  values = { partition = "aws" }
}

run "data_is_protected" {
  command = plan

  assert {
    condition     = aws_cognito_user_pool.users.deletion_protection == "ACTIVE" && aws_dynamodb_table.profiles.deletion_protection_enabled
    error_message = "Pool and table must refuse to be deleted."
  }

  assert {
    condition     = aws_dynamodb_table.profiles.point_in_time_recovery[0].enabled
    error_message = "The table must be recoverable."
  }

  assert {
    condition     = aws_kms_key.data.enable_key_rotation && aws_dynamodb_table.profiles.server_side_encryption[0].enabled
    error_message = "The table must be encrypted under a key that rotates."
  }

  assert {
    condition     = alltrue([for group in aws_cloudwatch_log_group.function : group.retention_in_days == 365])
    error_message = "Logs must be kept for a year."
  }
}

run "the_default_workspace_is_prod" {
  command = plan

  assert {
    condition     = aws_dynamodb_table.profiles.name == "Users" && aws_cognito_user_pool.users.name == "healthtech-prod"
    error_message = "The default workspace must be the stage prod, whose table is Users."
  }

  assert {
    condition     = output.chalice_stage.api_gateway_stage == "prod"
    error_message = "The API's stage must be prod."
  }
}

run "people_are_known_by_a_verified_email_in_either_case" {
  command = plan

  assert {
    condition     = aws_cognito_user_pool.users.username_attributes == toset(["email"]) && !aws_cognito_user_pool.users.username_configuration[0].case_sensitive
    error_message = "The email must be the username, in either case."
  }

  assert {
    condition     = contains(aws_cognito_user_pool.users.auto_verified_attributes, "email")
    error_message = "An email must be verified."
  }
}

run "the_client_gives_nothing_away" {
  command = plan

  assert {
    condition     = toset(aws_cognito_user_pool_client.web.explicit_auth_flows) == toset(["ALLOW_REFRESH_TOKEN_AUTH", "ALLOW_USER_SRP_AUTH"])
    error_message = "No password may cross the wire."
  }

  assert {
    condition     = !anytrue([for name in aws_cognito_user_pool_client.web.read_attributes : startswith(name, "custom:")])
    error_message = "What a client may read rides in its tokens: health data must not."
  }

  assert {
    condition     = aws_cognito_user_pool_client.web.prevent_user_existence_errors == "ENABLED" && aws_cognito_user_pool_client.web.enable_token_revocation
    error_message = "Who has an account must not be told, and refresh tokens must be revocable."
  }

  assert {
    condition     = aws_cognito_user_pool_client.web.id_token_validity == 15 && aws_cognito_user_pool_client.web.generate_secret == false
    error_message = "ID tokens must be short-lived, and a public client has no secret."
  }

  assert {
    condition     = aws_cognito_user_pool_client.web.refresh_token_validity == 7
    error_message = "A session must end after a week without a password."
  }

  assert {
    condition     = output.chalice_stage.lambda_functions.pre_sign_up.environment_variables == { MINIMUM_AGE = "0" }
    error_message = "The trigger that checks sign-ups must know the minimum age."
  }
}

run "no_page_may_call" {
  command = plan

  assert {
    condition     = output.chalice_stage.lambda_functions.api_handler.environment_variables.CORS_ALLOW_ORIGINS == ""
    error_message = "No origin may call until one is configured."
  }
}

run "there_are_no_pictures" {
  command = plan

  assert {
    condition     = length(aws_s3_bucket.pictures) == 0 && length(aws_s3_bucket_cors_configuration.pictures) == 0
    error_message = "Without a name there must be no bucket."
  }

  assert {
    condition     = !contains(keys(output.chalice_stage.environment_variables), "S3_BUCKET")
    error_message = "The functions must not be told of a bucket that is not there."
  }

  assert {
    condition     = !contains(keys(output.chalice_stage.lambda_functions), "check_picture") && length(local.picture_functions) == 0
    error_message = "Without a bucket there must be no function for it, and nobody who may use its key."
  }
}

run "no_trigger_is_attached_before_its_function_is_there" {
  command = plan

  assert {
    condition     = length(output.triggers) == 0 && length(aws_lambda_permission.cognito) == 0
    error_message = "There must be no trigger yet."
  }
}

run "triggers_are_attached_to_the_functions_that_are_there" {
  command = plan

  override_data {
    target = data.aws_lambda_functions.deployed
    values = { function_names = ["healthtech-prod-pre_sign_up", "healthtech-dev-post_confirmation"] }
  }

  assert {
    condition     = output.triggers == { pre_sign_up = "healthtech-prod-pre_sign_up" }
    error_message = "Only this stage's functions may be attached."
  }

  assert {
    condition     = endswith(aws_cognito_user_pool.users.lambda_config[0].pre_sign_up, ":function:healthtech-prod-pre_sign_up")
    error_message = "PreSignUp must be attached."
  }
}

run "reconciliation_may_invoke_itself_and_nothing_else" {
  command = plan

  assert {
    condition = [
      for statement in local.permissions.reconcile : statement.Resource if contains(statement.Action, "lambda:InvokeFunction")
    ] == ["arn:aws:lambda:us-east-1:123456789012:function:healthtech-prod-reconcile"]
    error_message = "The function must be able to start its own next run, and no other function."
  }
}

run "only_reconciliation_may_delete_accounts" {
  command = plan

  assert {
    condition = [
      for name, statements in local.permissions : name
      if anytrue([for statement in statements : contains(statement.Action, "cognito-idp:AdminDeleteUser")])
    ] == ["reconcile"]
    error_message = "No function that a client calls may delete an account."
  }

  assert {
    condition     = output.chalice_stage.lambda_functions.reconcile.environment_variables.UNCONFIRMED_ACCOUNT_HOURS == "24"
    error_message = "Unconfirmed accounts must be kept for a day."
  }
}

run "reconciliation_has_alarms" {
  command = plan

  assert {
    condition = alltrue([
      for metric in ["ReconciliationInterrupted", "ReconciliationRestarted", "ReconciliationStopped", "UnconfirmedAccountsLeft"] :
      aws_cloudwatch_metric_alarm.all["healthtech-prod-${metric}"].period == 3600
    ])
    error_message = "Operators must hear of walks that do not end and of deletions that were stopped."
  }
}

run "nobody_signs_up_before_all_triggers_are_attached" {
  command = plan

  override_data {
    target = data.aws_lambda_functions.deployed
    values = { function_names = ["healthtech-prod-pre_sign_up", "healthtech-prod-post_confirmation"] }
  }

  assert {
    condition     = aws_cognito_user_pool.users.admin_create_user_config[0].allow_admin_create_user_only
    error_message = "A pool that does not check or store what people enter must take no sign-ups."
  }
}

run "people_sign_up_once_all_triggers_are_attached" {
  command = plan

  override_data {
    target = data.aws_lambda_functions.deployed
    values = {
      function_names = ["healthtech-prod-pre_sign_up", "healthtech-prod-post_confirmation", "healthtech-prod-post_authentication"]
    }
  }

  assert {
    condition     = !aws_cognito_user_pool.users.admin_create_user_config[0].allow_admin_create_user_only
    error_message = "People must be able to sign themselves up."
  }
}

run "an_attached_trigger_stays_attached_while_its_function_is_missing" {
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
        post_confirmation   = "arn:aws:lambda:us-east-1:123456789012:function:somebody-elses"
        post_authentication = ""
      }]
    }
  }

  assert {
    condition     = output.triggers == { pre_sign_up = "healthtech-prod-pre_sign_up" } && length(aws_lambda_permission.cognito) == 0
    error_message = "A plan must not detach what checks sign-ups, and must not grant a permission to a missing function."
  }

  assert {
    condition     = contains(output.missing_triggers, "pre_sign_up")
    error_message = "The deploy must know that the function is missing."
  }
}

run "an_alarm_that_users_can_cause_is_a_rate" {
  command = plan

  variables { picture_bucket = "pictures-of-somebody" }

  assert {
    condition     = toset(keys(aws_cloudwatch_metric_alarm.rate)) == toset(["healthtech-prod-api-4xx", "healthtech-prod-check_picture-throttles"])
    error_message = "One hostile picture must not call anybody."
  }

  assert {
    condition     = aws_cloudwatch_metric_alarm.all["healthtech-prod-check_picture-errors"].statistic == "Average"
    error_message = "Errors of the function that processes pictures must count as a share of its runs."
  }
}

run "a_missing_schedule_and_a_disabled_key_are_noticed" {
  command = plan

  override_data {
    target = data.aws_lambda_functions.deployed
    values = { function_names = ["healthtech-prod-reconcile"] }
  }

  assert {
    condition     = aws_cloudwatch_metric_alarm.all["healthtech-prod-reconcile-not-running"].treat_missing_data == "breaching"
    error_message = "No run at all must be an alarm."
  }

  assert {
    condition     = aws_cloudwatch_metric_alarm.all["healthtech-prod-key-disabled"].dimensions.RuleName == aws_cloudwatch_event_rule.key_disabled.name
    error_message = "Disabling the key must be an alarm."
  }
}
