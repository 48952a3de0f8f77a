"""The S3 bucket of the pictures and uploads."""

from typing import Any, Final

from local.resources.idempotency import create_unless_exists
from local.resources.policies import to_policy_document
from local.stack import BUCKET_NAME

_BUCKET_ARN: Final = f"arn:aws:s3:::{BUCKET_NAME}"


def ensure_bucket(s3: Any, key_arn: str) -> None:
    """Create the bucket unless it exists, and apply its settings."""
    create_unless_exists(lambda: s3.create_bucket(Bucket=BUCKET_NAME), "BucketAlreadyOwnedByYou", "BucketAlreadyExists")
    s3.put_bucket_versioning(Bucket=BUCKET_NAME, VersioningConfiguration={"Status": "Enabled"})
    s3.put_bucket_ownership_controls(
        Bucket=BUCKET_NAME, OwnershipControls={"Rules": [{"ObjectOwnership": "BucketOwnerEnforced"}]}
    )
    s3.put_public_access_block(Bucket=BUCKET_NAME, PublicAccessBlockConfiguration=_PUBLIC_ACCESS_BLOCK)
    s3.put_bucket_policy(Bucket=BUCKET_NAME, Policy=to_policy_document(_TLS_STATEMENTS))
    s3.put_bucket_encryption(Bucket=BUCKET_NAME, ServerSideEncryptionConfiguration=_build_encryption(key_arn))
    s3.put_bucket_cors(Bucket=BUCKET_NAME, CORSConfiguration=_CORS)
    s3.put_bucket_lifecycle_configuration(Bucket=BUCKET_NAME, LifecycleConfiguration=_LIFECYCLE)


def _build_encryption(key_arn: str) -> dict[str, Any]:
    encryption = {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": key_arn}
    return {"Rules": [{"ApplyServerSideEncryptionByDefault": encryption, "BucketKeyEnabled": True}]}


def _build_deny_statement(sid: str, condition: dict[str, Any]) -> dict[str, Any]:
    return {
        "Sid": sid,
        "Effect": "Deny",
        "Principal": "*",
        "Action": "s3:*",
        "Resource": [_BUCKET_ARN, f"{_BUCKET_ARN}/*"],
        "Condition": condition,
    }


_PUBLIC_ACCESS_BLOCK: Final = dict.fromkeys(
    ("BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets"), True
)
_TLS_STATEMENTS: Final = [
    _build_deny_statement("NewerTls", {"NumericLessThan": {"s3:TlsVersion": "1.2"}}),
    _build_deny_statement("TlsOnly", {"Bool": {"aws:SecureTransport": "false"}}),
]
_CORS: Final = {
    "CORSRules": [
        {
            "AllowedMethods": ["GET", "POST"],
            "AllowedOrigins": ["*"],
            "AllowedHeaders": ["*"],
            "ExposeHeaders": ["ETag"],
            "MaxAgeSeconds": 600,
        }
    ]
}
_LIFECYCLE: Final = {
    "Rules": [
        {
            "ID": "unfinished-uploads",
            "Status": "Enabled",
            "Filter": {"Prefix": "uploads/"},
            "Expiration": {"Days": 1},
            "NoncurrentVersionExpiration": {"NoncurrentDays": 1},
        },
        {
            "ID": "expire-noncurrent-versions",
            "Status": "Enabled",
            "Filter": {"Prefix": ""},
            "Expiration": {"ExpiredObjectDeleteMarker": True},
            "NoncurrentVersionExpiration": {"NoncurrentDays": 30},
            "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": 1},
        },
    ]
}
