# The bucket, once it has a name.

mock_provider "aws" {}

variables {
  picture_bucket     = "pictures-of-somebody"
  cors_allow_origins = ["https://app.example.com"]
}

run "the_bucket_is_private_encrypted_and_versioned" {
  command = plan

  assert {
    condition = alltrue([
      aws_s3_bucket_public_access_block.pictures["pictures"].block_public_acls,
      aws_s3_bucket_public_access_block.pictures["pictures"].block_public_policy,
      aws_s3_bucket_public_access_block.pictures["pictures"].ignore_public_acls,
      aws_s3_bucket_public_access_block.pictures["pictures"].restrict_public_buckets,
    ])
    error_message = "Nothing in it may be public."
  }

  assert {
    condition     = one(aws_s3_bucket_server_side_encryption_configuration.pictures["pictures"].rule[*].apply_server_side_encryption_by_default[0].sse_algorithm) == "aws:kms"
    error_message = "It must be encrypted under our key."
  }

  assert {
    condition     = aws_s3_bucket_versioning.pictures["pictures"].versioning_configuration[0].status == "Enabled"
    error_message = "It must be versioned."
  }

  assert {
    condition     = !aws_s3_bucket.pictures["pictures"].force_destroy
    error_message = "Pictures must not go with a terraform destroy while protection is on."
  }
}

run "pages_of_the_configured_origins_may_upload" {
  command = plan

  assert {
    condition     = one(aws_s3_bucket_cors_configuration.pictures["pictures"].cors_rule[*].allowed_origins) == toset(["https://app.example.com"])
    error_message = "Those origins, and no others."
  }
}

run "unfinished_uploads_disappear" {
  command = plan

  assert {
    condition     = aws_s3_bucket_lifecycle_configuration.pictures["pictures"].rule[0].expiration[0].days == 1 && aws_s3_bucket_lifecycle_configuration.pictures["pictures"].rule[0].noncurrent_version_expiration[0].noncurrent_days == 1
    error_message = "After a day."
  }
}

run "the_functions_are_told_of_it" {
  command = plan

  assert {
    condition     = output.chalice_stage.environment_variables.S3_BUCKET == "pictures-of-somebody"
    error_message = "By S3_BUCKET."
  }
}

run "a_user_cannot_raise_an_alarm_with_one_file" {
  command = plan

  assert {
    condition     = aws_cloudwatch_metric_alarm.all["healthtech-prod-check_picture-errors"].statistic == "Average" && aws_cloudwatch_metric_alarm.all["healthtech-prod-check_picture-errors"].evaluation_periods == 3
    error_message = "Only a rate may raise the alarm about errors of the picture function."
  }
}

run "uploads_are_limited" {
  command = plan

  assert {
    condition     = output.chalice_stage.lambda_functions.api_handler.environment_variables.PICTURE_UPLOADS_PER_DAY == "50"
    error_message = "The API must be told the daily limit."
  }
}

run "the_busy_functions_leave_room_for_the_triggers" {
  command = plan

  assert {
    condition = {
      for name, function in output.chalice_stage.lambda_functions : name => function.reserved_concurrency if can(function.reserved_concurrency)
    } == { api_handler = 200, check_picture = 20 }
    error_message = "The API and the picture function must be bounded, and the triggers must not be."
  }
}

run "a_picture_is_checked_by_a_function_that_may_do_nothing_else" {
  command = plan

  assert {
    condition     = output.chalice_stage.lambda_functions.api_handler.environment_variables.PICTURE_FUNCTION == "healthtech-prod-check_picture"
    error_message = "The API must be told which function checks pictures."
  }

  assert {
    condition     = contains(keys(output.chalice_stage.lambda_functions), "check_picture") && contains(keys(aws_cloudwatch_log_group.function), "check_picture")
    error_message = "The function must have a role and a log of its own."
  }

  assert {
    condition     = sort(flatten(local.picture_permissions.check_picture[*].Action)) == tolist(["s3:GetObject", "s3:PutObject"]) && !contains(keys(local.permissions), "check_picture")
    error_message = "The function must read uploads and write pictures, and nothing else."
  }
}

run "the_bucket_takes_no_old_tls" {
  command = plan

  override_data {
    target = data.aws_partition.current
    values = { partition = "aws" }
  }

  override_resource {
    target          = aws_s3_bucket.pictures["pictures"]
    override_during = plan
    values          = { arn = "arn:aws:s3:::pictures-of-somebody" }
  }

  assert {
    condition     = toset([for statement in jsondecode(aws_s3_bucket_policy.pictures["pictures"].policy).Statement : statement.Sid]) == toset(["NewerTls", "TlsOnly"])
    error_message = "Requests without TLS, or with TLS below 1.2, must be denied."
  }
}

run "a_bucket_of_another_account_is_out_of_reach" {
  command = plan

  override_data {
    target = data.aws_caller_identity.current
    values = { account_id = "123456789012" }
  }

  assert {
    condition     = alltrue([for statement in local.bucket_statements["api_handler"] : statement.Condition.StringEquals["aws:ResourceAccount"] == "123456789012"])
    error_message = "A role must reach only a bucket of this account."
  }
}
