# The plan with files of users, without and with malware_protection.

mock_provider "aws" {}

variables {
  picture_bucket = "example-pictures"
}

override_data {
  target = data.aws_caller_identity.current
  values = { account_id = "123456789012" }
}

override_data {
  target = data.aws_partition.current
  values = { partition = "aws" }
}

override_resource {
  target          = aws_s3_bucket.pictures["pictures"]
  override_during = plan
  values          = { arn = "arn:aws:s3:::example-pictures", id = "example-pictures" }
}

override_resource {
  target          = aws_dynamodb_table.profiles
  override_during = plan
  values          = { arn = "arn:aws:dynamodb:us-east-1:123456789012:table/Users" }
}

override_resource {
  target          = aws_dynamodb_table.records["records"]
  override_during = plan
  values          = { arn = "arn:aws:dynamodb:us-east-1:123456789012:table/UserRecords" }
}

override_resource {
  target          = aws_iam_role.malware_protection["files"]
  override_during = plan
  values          = { arn = "arn:aws:iam::123456789012:role/healthtech-prod-malware-protection" }
}

run "table_of_records_is_protected" {
  command = plan

  assert {
    condition     = aws_dynamodb_table.records["records"].name == "UserRecords" && output.records_table == "UserRecords"
    error_message = "The table of the stage prod must be UserRecords."
  }

  assert {
    condition     = aws_dynamodb_table.records["records"].hash_key == "user_id" && aws_dynamodb_table.records["records"].range_key == "record"
    error_message = "The key must be the user and the record."
  }

  assert {
    condition     = aws_dynamodb_table.records["records"].deletion_protection_enabled && aws_dynamodb_table.records["records"].point_in_time_recovery[0].enabled
    error_message = "The table must be protected against deletion and have point-in-time recovery."
  }

  assert {
    condition     = aws_dynamodb_table.records["records"].server_side_encryption[0].enabled && aws_dynamodb_table.records["records"].billing_mode == "PAY_PER_REQUEST"
    error_message = "The table must be encrypted with the key and have on-demand capacity."
  }

  assert {
    condition     = aws_dynamodb_table.records["records"].ttl[0].attribute_name == "ttl" && aws_dynamodb_table.records["records"].ttl[0].enabled
    error_message = "The table must delete expired items."
  }
}

run "functions_have_settings_of_files" {
  command = plan

  assert {
    condition     = output.chalice_stage.environment_variables.RECORDS_TABLE == "UserRecords"
    error_message = "The functions must have the name of the table."
  }

  assert {
    condition = {
      for name, value in output.chalice_stage.lambda_functions.api_handler.environment_variables : name => value if startswith(name, "FILE")
      } == {
      FILE_BYTES_PER_USER  = "1073741824"
      FILE_TYPES           = "application/pdf,image/jpeg,image/png,image/webp,text/plain,text/csv,application/dicom,application/fhir+json"
      FILE_UPLOADS_PER_DAY = "200"
      FILES_PER_USER       = "200"
    }
    error_message = "The API must have the limits and the types."
  }

  assert {
    condition     = output.chalice_stage.lambda_functions.check_file.environment_variables == { MALWARE_PROTECTION = "off" }
    error_message = "By default, files must not wait for a scan."
  }

  assert {
    condition     = output.chalice_stage.lambda_functions.reconcile.environment_variables.CHECK_FILE_FUNCTION == "healthtech-prod-check_file"
    error_message = "Reconciliation must have the name of the function."
  }
}

run "limits_of_files_are_passed_to_the_api" {
  command = plan

  variables {
    files_per_user       = 10
    file_bytes_per_user  = 2097152
    file_uploads_per_day = 5
    file_types           = ["application/pdf", "text/csv"]
  }

  assert {
    condition = {
      for name, value in output.chalice_stage.lambda_functions.api_handler.environment_variables : name => value if startswith(name, "FILE")
    } == { FILE_BYTES_PER_USER = "2097152", FILE_TYPES = "application/pdf,text/csv", FILE_UPLOADS_PER_DAY = "5", FILES_PER_USER = "10" }
    error_message = "The API must have the configured limits and types."
  }
}

run "file_check_has_its_own_role_and_log_group" {
  command = plan

  assert {
    condition     = aws_iam_role.function["check_file"].name == "healthtech-prod-check_file" && aws_cloudwatch_log_group.function["check_file"].name == "/aws/lambda/healthtech-prod-check_file"
    error_message = "The function must have its own role and log group."
  }

  assert {
    condition     = contains(local.data_functions, "check_file") && contains(local.bucket_functions, "check_file")
    error_message = "The function must use the key for the table and for the bucket."
  }

  assert {
    condition = sort(flatten([local.record_permissions.check_file[*].Action, local.bucket_statements["check_file"][*].Action])) == tolist([
      "dynamodb:DeleteItem", "dynamodb:GetItem", "dynamodb:UpdateItem",
      "s3:DeleteObject", "s3:DeleteObjectVersion", "s3:GetObject", "s3:ListBucketVersions",
    ])
    error_message = "Without scans, the function must have the permissions of a check only."
  }

  assert {
    condition     = !contains(keys(local.permissions), "check_file") && !contains(keys(local.picture_permissions), "check_file")
    error_message = "The function must not access profiles and pictures."
  }
}

run "functions_access_files_only_in_their_folder" {
  command = plan

  assert {
    condition = toset(flatten([
      for statements in values(local.file_permissions) : [
        for statement in statements : statement.Resource if !contains(flatten([statement.Action]), "lambda:InvokeFunction")
      ]
    ])) == toset(["arn:aws:s3:::example-pictures", "arn:aws:s3:::example-pictures/files/*"])
    error_message = "The functions must access files/ only, and list the bucket."
  }

  assert {
    condition = alltrue(flatten([
      for statements in values(local.file_permissions) : [
        for statement in statements : statement.Condition.StringLike["s3:prefix"] == ["files/*"] if statement.Resource == "arn:aws:s3:::example-pictures"
      ]
    ]))
    error_message = "The functions must list files/ only."
  }

  assert {
    condition = alltrue(flatten([
      for statements in values(local.bucket_statements) : [for statement in statements : statement.Condition.StringEquals["aws:ResourceAccount"] == "123456789012"]
    ]))
    error_message = "The functions must access a bucket of this account only."
  }
}

run "functions_access_records_of_the_stage_only" {
  command = plan

  assert {
    condition = {
      for name, statements in local.record_permissions : name => [for statement in statements : statement.Resource]
      } == {
      api_handler = ["arn:aws:dynamodb:us-east-1:123456789012:table/UserRecords", "arn:aws:dynamodb:us-east-1:123456789012:table/Users"]
      check_file  = ["arn:aws:dynamodb:us-east-1:123456789012:table/UserRecords"]
      erase_user  = ["arn:aws:dynamodb:us-east-1:123456789012:table/UserRecords"]
      reconcile   = ["arn:aws:dynamodb:us-east-1:123456789012:table/UserRecords"]
    }
    error_message = "The functions must access the tables of the stage only."
  }

  assert {
    condition = [
      for statement in concat(local.record_permissions.reconcile, local.file_permissions.reconcile) : statement.Resource if contains(statement.Action, "lambda:InvokeFunction")
    ] == ["arn:aws:lambda:us-east-1:123456789012:function:healthtech-prod-check_file"]
    error_message = "For files, reconciliation must be allowed to invoke check_file only."
  }
}

run "missing_function_has_no_events" {
  command = plan

  assert {
    condition     = length(aws_s3_bucket_notification.files) == 0 && length(aws_lambda_permission.files) == 0 && length(aws_lambda_function_event_invoke_config.check_file) == 0
    error_message = "S3 cannot invoke a function that is not deployed."
  }

  assert {
    condition     = contains(output.missing_triggers, "check_file")
    error_message = "The missing function must be in the output, so that the deployment waits for it."
  }
}

run "deployed_function_is_invoked_for_each_file" {
  command = plan

  override_data {
    target = data.aws_lambda_functions.deployed
    values = { function_names = ["healthtech-prod-check_file", "healthtech-dev-check_file"] }
  }

  assert {
    condition     = one(aws_s3_bucket_notification.files["files"].lambda_function[*].lambda_function_arn) == "arn:aws:lambda:us-east-1:123456789012:function:healthtech-prod-check_file"
    error_message = "S3 must invoke the function of this stage."
  }

  assert {
    condition     = one(aws_s3_bucket_notification.files["files"].lambda_function[*].filter_prefix) == "files/" && one(aws_s3_bucket_notification.files["files"].lambda_function[*].events) == toset(["s3:ObjectCreated:*"])
    error_message = "S3 must invoke the function for uploads of files only."
  }

  assert {
    condition     = aws_lambda_permission.files["check_file"].source_arn == "arn:aws:s3:::example-pictures" && aws_lambda_permission.files["check_file"].source_account == "123456789012"
    error_message = "Only the bucket of this account may invoke the function."
  }

  assert {
    condition     = aws_lambda_function_event_invoke_config.check_file["check_file"].maximum_retry_attempts == 2
    error_message = "Lambda must repeat a failed check."
  }

  assert {
    condition     = !contains(output.missing_triggers, "check_file")
    error_message = "A deployed function must not be reported as missing."
  }
}

run "scans_are_off_by_default" {
  command = plan

  override_data {
    target = data.aws_lambda_functions.deployed
    values = { function_names = ["healthtech-prod-check_file"] }
  }

  assert {
    condition     = length(aws_guardduty_malware_protection_plan.files) == 0 && length(aws_iam_role.malware_protection) == 0
    error_message = "GuardDuty charges for scans, so they must be off by default."
  }

  assert {
    condition     = length(aws_cloudwatch_event_rule.scan_results) == 0 && length(aws_cloudwatch_event_target.scan_results) == 0 && length(aws_lambda_permission.scan_results) == 0
    error_message = "Without scans there must be no rule."
  }

  assert {
    condition     = !aws_s3_bucket_notification.files["files"].eventbridge && length(local.scan_statements) == 0
    error_message = "Without scans, the bucket must send no events to EventBridge, and its policy must not refer to scan results."
  }

  assert {
    condition     = contains(keys(aws_cloudwatch_metric_alarm.all), "healthtech-prod-FileLost") && !contains(keys(aws_cloudwatch_metric_alarm.all), "healthtech-prod-FileInfected")
    error_message = "Without scans there must be an alarm on lost files, and none on scan results."
  }
}

run "scanner_reads_and_tags_files_only" {
  command = plan

  variables { malware_protection = true }

  assert {
    condition     = aws_guardduty_malware_protection_plan.files["files"].protected_resource[0].s3_bucket[0].object_prefixes == toset(["files/"]) && aws_guardduty_malware_protection_plan.files["files"].actions[0].tagging[0].status == "ENABLED"
    error_message = "GuardDuty must scan and tag files."
  }

  assert {
    condition     = aws_s3_bucket_notification.files["files"].eventbridge && length(aws_s3_bucket_notification.files["files"].lambda_function) == 0
    error_message = "The bucket must send events to EventBridge, also before the function is deployed."
  }

  assert {
    condition = toset(flatten([
      for statement in jsondecode(aws_iam_role_policy.malware_protection["files"].policy).Statement : statement.Resource if startswith(flatten([statement.Action])[0], "s3:")
      ])) == toset([
      "arn:aws:s3:::example-pictures", "arn:aws:s3:::example-pictures/files/*",
      "arn:aws:s3:::example-pictures/malware-protection-resource-validation-object",
    ])
    error_message = "The scanner must not access pictures."
  }

  assert {
    condition     = jsondecode(aws_iam_role.malware_protection["files"].assume_role_policy).Statement[0].Principal == { Service = "malware-protection-plan.guardduty.amazonaws.com" }
    error_message = "Only GuardDuty may assume the role of the scanner."
  }
}

run "file_without_a_clean_scan_is_not_readable" {
  command = plan

  variables { malware_protection = true }

  assert {
    condition = [
      for statement in jsondecode(aws_s3_bucket_policy.pictures["pictures"].policy).Statement : {
        effect    = statement.Effect, principal = statement.Principal, actions = statement.Action, resource = statement.Resource
        condition = statement.Condition
      } if statement.Sid == "ReadCleanFilesOnly"
      ] == [{
        effect    = "Deny"
        principal = "*"
        actions   = ["s3:GetObject", "s3:GetObjectVersion"]
        resource  = "arn:aws:s3:::example-pictures/files/*"
        condition = {
          StringNotEquals = {
            "aws:PrincipalArn"                                = "arn:aws:iam::123456789012:role/healthtech-prod-malware-protection"
            "s3:ExistingObjectTag/GuardDutyMalwareScanStatus" = "NO_THREATS_FOUND"
          }
        }
    }]
    error_message = "Only the scanner may read a file that has no clean scan result."
  }

  assert {
    condition = [
      for statement in jsondecode(aws_s3_bucket_policy.pictures["pictures"].policy).Statement : {
        effect = statement.Effect, actions = statement.Action, condition = statement.Condition
      } if statement.Sid == "ScannerTagsOnly"
      ] == [{
        effect    = "Deny"
        actions   = ["s3:DeleteObjectTagging", "s3:DeleteObjectVersionTagging", "s3:PutObjectTagging", "s3:PutObjectVersionTagging"]
        condition = { StringNotEquals = { "aws:PrincipalArn" = "arn:aws:iam::123456789012:role/healthtech-prod-malware-protection" } }
    }]
    error_message = "Only the scanner may change the tags of a file."
  }

  assert {
    condition     = length(jsondecode(aws_s3_bucket_policy.pictures["pictures"].policy).Statement) == 4
    error_message = "The policy must also reject old TLS."
  }
}

run "scan_results_invoke_the_function" {
  command = plan

  variables { malware_protection = true }

  override_data {
    target = data.aws_lambda_functions.deployed
    values = { function_names = ["healthtech-prod-check_file"] }
  }

  override_resource {
    target          = aws_cloudwatch_event_rule.scan_results["files"]
    override_during = plan
    values          = { arn = "arn:aws:events:us-east-1:123456789012:rule/healthtech-prod-scan-results" }
  }

  assert {
    condition     = aws_cloudwatch_event_target.scan_results["check_file"].arn == "arn:aws:lambda:us-east-1:123456789012:function:healthtech-prod-check_file"
    error_message = "EventBridge must invoke the function of this stage."
  }

  assert {
    condition     = aws_lambda_permission.scan_results["check_file"].source_arn == "arn:aws:events:us-east-1:123456789012:rule/healthtech-prod-scan-results"
    error_message = "Only the rule may invoke the function."
  }

  assert {
    condition     = jsondecode(aws_cloudwatch_event_rule.scan_results["files"].event_pattern).detail.s3ObjectDetails.bucketName == ["example-pictures"]
    error_message = "Only results of this bucket may match."
  }

  assert {
    condition     = aws_s3_bucket_notification.files["files"].eventbridge && length(aws_s3_bucket_notification.files["files"].lambda_function) == 1
    error_message = "S3 must invoke the function and send events to EventBridge."
  }

  assert {
    condition     = output.chalice_stage.lambda_functions.check_file.environment_variables == { MALWARE_PROTECTION = "on" }
    error_message = "The function must wait for scan results."
  }

  assert {
    condition     = contains(flatten(local.bucket_statements["check_file"][*].Action), "s3:GetObjectTagging")
    error_message = "The function must be able to read scan results."
  }

  assert {
    condition = alltrue([
      for metric in ["FileInfected", "FileScanFailed", "FileScanOverdue", "FileLost"] : aws_cloudwatch_metric_alarm.all["healthtech-prod-${metric}"].threshold == 1
    ])
    error_message = "An infected, unscanned or lost file must raise an alarm."
  }

  assert {
    condition = alltrue([
      for name in ["records-throttles", "records-write-throttles"] : aws_cloudwatch_metric_alarm.all["healthtech-prod-${name}"].dimensions.TableName == "UserRecords"
    ])
    error_message = "A throttled table of records must raise an alarm."
  }
}
