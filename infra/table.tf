resource "aws_dynamodb_table" "profiles" {
  name                        = local.stage == "prod" ? "Users" : "Users-${local.stage}"
  billing_mode                = "PAY_PER_REQUEST"
  hash_key                    = "user_id"
  deletion_protection_enabled = var.deletion_protection

  attribute {
    name = "user_id"
    type = "S"
  }

  # Deletes the tombstone of an erased user 400 days after the erasure.
  ttl {
    attribute_name = "ttl"
    enabled        = true
  }

  point_in_time_recovery {
    enabled = true
  }

  server_side_encryption {
    enabled     = true
    kms_key_arn = aws_kms_key.data.arn
  }
}

# The records of a user. The item of a file has the sort key `file#<file id>`. The table exists only with picture_bucket.
resource "aws_dynamodb_table" "records" {
  for_each = local.pictures_enabled ? toset(["records"]) : []

  name                        = local.stage == "prod" ? "UserRecords" : "UserRecords-${local.stage}"
  billing_mode                = "PAY_PER_REQUEST"
  hash_key                    = "user_id"
  range_key                   = "record"
  deletion_protection_enabled = var.deletion_protection

  attribute {
    name = "user_id"
    type = "S"
  }

  attribute {
    name = "record"
    type = "S"
  }

  # Deletes the item of a rejected file 30 days after the rejection.
  ttl {
    attribute_name = "ttl"
    enabled        = true
  }

  point_in_time_recovery {
    enabled = true
  }

  server_side_encryption {
    enabled     = true
    kms_key_arn = aws_kms_key.data.arn
  }
}
