"""The permissions of the functions beyond their own logs. As in infra/functions.tf, pictures.tf and files.tf."""

from typing import Any, Final

from local.config import REGION
from local.function_definitions import CHECK_FILE_FUNCTION, CHECK_PICTURE_FUNCTION, ERASE_FUNCTION, RECONCILE_FUNCTION
from local.stack import ACCOUNT_ID, BUCKET_ARN, RECORDS_TABLE_NAME, STACK_NAME, TABLE_NAME

Statement = dict[str, Any]

_PROFILES: Final = f"arn:aws:dynamodb:{REGION}:{ACCOUNT_ID}:table/{TABLE_NAME}"
_RECORDS: Final = f"arn:aws:dynamodb:{REGION}:{ACCOUNT_ID}:table/{RECORDS_TABLE_NAME}"
_USER_POOLS: Final = f"arn:aws:cognito-idp:{REGION}:{ACCOUNT_ID}:userpool/*"  # the id of the user pool is not known yet
_FILES: Final = f"{BUCKET_ARN}/files/*"
_PICTURES: Final = f"{BUCKET_ARN}/pictures/*"
_UPLOADS: Final = f"{BUCKET_ARN}/uploads/*"


def _allow(resource: str | list[str], *actions: str) -> Statement:
    return {"Effect": "Allow", "Action": list(actions), "Resource": resource}


def _allow_listing(action: str, *prefixes: str) -> Statement:
    return {**_allow(BUCKET_ARN, action), "Condition": {"StringLike": {"s3:prefix": list(prefixes)}}}


def build_function_arn(function: str) -> str:
    """Return the ARN of a function of the local stack."""
    return f"arn:aws:lambda:{REGION}:{ACCOUNT_ID}:function:{STACK_NAME}-{function}"


# Function name -> statements.
PERMISSIONS: Final[dict[str, list[Statement]]] = {
    "pre_sign_up": [],
    "post_confirmation": [
        _allow(_PROFILES, "dynamodb:PutItem"),
        _allow(_USER_POOLS, "cognito-idp:AdminUserGlobalSignOut"),
    ],
    "post_authentication": [
        _allow(_PROFILES, "dynamodb:GetItem", "dynamodb:UpdateItem"),
        _allow(_USER_POOLS, "cognito-idp:AdminGetUser"),
    ],
    RECONCILE_FUNCTION: [
        _allow(
            _PROFILES,
            "dynamodb:BatchGetItem",
            "dynamodb:GetItem",
            "dynamodb:PutItem",
            "dynamodb:Scan",
            "dynamodb:UpdateItem",
        ),
        _allow(_RECORDS, "dynamodb:BatchGetItem", "dynamodb:Query", "dynamodb:Scan", "dynamodb:UpdateItem"),
        _allow(
            _USER_POOLS,
            "cognito-idp:AdminDeleteUser",
            "cognito-idp:AdminDeleteUserAttributes",
            "cognito-idp:AdminGetUser",
            "cognito-idp:ListUsers",
        ),
        _allow(
            [build_function_arn(name) for name in (RECONCILE_FUNCTION, ERASE_FUNCTION, CHECK_FILE_FUNCTION)],
            "lambda:InvokeFunction",
        ),
        _allow_listing("s3:ListBucket", "files/*"),
    ],
    ERASE_FUNCTION: [
        _allow(_PROFILES, "dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:UpdateItem"),
        _allow(_RECORDS, "dynamodb:BatchWriteItem", "dynamodb:Query"),
        _allow(
            _USER_POOLS,
            "cognito-idp:AdminDeleteUser",
            "cognito-idp:AdminDisableUser",
            "cognito-idp:AdminGetUser",
            "cognito-idp:AdminUserGlobalSignOut",
        ),
        _allow_listing("s3:ListBucketVersions", "files/*", "pictures/*", "uploads/*"),
        _allow([_FILES, _PICTURES, _UPLOADS], "s3:DeleteObject", "s3:DeleteObjectVersion"),
    ],
    CHECK_PICTURE_FUNCTION: [
        _allow(_UPLOADS, "s3:GetObject"),
        _allow(_PICTURES, "s3:PutObject"),
    ],
    CHECK_FILE_FUNCTION: [
        _allow(_RECORDS, "dynamodb:DeleteItem", "dynamodb:GetItem", "dynamodb:UpdateItem"),
        _allow(_FILES, "s3:DeleteObject", "s3:DeleteObjectVersion", "s3:GetObject", "s3:GetObjectTagging"),
        _allow_listing("s3:ListBucketVersions", "files/*"),
    ],
}
