# Without a name for it there is no bucket, and nothing below.
locals {
  pictures = var.picture_bucket == null ? toset([]) : toset(["pictures"])

  # What functions may do with it. Who decodes what a stranger has sent may do nothing else.
  picture_permissions = {
    api_handler = [
      {
        Sid      = "OfferUploads"
        Effect   = "Allow"
        Action   = ["s3:PutObject"]
        Resource = "${local.picture_bucket}/uploads/*"
      },
      {
        Sid      = "ShowPictures"
        Effect   = "Allow"
        Action   = ["s3:GetObject"]
        Resource = "${local.picture_bucket}/pictures/*"
      },
      {
        Sid      = "ClearUp"
        Effect   = "Allow"
        Action   = ["s3:DeleteObject"]
        Resource = ["${local.picture_bucket}/pictures/*", "${local.picture_bucket}/uploads/*"]
      },
      {
        Sid       = "SeeWhatIsThere"
        Effect    = "Allow"
        Action    = ["s3:ListBucket"]
        Resource  = local.picture_bucket
        Condition = { StringLike = { "s3:prefix" = ["pictures/*", "uploads/*"] } }
      },
      {
        Sid      = "HaveUploadsChecked"
        Effect   = "Allow"
        Action   = ["lambda:InvokeFunction"]
        Resource = "arn:${local.partition}:lambda:${var.region}:${local.account}:function:${local.prefix}-check_picture"
      },
    ]
    check_picture = [
      {
        Sid      = "ReadUploads"
        Effect   = "Allow"
        Action   = ["s3:GetObject"]
        Resource = "${local.picture_bucket}/uploads/*"
      },
      {
        Sid      = "KeepPictures"
        Effect   = "Allow"
        Action   = ["s3:PutObject"]
        Resource = "${local.picture_bucket}/pictures/*"
      },
    ]
    reconcile = [
      {
        Sid      = "RemoveOrphanedPictures"
        Effect   = "Allow"
        Action   = ["s3:DeleteObject"]
        Resource = "${local.picture_bucket}/pictures/*"
      },
      {
        Sid       = "FindOrphanedPictures"
        Effect    = "Allow"
        Action    = ["s3:ListBucket"]
        Resource  = local.picture_bucket
        Condition = { StringLike = { "s3:prefix" = ["pictures/*"] } }
      },
    ]
  }
  picture_bucket = "arn:${local.partition}:s3:::${coalesce(var.picture_bucket, "none")}"
}

resource "aws_s3_bucket" "pictures" {
  #checkov:skip=CKV_AWS_18:Each object's upload and URL is asked of the API, whose logs name the user; a log bucket would hold less
  #checkov:skip=CKV_AWS_144:A picture can be taken again; versions guard against mistakes
  #checkov:skip=CKV2_AWS_62:Nothing has to hear of uploads: the API is told by its client, and checks the object itself
  for_each = local.pictures

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
    Statement = [
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
    ]
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
  # A rule without an origin is none.
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
    id     = "unfinished-uploads"
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
    id     = "what-was-replaced-or-removed"
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
