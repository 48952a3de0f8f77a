# What is no value is refused before anything is touched.

mock_provider "aws" {}

run "region" {
  command = plan
  variables { region = "Ireland" }
  expect_failures = [var.region]
}

run "an_origin_with_a_path" {
  command = plan
  variables { cors_allow_origins = ["https://app.example.com/"] }
  expect_failures = [var.cors_allow_origins]
}

run "any_origin_beside_one" {
  command = plan
  variables { cors_allow_origins = ["*", "https://app.example.com"] }
  expect_failures = [var.cors_allow_origins]
}

run "a_bucket_in_capitals" {
  command = plan
  variables { picture_bucket = "Pictures" }
  expect_failures = [var.picture_bucket]
}

run "tokens_for_a_day" {
  command = plan
  variables { token_minutes = 1440 }
  expect_failures = [var.token_minutes]
}

run "sessions_for_ever" {
  command = plan
  variables { refresh_token_days = 31 }
  expect_failures = [var.refresh_token_days]
}

run "a_negative_minimum_age" {
  command = plan
  variables { minimum_age = -1 }
  expect_failures = [var.minimum_age]
}

run "a_sender_that_is_no_identity" {
  command = plan
  variables { email_sender = { identity_arn = "example.com", from = "a@example.com" } }
  expect_failures = [var.email_sender]
}

run "a_retention_that_cloudwatch_has_not" {
  command = plan
  variables { log_retention_days = 100 }
  expect_failures = [var.log_retention_days]
}

run "a_log_level_there_is_not" {
  command = plan
  variables { log_level = "LOUD" }
  expect_failures = [var.log_level]
}

run "no_requests_at_all" {
  command = plan
  variables { throttling = { rate = 0, burst = 0 } }
  expect_failures = [var.throttling]
}

run "accounts_that_expire_before_their_code" {
  command = plan
  variables { unconfirmed_account_hours = 12 }
  expect_failures = [var.unconfirmed_account_hours]
}

run "a_walk_that_looks_nobody_up" {
  command = plan
  variables { reconcile_lookups_per_second = 0 }
  expect_failures = [var.reconcile_lookups_per_second]
}

run "an_alarm_to_nobody" {
  command = plan
  variables { alarm_actions = ["me@example.com"] }
  expect_failures = [var.alarm_actions]
}

run "problems_in_plain_text" {
  command = plan
  variables { problems_url = "http://example.com/problems" }
  expect_failures = [var.problems_url]
}

run "botocore_is_not_tuned_if_so_configured" {
  command = plan
  variables { botocore_tuning = false }

  assert {
    condition     = output.chalice_stage.environment_variables.BOTOCORE_TUNING == "off"
    error_message = "The functions must be told to leave botocore as it is."
  }
}

run "no_uploads_at_all" {
  command = plan
  variables { picture_uploads_per_day = 0 }
  expect_failures = [var.picture_uploads_per_day]
}

run "a_reservation_for_no_function" {
  command = plan
  variables { reserved_concurrency = { check_pictures = 20 } }
  expect_failures = [var.reserved_concurrency]
}

run "a_reservation_of_nothing" {
  command = plan
  variables { reserved_concurrency = { pre_sign_up = 0 } }
  expect_failures = [var.reserved_concurrency]
}
