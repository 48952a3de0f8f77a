# The plan with a picture bucket.

mock_provider "aws" {}

variables {
  picture_bucket     = "example-pictures"
  cors_allow_origins = ["https://app.example.com"]
}

run "bucket_is_private_encrypted_and_versioned" {
  command = plan

  assert {
    condition = alltrue([
      aws_s3_bucket_public_access_block.pictures["pictures"].block_public_acls,
      aws_s3_bucket_public_access_block.pictures["pictures"].block_public_policy,
      aws_s3_bucket_public_access_block.pictures["pictures"].ignore_public_acls,
      aws_s3_bucket_public_access_block.pictures["pictures"].restrict_public_buckets,
    ])
    error_message = "The bucket must block public access."
  }

  assert {
    condition     = one(aws_s3_bucket_server_side_encryption_configuration.pictures["pictures"].rule[*].apply_server_side_encryption_by_default[0].sse_algorithm) == "aws:kms"
    error_message = "The bucket must be encrypted with the KMS key."
  }

  assert {
    condition     = aws_s3_bucket_versioning.pictures["pictures"].versioning_configuration[0].status == "Enabled"
    error_message = "The bucket must be versioned."
  }

  assert {
    condition     = !aws_s3_bucket.pictures["pictures"].force_destroy
    error_message = "terraform destroy must not delete pictures while deletion protection is enabled."
  }
}

run "cors_allows_configured_origins_only" {
  command = plan

  assert {
    condition     = one(aws_s3_bucket_cors_configuration.pictures["pictures"].cors_rule[*].allowed_origins) == toset(["https://app.example.com"])
    error_message = "Only the configured origins may be allowed."
  }
}

run "unfinished_uploads_expire_after_one_day" {
  command = plan

  assert {
    condition     = aws_s3_bucket_lifecycle_configuration.pictures["pictures"].rule[0].expiration[0].days == 1 && aws_s3_bucket_lifecycle_configuration.pictures["pictures"].rule[0].noncurrent_version_expiration[0].noncurrent_days == 1
    error_message = "Uploads and their versions must expire after one day."
  }
}

run "functions_have_bucket_name" {
  command = plan

  assert {
    condition     = output.chalice_stage.environment_variables.S3_BUCKET == "example-pictures"
    error_message = "S3_BUCKET must be the bucket name."
  }
}

run "picture_error_alarm_uses_a_rate" {
  command = plan

  assert {
    condition     = aws_cloudwatch_metric_alarm.all["healthtech-prod-check_picture-errors"].statistic == "Average" && aws_cloudwatch_metric_alarm.all["healthtech-prod-check_picture-errors"].evaluation_periods == 3
    error_message = "The alarm on errors of the picture function must use a rate over three periods."
  }
}

run "uploads_are_limited" {
  command = plan

  assert {
    condition     = output.chalice_stage.lambda_functions.api_handler.environment_variables.PICTURE_UPLOADS_PER_DAY == "50"
    error_message = "The API must have the daily limit."
  }
}

run "reserved_concurrency_limits_api_and_checks_of_objects" {
  command = plan

  assert {
    condition = {
      for name, function in output.chalice_stage.lambda_functions : name => function.reserved_concurrency if can(function.reserved_concurrency)
    } == { api_handler = 200, check_file = 20, check_picture = 20 }
    error_message = "The API and the functions that check files must have a limit, and the triggers must not have one."
  }
}

run "picture_function_has_minimal_permissions" {
  command = plan

  assert {
    condition     = output.chalice_stage.lambda_functions.api_handler.environment_variables.PICTURE_FUNCTION == "healthtech-prod-check_picture"
    error_message = "The API must have the name of the picture function."
  }

  assert {
    condition     = contains(keys(output.chalice_stage.lambda_functions), "check_picture") && contains(keys(aws_cloudwatch_log_group.function), "check_picture")
    error_message = "The picture function must have its own role and log group."
  }

  assert {
    condition     = sort(flatten(local.picture_permissions.check_picture[*].Action)) == tolist(["s3:GetObject", "s3:PutObject"]) && !contains(keys(local.permissions), "check_picture")
    error_message = "The picture function may only read uploads and write pictures."
  }
}

run "object_versions_are_deleted_by_erasure_only" {
  command = plan

  assert {
    condition = [
      for name, statements in local.picture_permissions : name
      if anytrue([for statement in statements : contains(statement.Action, "s3:DeleteObjectVersion")])
    ] == ["erase_user"]
    error_message = "No other function may delete versions: they allow a picture to be restored."
  }

  assert {
    condition     = sort(flatten(local.picture_permissions.erase_user[*].Action)) == tolist(["s3:DeleteObject", "s3:DeleteObjectVersion", "s3:ListBucketVersions"])
    error_message = "The function must only list and delete objects."
  }

  assert {
    condition     = local.picture_permissions.erase_user[0].Condition.StringLike["s3:prefix"] == ["files/*", "pictures/*", "uploads/*"]
    error_message = "The function must only list the objects of users."
  }

  assert {
    condition     = !contains(keys(local.picture_permissions), "reconcile")
    error_message = "Reconciliation must not access pictures. It invokes erase_user."
  }
}

run "bucket_rejects_old_tls" {
  command = plan

  override_data {
    target = data.aws_partition.current
    values = { partition = "aws" }
  }

  override_resource {
    target          = aws_s3_bucket.pictures["pictures"]
    override_during = plan
    values          = { arn = "arn:aws:s3:::example-pictures" }
  }

  assert {
    condition     = toset([for statement in jsondecode(aws_s3_bucket_policy.pictures["pictures"].policy).Statement : statement.Sid]) == toset(["NewerTls", "TlsOnly"])
    error_message = "Requests without TLS, or with TLS below 1.2, must be denied."
  }
}

run "bucket_of_another_account_is_not_accessible" {
  command = plan

  override_data {
    target = data.aws_caller_identity.current
    values = { account_id = "123456789012" }
  }

  assert {
    condition     = alltrue([for statement in local.bucket_statements["api_handler"] : statement.Condition.StringEquals["aws:ResourceAccount"] == "123456789012"])
    error_message = "A role may only access buckets of this account."
  }
}
