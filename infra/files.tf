# Files of users: permissions, the events that invoke check_file, and malware scans. All of it exists only if
# picture_bucket is set. The files are in the bucket, below files/.
locals {
  # One element if files are scanned.
  scanned_files = toset([for name in ["files"] : name if local.pictures_enabled && var.malware_protection])

  # The function, if it is deployed. S3 and EventBridge can invoke only existing functions.
  deployed_check_file = {
    for name, function in local.functions : name => function
    if name == "check_file" && contains(data.aws_lambda_functions.deployed.function_names, function)
  }

  # The permissions of functions on the table of records. TransactWriteItems requires the permissions of its operations.
  records_table_arn = one([for table in aws_dynamodb_table.records : table.arn])
  record_permissions = {
    api_handler = [
      {
        Sid      = "ReadWriteRecords"
        Effect   = "Allow"
        Action   = ["dynamodb:DeleteItem", "dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:Query", "dynamodb:UpdateItem"]
        Resource = local.records_table_arn
      },
      {
        Sid      = "CheckProfile"
        Effect   = "Allow"
        Action   = ["dynamodb:ConditionCheckItem"]
        Resource = aws_dynamodb_table.profiles.arn
      },
    ]
    check_file = [
      {
        Sid      = "UpdateRecords"
        Effect   = "Allow"
        Action   = ["dynamodb:DeleteItem", "dynamodb:GetItem", "dynamodb:UpdateItem"]
        Resource = local.records_table_arn
      },
    ]
    erase_user = [
      {
        Sid      = "DeleteRecords"
        Effect   = "Allow"
        Action   = ["dynamodb:BatchWriteItem", "dynamodb:Query"]
        Resource = local.records_table_arn
      },
    ]
    reconcile = [
      {
        Sid      = "ScanRecords"
        Effect   = "Allow"
        Action   = ["dynamodb:BatchGetItem", "dynamodb:Query", "dynamodb:Scan", "dynamodb:UpdateItem"]
        Resource = local.records_table_arn
      },
    ]
  }

  # The permissions of functions on the objects of files. check_file deletes every version of a rejected file.
  file_permissions = {
    api_handler = [
      {
        Sid      = "PresignAndDeleteFiles"
        Effect   = "Allow"
        Action   = ["s3:DeleteObject", "s3:GetObject", "s3:PutObject"]
        Resource = "${local.picture_bucket_arn}/files/*"
      },
    ]
    check_file = [
      {
        Sid      = "ReadAndDeleteFiles"
        Effect   = "Allow"
        Action   = ["s3:DeleteObject", "s3:DeleteObjectVersion", "s3:GetObject"]
        Resource = "${local.picture_bucket_arn}/files/*"
      },
      {
        Sid       = "FindFileVersions"
        Effect    = "Allow"
        Action    = ["s3:ListBucketVersions"]
        Resource  = local.picture_bucket_arn
        Condition = { StringLike = { "s3:prefix" = ["files/*"] } }
      },
    ]
    reconcile = [
      {
        Sid       = "ListFiles"
        Effect    = "Allow"
        Action    = ["s3:ListBucket"]
        Resource  = local.picture_bucket_arn
        Condition = { StringLike = { "s3:prefix" = ["files/*"] } }
      },
      {
        Sid      = "InvokeFileCheck"
        Effect   = "Allow"
        Action   = ["lambda:InvokeFunction"]
        Resource = "${local.function_arn}:${local.prefix}-check_file"
      },
    ]
  }

  # Additional permissions with malware_protection.
  scan_permissions = {
    check_file = [
      {
        Sid      = "ReadScanResults"
        Effect   = "Allow"
        Action   = ["s3:GetObjectTagging"]
        Resource = "${local.picture_bucket_arn}/files/*"
      },
    ]
  }

  # GuardDuty tags a file with the scan result and blocks nothing. These statements of the bucket policy prevent all
  # other callers from reading a file without the tag of a clean scan, and from changing tags.
  # https://docs.aws.amazon.com/guardduty/latest/ug/tag-based-access-s3-malware-protection.html
  scan_statements = flatten([
    for role in aws_iam_role.malware_protection : [
      {
        Sid       = "ReadCleanFilesOnly"
        Effect    = "Deny"
        Principal = "*"
        Action    = ["s3:GetObject", "s3:GetObjectVersion"]
        Resource  = "${local.picture_bucket_arn}/files/*"
        Condition = {
          StringNotEquals = {
            "aws:PrincipalArn"                                = role.arn
            "s3:ExistingObjectTag/GuardDutyMalwareScanStatus" = "NO_THREATS_FOUND"
          }
        }
      },
      {
        Sid       = "ScannerTagsOnly"
        Effect    = "Deny"
        Principal = "*"
        Action = [
          "s3:DeleteObjectTagging", "s3:DeleteObjectVersionTagging", "s3:PutObjectTagging", "s3:PutObjectVersionTagging",
        ]
        Resource  = "${local.picture_bucket_arn}/files/*"
        Condition = { StringNotEquals = { "aws:PrincipalArn" = role.arn } }
      },
    ]
  ])

  # GuardDuty adds a suffix to the name of its rule.
  scanner_rule_arn = "arn:${local.partition}:events:${var.region}:${local.account}:rule/DO-NOT-DELETE-AmazonGuardDutyMalwareProtectionS3*"
}

# S3 invokes check_file for each uploaded file. Without the function there is nothing to invoke, so a plan may remove the
# notification. The next deployment adds it, and reconciliation repeats the missed checks.
resource "aws_s3_bucket_notification" "files" {
  for_each = length(local.deployed_check_file) > 0 ? toset(["files"]) : local.scanned_files

  bucket      = aws_s3_bucket.pictures["pictures"].id
  eventbridge = var.malware_protection # GuardDuty receives uploads from EventBridge

  dynamic "lambda_function" {
    for_each = local.deployed_check_file
    content {
      id                  = "check-file"
      lambda_function_arn = "${local.function_arn}:${lambda_function.value}"
      events              = ["s3:ObjectCreated:*"]
      filter_prefix       = "files/"
    }
  }

  depends_on = [aws_lambda_permission.files] # S3 checks that it can invoke the function
}

resource "aws_lambda_permission" "files" {
  for_each = local.deployed_check_file

  statement_id   = "files"
  action         = "lambda:InvokeFunction"
  function_name  = each.value
  principal      = "s3.amazonaws.com"
  source_arn     = aws_s3_bucket.pictures["pictures"].arn
  source_account = local.account # the ARN of a bucket does not contain it
}

# Failed checks need no queue: reconciliation repeats each of them within an hour.
resource "aws_lambda_function_event_invoke_config" "check_file" {
  for_each = local.deployed_check_file

  function_name                = each.value
  maximum_event_age_in_seconds = 3600 # the next reconciliation sends the event again
  maximum_retry_attempts       = 2
}

resource "aws_guardduty_malware_protection_plan" "files" {
  for_each = local.scanned_files

  role = aws_iam_role.malware_protection[each.key].arn

  protected_resource {
    s3_bucket {
      bucket_name     = aws_s3_bucket.pictures["pictures"].id
      object_prefixes = ["files/"]
    }
  }

  actions {
    tagging {
      status = "ENABLED"
    }
  }

  # GuardDuty checks that the role has its permissions. It also changes the notification of the bucket.
  depends_on = [aws_iam_role_policy.malware_protection, aws_kms_key.data, aws_s3_bucket_notification.files]
}

resource "aws_iam_role" "malware_protection" {
  for_each = local.scanned_files

  name = "${local.prefix}-malware-protection"

  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Principal = { Service = "malware-protection-plan.guardduty.amazonaws.com" }
      Action    = "sts:AssumeRole"
    }]
  })
}

# https://docs.aws.amazon.com/guardduty/latest/ug/malware-protection-s3-iam-policy-prerequisite.html
# The policy of the key allows the use of the key.
resource "aws_iam_role_policy" "malware_protection" {
  for_each = local.scanned_files

  name = "scan"
  role = aws_iam_role.malware_protection[each.key].id

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Sid       = "CreateRule"
        Effect    = "Allow"
        Action    = ["events:DeleteRule", "events:PutRule", "events:PutTargets", "events:RemoveTargets"]
        Resource  = local.scanner_rule_arn
        Condition = { StringEquals = { "events:ManagedBy" = "malware-protection-plan.guardduty.amazonaws.com" } }
      },
      {
        Sid      = "ReadRule"
        Effect   = "Allow"
        Action   = ["events:DescribeRule", "events:ListTargetsByRule"]
        Resource = local.scanner_rule_arn
      },
      {
        Sid       = "EnableEvents"
        Effect    = "Allow"
        Action    = ["s3:GetBucketNotification", "s3:ListBucket", "s3:PutBucketNotification"]
        Resource  = local.picture_bucket_arn
        Condition = local.own_account_condition
      },
      {
        Sid       = "WriteValidationObject"
        Effect    = "Allow"
        Action    = ["s3:PutObject"]
        Resource  = "${local.picture_bucket_arn}/malware-protection-resource-validation-object"
        Condition = local.own_account_condition
      },
      {
        Sid    = "ScanAndTagFiles"
        Effect = "Allow"
        Action = [
          "s3:GetObject", "s3:GetObjectTagging", "s3:GetObjectVersion", "s3:GetObjectVersionTagging", "s3:PutObjectTagging",
          "s3:PutObjectVersionTagging",
        ]
        Resource  = "${local.picture_bucket_arn}/files/*"
        Condition = local.own_account_condition
      },
    ]
  })
}

# https://docs.aws.amazon.com/guardduty/latest/ug/monitor-with-eventbridge-s3-malware-protection.html
resource "aws_cloudwatch_event_rule" "scan_results" {
  for_each = local.scanned_files

  name        = "${local.prefix}-scan-results"
  description = "Matches the results of malware scans of files, and invokes check_file."

  event_pattern = jsonencode({
    source      = ["aws.guardduty"]
    detail-type = ["GuardDuty Malware Protection Object Scan Result"]
    detail = {
      s3ObjectDetails = {
        bucketName = [var.picture_bucket]
        objectKey  = [{ prefix = "files/" }]
      }
    }
  })
}

resource "aws_cloudwatch_event_target" "scan_results" {
  for_each = { for name, function in local.deployed_check_file : name => function if var.malware_protection }

  rule      = aws_cloudwatch_event_rule.scan_results["files"].name
  target_id = "check-file"
  arn       = "${local.function_arn}:${each.value}"
}

resource "aws_lambda_permission" "scan_results" {
  for_each = aws_cloudwatch_event_target.scan_results

  statement_id  = "scan-results"
  action        = "lambda:InvokeFunction"
  function_name = local.deployed_check_file[each.key]
  principal     = "events.amazonaws.com"
  source_arn    = aws_cloudwatch_event_rule.scan_results["files"].arn
}
