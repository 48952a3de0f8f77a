"""The S3 bucket of the pictures, uploads and files."""

from typing import Any, Final

from local.malware_scan import NO_THREATS_FOUND, TAG_KEY
from local.resources.idempotency import create_unless_exists
from local.resources.malware_protection import SCANNER_ROLE_ARN
from local.resources.policies import to_policy_document
from local.stack import BUCKET_ARN, BUCKET_NAME, FILES_PREFIX


def ensure_bucket(s3: Any, key_arn: str) -> None:
    """Create the bucket unless it exists, and apply its settings."""
    create_unless_exists(lambda: s3.create_bucket(Bucket=BUCKET_NAME), "BucketAlreadyOwnedByYou", "BucketAlreadyExists")
    s3.put_bucket_versioning(Bucket=BUCKET_NAME, VersioningConfiguration={"Status": "Enabled"})
    s3.put_bucket_ownership_controls(
        Bucket=BUCKET_NAME, OwnershipControls={"Rules": [{"ObjectOwnership": "BucketOwnerEnforced"}]}
    )
    s3.put_public_access_block(Bucket=BUCKET_NAME, PublicAccessBlockConfiguration=_PUBLIC_ACCESS_BLOCK)
    s3.put_bucket_policy(Bucket=BUCKET_NAME, Policy=to_policy_document(_POLICY_STATEMENTS))
    s3.put_bucket_encryption(Bucket=BUCKET_NAME, ServerSideEncryptionConfiguration=_build_encryption(key_arn))
    s3.put_bucket_cors(Bucket=BUCKET_NAME, CORSConfiguration=_CORS)
    s3.put_bucket_lifecycle_configuration(Bucket=BUCKET_NAME, LifecycleConfiguration=_LIFECYCLE)


def _build_encryption(key_arn: str) -> dict[str, Any]:
    encryption = {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": key_arn}
    return {"Rules": [{"ApplyServerSideEncryptionByDefault": encryption, "BucketKeyEnabled": True}]}


def _deny(sid: str, actions: str | list[str], resources: str | list[str], condition: dict[str, Any]) -> dict[str, Any]:
    return {
        "Sid": sid,
        "Effect": "Deny",
        "Principal": "*",
        "Action": actions,
        "Resource": resources,
        "Condition": condition,
    }


_PUBLIC_ACCESS_BLOCK: Final = dict.fromkeys(
    ("BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets"), True
)
_BUCKET_AND_OBJECTS: Final = [BUCKET_ARN, f"{BUCKET_ARN}/*"]
_FILES: Final = f"{BUCKET_ARN}/{FILES_PREFIX}*"
_NOT_SCANNER: Final = {"aws:PrincipalArn": SCANNER_ROLE_ARN}
_POLICY_STATEMENTS: Final = [
    _deny("NewerTls", "s3:*", _BUCKET_AND_OBJECTS, {"NumericLessThan": {"s3:TlsVersion": "1.2"}}),
    _deny("TlsOnly", "s3:*", _BUCKET_AND_OBJECTS, {"Bool": {"aws:SecureTransport": "false"}}),
    # https://docs.aws.amazon.com/guardduty/latest/ug/tag-based-access-s3-malware-protection.html
    _deny(
        "ReadCleanFilesOnly",
        ["s3:GetObject", "s3:GetObjectVersion"],
        _FILES,
        {"StringNotEquals": {**_NOT_SCANNER, f"s3:ExistingObjectTag/{TAG_KEY}": NO_THREATS_FOUND}},
    ),
    _deny(
        "ScannerTagsOnly",
        [
            "s3:DeleteObjectTagging",
            "s3:DeleteObjectVersionTagging",
            "s3:PutObjectTagging",
            "s3:PutObjectVersionTagging",
        ],
        _FILES,
        {"StringNotEquals": _NOT_SCANNER},
    ),
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
            "ID": "expire-uploads",
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
