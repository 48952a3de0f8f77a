# The bucket and its configuration exist only if picture_bucket is set.
locals {
  pictures_enabled = var.picture_bucket != null

  # The permissions of functions on the objects of pictures. check_picture decodes untrusted files, so it can only read
  # uploads and write pictures. Only erase_user can delete versions of pictures.
  picture_permissions = {
    api_handler = [
      {
        Sid      = "PresignUploads"
        Effect   = "Allow"
        Action   = ["s3:PutObject"]
        Resource = "${local.picture_bucket_arn}/uploads/*"
      },
      {
        Sid      = "PresignDownloads"
        Effect   = "Allow"
        Action   = ["s3:GetObject"]
        Resource = "${local.picture_bucket_arn}/pictures/*"
      },
      {
        Sid      = "DeletePictures"
        Effect   = "Allow"
        Action   = ["s3:DeleteObject"]
        Resource = ["${local.picture_bucket_arn}/pictures/*", "${local.picture_bucket_arn}/uploads/*"]
      },
      {
        Sid       = "ListPictures"
        Effect    = "Allow"
        Action    = ["s3:ListBucket"]
        Resource  = local.picture_bucket_arn
        Condition = { StringLike = { "s3:prefix" = ["pictures/*", "uploads/*"] } }
      },
      {
        Sid      = "InvokePictureProcessor"
        Effect   = "Allow"
        Action   = ["lambda:InvokeFunction"]
        Resource = "${local.function_arn}:${local.prefix}-check_picture"
      },
    ]
    check_picture = [
      {
        Sid      = "ReadUploads"
        Effect   = "Allow"
        Action   = ["s3:GetObject"]
        Resource = "${local.picture_bucket_arn}/uploads/*"
      },
      {
        Sid      = "WritePictures"
        Effect   = "Allow"
        Action   = ["s3:PutObject"]
        Resource = "${local.picture_bucket_arn}/pictures/*"
      },
    ]
    erase_user = [
      {
        Sid       = "FindAllVersions"
        Effect    = "Allow"
        Action    = ["s3:ListBucketVersions"]
        Resource  = local.picture_bucket_arn
        Condition = { StringLike = { "s3:prefix" = ["files/*", "pictures/*", "uploads/*"] } }
      },
      {
        # DeleteObjects needs both actions to delete a version.
        # https://docs.aws.amazon.com/AmazonS3/latest/API/API_DeleteObjects.html
        Sid      = "DeleteAllVersions"
        Effect   = "Allow"
        Action   = ["s3:DeleteObject", "s3:DeleteObjectVersion"]
        Resource = [for kind in ["files", "pictures", "uploads"] : "${local.picture_bucket_arn}/${kind}/*"]
      },
    ]
  }
  picture_bucket_arn = "arn:${local.partition}:s3:::${coalesce(var.picture_bucket, "none")}"
}

resource "aws_s3_bucket" "pictures" {
  #checkov:skip=CKV_AWS_18:The API logs the user of each presigned upload and URL; a log bucket would contain less
  #checkov:skip=CKV_AWS_144:Versioning protects against mistakes; a copy in another region would be a second place to erase
  #checkov:skip=CKV2_AWS_62:files.tf configures the events, once the function that receives them is deployed
  for_each = local.pictures_enabled ? toset(["pictures"]) : []

  bucket        = var.picture_bucket
  force_destroy = !var.deletion_protection
}

resource "aws_s3_bucket_ownership_controls" "pictures" {
  for_each = aws_s3_bucket.pictures

  bucket = each.value.id

  rule {
    object_ownership = "BucketOwnerEnforced"
  }
}

resource "aws_s3_bucket_public_access_block" "pictures" {
  for_each = aws_s3_bucket.pictures

  bucket                  = each.value.id
  block_public_acls       = true
  block_public_policy     = true
  ignore_public_acls      = true
  restrict_public_buckets = true
}

resource "aws_s3_bucket_policy" "pictures" {
  for_each = aws_s3_bucket.pictures

  bucket = each.value.id

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = concat(
      [
        for sid, condition in {
          TlsOnly  = { Bool = { "aws:SecureTransport" = "false" } }
          NewerTls = { NumericLessThan = { "s3:TlsVersion" = "1.2" } }
          } : {
          Sid       = sid
          Effect    = "Deny"
          Principal = "*"
          Action    = "s3:*"
          Resource  = [each.value.arn, "${each.value.arn}/*"]
          Condition = condition
        }
      ],
      local.scan_statements,
    )
  })

  depends_on = [aws_s3_bucket_public_access_block.pictures]
}

resource "aws_s3_bucket_server_side_encryption_configuration" "pictures" {
  for_each = aws_s3_bucket.pictures

  bucket = each.value.id

  rule {
    bucket_key_enabled = true

    apply_server_side_encryption_by_default {
      sse_algorithm     = "aws:kms"
      kms_master_key_id = aws_kms_key.data.arn
    }
  }
}

resource "aws_s3_bucket_versioning" "pictures" {
  for_each = aws_s3_bucket.pictures

  bucket = each.value.id

  versioning_configuration {
    status = "Enabled"
  }
}

resource "aws_s3_bucket_cors_configuration" "pictures" {
  # S3 rejects a CORS rule without an origin.
  for_each = length(var.cors_allow_origins) > 0 ? aws_s3_bucket.pictures : {}

  bucket = each.value.id

  cors_rule {
    allowed_origins = var.cors_allow_origins
    allowed_methods = ["GET", "POST"]
    allowed_headers = ["*"]
    expose_headers  = ["ETag"]
    max_age_seconds = 600
  }
}

resource "aws_s3_bucket_lifecycle_configuration" "pictures" {
  for_each = aws_s3_bucket.pictures

  bucket = each.value.id

  rule {
    id     = "expire-uploads"
    status = "Enabled"

    filter {
      prefix = "uploads/"
    }

    expiration {
      days = 1
    }

    noncurrent_version_expiration {
      noncurrent_days = 1
    }
  }

  rule {
    id     = "expire-noncurrent-versions"
    status = "Enabled"

    filter {}

    expiration {
      expired_object_delete_marker = true
    }

    noncurrent_version_expiration {
      noncurrent_days = 30
    }

    abort_incomplete_multipart_upload {
      days_after_initiation = 1
    }
  }

  depends_on = [aws_s3_bucket_versioning.pictures]
}
