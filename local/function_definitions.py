"""The Lambda functions of the local stack: names, handlers, and the actions that their roles allow."""

from typing import Final, NamedTuple

CHECK_PICTURE_FUNCTION: Final = "check_picture"
ERASE_FUNCTION: Final = "erase_user"
RECONCILE_FUNCTION: Final = "reconcile"  # `make reconcile` invokes it; the local stack has no schedule
# Function name -> dotted path of its handler.
HANDLERS: Final = {
    "pre_sign_up": "chalicelib.accounts.triggers.pre_sign_up",
    "post_confirmation": "chalicelib.accounts.triggers.post_confirmation",
    "post_authentication": "chalicelib.accounts.triggers.post_authentication",
    RECONCILE_FUNCTION: "chalicelib.reconciliation.jobs.reconcile",
    CHECK_PICTURE_FUNCTION: "chalicelib.pictures.functions.check_picture",
    ERASE_FUNCTION: "chalicelib.privacy.functions.erase_user",
}


class TriggerFunction(NamedTuple):
    """The function of a Cognito trigger, and the actions that its role allows on the table and the user pool."""

    name: str
    actions: list[str]


TRIGGERS: Final = {
    "PreSignUp": TriggerFunction("pre_sign_up", []),
    "PostConfirmation": TriggerFunction(
        "post_confirmation", ["dynamodb:PutItem", "cognito-idp:AdminUserGlobalSignOut"]
    ),
    "PostAuthentication": TriggerFunction(
        "post_authentication", ["dynamodb:GetItem", "dynamodb:UpdateItem", "cognito-idp:AdminGetUser"]
    ),
}
TRIGGER_TIMEOUT_SECONDS: Final = 5  # Cognito does not wait longer
RECONCILE_ACTIONS: Final = [
    "dynamodb:BatchGetItem",
    "dynamodb:GetItem",
    "dynamodb:PutItem",
    "dynamodb:Scan",
    "dynamodb:UpdateItem",
    "cognito-idp:AdminDeleteUser",
    "cognito-idp:AdminDeleteUserAttributes",
    "cognito-idp:AdminGetUser",
    "cognito-idp:ListUsers",
    "lambda:InvokeFunction",
]
RECONCILE_TIMEOUT_SECONDS: Final = 300
ERASE_ACTIONS: Final = [
    "dynamodb:GetItem",
    "dynamodb:PutItem",
    "dynamodb:UpdateItem",
    "cognito-idp:AdminDeleteUser",
    "cognito-idp:AdminDisableUser",
    "cognito-idp:AdminGetUser",
    "cognito-idp:AdminUserGlobalSignOut",
    "s3:DeleteObject",
    "s3:DeleteObjectVersion",
    "s3:ListBucketVersions",
]
ERASE_TIMEOUT_SECONDS: Final = 60
CHECK_PICTURE_ACTIONS: Final = ["s3:GetObject", "s3:PutObject"]
CHECK_PICTURE_TIMEOUT_SECONDS: Final = 7
CHECK_PICTURE_MEMORY_MIB: Final = 1769
DEFAULT_MEMORY_MIB: Final = 512
