resource "aws_kms_key" "data" {
  description             = "${local.prefix}: profiles, pictures and logs"
  enable_key_rotation     = true
  deletion_window_in_days = 30

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = concat([
      {
        # Without it nobody could ever change this policy again; who may is a matter of the account's IAM policies.
        Sid       = "Account"
        Effect    = "Allow"
        Principal = { AWS = "arn:${local.partition}:iam::${local.account}:root" }
        Action    = "kms:*"
        Resource  = "*" # this key
      },
      {
        # Whoever reads or writes the table uses its key, by way of DynamoDB alone.
        # https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/encryption.usagenotes.html
        Sid       = "Functions"
        Effect    = "Allow"
        Principal = { AWS = [for name in local.data_functions : aws_iam_role.function[name].arn] }
        Action    = ["kms:Decrypt", "kms:DescribeKey", "kms:Encrypt", "kms:GenerateDataKey", "kms:ReEncryptFrom", "kms:ReEncryptTo"]
        Resource  = "*" # this key
        Condition = { StringEquals = { "kms:ViaService" = "dynamodb.${var.region}.amazonaws.com" } }
      },
      {
        Sid       = "Logs"
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
                ["API-Gateway-Execution-Logs_*/${local.stage}"], # the API's id, which Chalice's deploy makes, stands there
              ) : "arn:${local.partition}:logs:${var.region}:${local.account}:log-group:${name}"
            ]
          }
        }
      },
      ], [for statement in [
        {
          # Whoever signs an upload or a picture's URL, or does as much themselves: by way of S3, and this bucket's keys.
          # https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucket-key.html
          Sid       = "Pictures"
          Effect    = "Allow"
          Principal = { AWS = [for name in local.picture_functions : aws_iam_role.function[name].arn] }
          Action    = ["kms:Decrypt", "kms:GenerateDataKey"]
          Resource  = "*" # this key
          Condition = {
            StringEquals = {
              "kms:ViaService"                   = "s3.${var.region}.amazonaws.com"
              "kms:EncryptionContext:aws:s3:arn" = local.picture_bucket
            }
          }
        },
    ] : statement if var.picture_bucket != null])
  })
}

resource "aws_kms_alias" "data" {
  name          = "alias/${local.prefix}"
  target_key_id = aws_kms_key.data.key_id
}
