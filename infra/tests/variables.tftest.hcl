# Invalid values of variables are rejected by the plan.

mock_provider "aws" {}

run "unknown_region_is_rejected" {
  command = plan
  variables { region = "Ireland" }
  expect_failures = [var.region]
}

run "origin_with_path_is_rejected" {
  command = plan
  variables { cors_allow_origins = ["https://app.example.com/"] }
  expect_failures = [var.cors_allow_origins]
}

run "wildcard_with_another_origin_is_rejected" {
  command = plan
  variables { cors_allow_origins = ["*", "https://app.example.com"] }
  expect_failures = [var.cors_allow_origins]
}

run "bucket_name_in_capitals_is_rejected" {
  command = plan
  variables { picture_bucket = "Pictures" }
  expect_failures = [var.picture_bucket]
}

run "token_lifetime_of_one_day_is_rejected" {
  command = plan
  variables { token_minutes = 1440 }
  expect_failures = [var.token_minutes]
}

run "refresh_token_lifetime_above_maximum_is_rejected" {
  command = plan
  variables { refresh_token_days = 31 }
  expect_failures = [var.refresh_token_days]
}

run "negative_minimum_age_is_rejected" {
  command = plan
  variables { minimum_age = -1 }
  expect_failures = [var.minimum_age]
}

run "sender_without_identity_arn_is_rejected" {
  command = plan
  variables { email_sender = { identity_arn = "example.com", from = "a@example.com" } }
  expect_failures = [var.email_sender]
}

run "unsupported_log_retention_is_rejected" {
  command = plan
  variables { log_retention_days = 100 }
  expect_failures = [var.log_retention_days]
}

run "unknown_log_level_is_rejected" {
  command = plan
  variables { log_level = "LOUD" }
  expect_failures = [var.log_level]
}

run "throttling_rate_of_zero_is_rejected" {
  command = plan
  variables { throttling = { rate = 0, burst = 0 } }
  expect_failures = [var.throttling]
}

run "account_expiry_before_code_expiry_is_rejected" {
  command = plan
  variables { unconfirmed_account_hours = 12 }
  expect_failures = [var.unconfirmed_account_hours]
}

run "grace_period_above_maximum_is_rejected" {
  command = plan
  variables { deletion_grace_days = 29 }
  expect_failures = [var.deletion_grace_days]
}

run "negative_grace_period_is_rejected" {
  command = plan
  variables { deletion_grace_days = -1 }
  expect_failures = [var.deletion_grace_days]
}

run "grace_period_with_a_fraction_is_rejected" {
  command = plan
  variables { deletion_grace_days = 0.5 }
  expect_failures = [var.deletion_grace_days]
}

run "grace_period_is_passed_to_functions" {
  command = plan
  variables {
    deletion_grace_days = 14
    orphan_grace_hours  = 24
  }

  assert {
    condition     = output.chalice_stage.lambda_functions.api_handler.environment_variables.DELETION_GRACE_DAYS == "14" && output.chalice_stage.lambda_functions.reconcile.environment_variables.ORPHAN_GRACE_HOURS == "24"
    error_message = "The API must have the days, and reconciliation the hours."
  }
}

run "orphan_grace_below_minimum_is_rejected" {
  command = plan
  variables { orphan_grace_hours = 23 }
  expect_failures = [var.orphan_grace_hours]
}

run "orphan_grace_above_maximum_is_rejected" {
  command = plan
  variables { orphan_grace_hours = 721 }
  expect_failures = [var.orphan_grace_hours]
}

run "lookup_rate_of_zero_is_rejected" {
  command = plan
  variables { reconcile_lookups_per_second = 0 }
  expect_failures = [var.reconcile_lookups_per_second]
}

run "alarm_action_without_arn_is_rejected" {
  command = plan
  variables { alarm_actions = ["me@example.com"] }
  expect_failures = [var.alarm_actions]
}

run "problems_url_without_https_is_rejected" {
  command = plan
  variables { problems_url = "http://example.com/problems" }
  expect_failures = [var.problems_url]
}

run "disabled_botocore_tuning_is_passed_to_functions" {
  command = plan
  variables { botocore_tuning = false }

  assert {
    condition     = output.chalice_stage.environment_variables.BOTOCORE_TUNING == "off"
    error_message = "The functions must have BOTOCORE_TUNING=off."
  }
}

run "upload_limit_of_zero_is_rejected" {
  command = plan
  variables { picture_uploads_per_day = 0 }
  expect_failures = [var.picture_uploads_per_day]
}

run "file_limit_of_zero_is_rejected" {
  command = plan
  variables { files_per_user = 0 }
  expect_failures = [var.files_per_user]
}

run "file_limit_with_a_fraction_is_rejected" {
  command = plan
  variables { files_per_user = 10.5 }
  expect_failures = [var.files_per_user]
}

run "file_limit_above_one_thousand_is_rejected" {
  command = plan
  variables { files_per_user = 1001 }
  expect_failures = [var.files_per_user]
}

run "file_size_quota_below_one_mebibyte_is_rejected" {
  command = plan
  variables { file_bytes_per_user = 1048575 }
  expect_failures = [var.file_bytes_per_user]
}

run "file_upload_limit_of_zero_is_rejected" {
  command = plan
  variables { file_uploads_per_day = 0 }
  expect_failures = [var.file_uploads_per_day]
}

run "unsupported_file_type_is_rejected" {
  command = plan
  variables { file_types = ["application/pdf", "text/html"] }
  expect_failures = [var.file_types]
}

run "empty_list_of_file_types_is_rejected" {
  command = plan
  variables { file_types = [] }
  expect_failures = [var.file_types]
}

run "malware_protection_without_a_bucket_is_rejected" {
  command = plan
  variables { malware_protection = true }
  expect_failures = [var.malware_protection]
}

run "reservation_for_unknown_function_is_rejected" {
  command = plan
  variables { reserved_concurrency = { check_pictures = 20 } }
  expect_failures = [var.reserved_concurrency]
}

run "reservation_of_zero_is_rejected" {
  command = plan
  variables { reserved_concurrency = { pre_sign_up = 0 } }
  expect_failures = [var.reserved_concurrency]
}
