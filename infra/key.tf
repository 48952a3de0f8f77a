resource "aws_kms_key" "data" {
  description             = "${local.prefix}: profiles, pictures, files and logs"
  enable_key_rotation     = true
  deletion_window_in_days = 30

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = concat([
      {
        # Allows the IAM policies of the account to grant access. Without it, this policy could never be changed.
        Sid       = "AllowAccountAdministration"
        Effect    = "Allow"
        Principal = { AWS = "arn:${local.partition}:iam::${local.account}:root" }
        Action    = "kms:*"
        Resource  = "*" # this key
      },
      {
        # The functions that read or write the tables use the key, only through DynamoDB.
        # https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/encryption.usagenotes.html
        Sid       = "AllowFunctionsThroughDynamoDB"
        Effect    = "Allow"
        Principal = { AWS = [for name in local.data_functions : aws_iam_role.function[name].arn] }
        Action    = ["kms:Decrypt", "kms:DescribeKey", "kms:Encrypt", "kms:GenerateDataKey", "kms:ReEncryptFrom", "kms:ReEncryptTo"]
        Resource  = "*" # this key
        Condition = { StringEquals = { "kms:ViaService" = "dynamodb.${var.region}.amazonaws.com" } }
      },
      {
        Sid       = "AllowCloudWatchLogs"
        Effect    = "Allow"
        Principal = { Service = "logs.${var.region}.amazonaws.com" }
        Action    = ["kms:Decrypt", "kms:DescribeKey", "kms:Encrypt", "kms:GenerateDataKey", "kms:ReEncryptFrom", "kms:ReEncryptTo"]
        Resource  = "*" # this key
        Condition = {
          ArnLike = {
            "kms:EncryptionContext:aws:logs:arn" = [
              for name in concat(
                [for function in values(local.functions) : "/aws/lambda/${function}"],
                [local.api_log_group],
                ["API-Gateway-Execution-Logs_*/${local.stage}"], # the wildcard is the API ID, which `chalice deploy` creates
              ) : "arn:${local.partition}:logs:${var.region}:${local.account}:log-group:${name}"
            ]
          }
        }
      },
      ], [for statement in [
        {
          # The functions that read, write or presign objects use the key, only through S3 and for this bucket. So does
          # the malware scanner.
          # https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucket-key.html
          Sid    = "AllowFunctionsAndMalwareScannerThroughS3"
          Effect = "Allow"
          Principal = {
            AWS = concat(
              [for name in local.bucket_functions : aws_iam_role.function[name].arn],
              [for role in aws_iam_role.malware_protection : role.arn],
            )
          }
          Action   = ["kms:Decrypt", "kms:GenerateDataKey"]
          Resource = "*" # this key
          Condition = {
            StringEquals = {
              "kms:ViaService"                   = "s3.${var.region}.amazonaws.com"
              "kms:EncryptionContext:aws:s3:arn" = local.picture_bucket_arn
            }
          }
        },
    ] : statement if local.pictures_enabled])
  })
}

resource "aws_kms_alias" "data" {
  name          = "alias/${local.prefix}"
  target_key_id = aws_kms_key.data.key_id
}
