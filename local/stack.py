"""Pool, client, table, bucket and trigger functions in the embedded AWS, made like the deployed ones.

Each is made where it is missing and left where it is there, so that the users of an earlier run stay.
The exceptions are the functions and the pool's settings, which are written again at every start.
"""

import io
import json
import os
import zipfile
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from functools import cache
from pathlib import Path
from typing import Any, Final, Protocol

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

from infra.custom_attributes import add_missing
from local import settings
from local.settings import AccessKey

NAME: Final = "healthtech-local"
TABLE: Final = "Users"
BUCKET: Final = "healthtech-profile-pics"
# Cognito's trigger -> the function in app.py, and what that may do with the table and the pool.
TRIGGERS: Final = {
    "PreSignUp": ("pre_sign_up", []),
    "PostConfirmation": ("post_confirmation", ["dynamodb:PutItem", "cognito-idp:AdminUserGlobalSignOut"]),
    "PostAuthentication": (
        "post_authentication",
        ["dynamodb:GetItem", "dynamodb:UpdateItem", "cognito-idp:AdminGetUser"],
    ),
}
# The function behind `make reconcile`. Nothing here runs it on a schedule.
RECONCILE: Final = "reconcile"
_RECONCILE_ACTIONS: Final = [
    "dynamodb:BatchGetItem",
    "dynamodb:DeleteItem",
    "dynamodb:GetItem",
    "dynamodb:PutItem",
    "dynamodb:Scan",
    "cognito-idp:AdminDeleteUser",
    "cognito-idp:AdminDeleteUserAttributes",
    "cognito-idp:AdminGetUser",
    "cognito-idp:ListUsers",
    "lambda:InvokeFunction",
    "s3:DeleteObject",
    "s3:ListBucket",
]
# The function that checks pictures, which the API calls.
CHECK_PICTURE: Final = "check_picture"
_CHECK_ACTIONS: Final = ["s3:GetObject", "s3:PutObject"]
_CHECK_TIMEOUT: Final = 7  # seconds
_TRIGGER_TIMEOUT: Final = 5  # seconds: longer than this Cognito does not wait
_RECONCILE_TIMEOUT: Final = 300  # seconds
_STANDARD: Final = ["email", "name", "phone_number"]
_CUSTOM: Final = {"dob": 10, "gender": 16, "blood_group": 16}  # longest texts, in characters
_ALIAS: Final = f"alias/{NAME}"


@dataclass(frozen=True)
class Stack:
    """What `.local/stack.json` tells scripts and front ends."""

    api_url: str
    aws_endpoint_url: str
    aws_access_key_id: str
    aws_secret_access_key: str = field(repr=False)
    region: str
    user_pool_id: str
    user_pool_client_id: str
    table: str
    bucket: str

    @property
    def access_key(self) -> AccessKey:
        return AccessKey(self.aws_access_key_id, self.aws_secret_access_key)

    @property
    def user_pool_arn(self) -> str:
        return f"arn:aws:cognito-idp:{self.region}:000000000000:userpool/{self.user_pool_id}"

    @property
    def picture_function(self) -> str:
        return f"{NAME}-{CHECK_PICTURE}"

    def write(self, file: Path) -> None:
        """Replace the file in one step. It holds the access key, so only its owner may read it."""
        part = file.with_suffix(".part")
        part.unlink(missing_ok=True)
        descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w") as content:
            content.write(json.dumps(asdict(self), indent=2) + "\n")
        part.replace(file)

    @classmethod
    def read(cls, file: Path) -> "Stack":
        """Raises FileNotFoundError while nothing runs."""
        return cls(**json.loads(file.read_text()))


class EmbeddedAws(Protocol):
    """What a client of the embedded AWS has to know: a Stack or LocalSettings."""

    @property
    def aws_endpoint_url(self) -> str: ...

    @property
    def access_key(self) -> AccessKey: ...


def client(service: str, aws: EmbeddedAws) -> Any:
    """A boto3 client of the embedded AWS, whatever account the user's environment names."""
    return _client(service, aws.aws_endpoint_url, aws.access_key)


@cache
def _client(service: str, endpoint_url: str, access_key: AccessKey) -> Any:
    return boto3.client(
        service,  # type: ignore[call-overload]  # any service
        endpoint_url=endpoint_url,
        region_name=settings.REGION,
        aws_access_key_id=access_key.id,
        aws_secret_access_key=access_key.secret,
        config=Config(retries={"total_max_attempts": 1}, s3={"addressing_style": "path"}),
    )


def build(local: settings.LocalSettings) -> Stack:
    """Make what is missing and tell what there is."""
    key_arn = _key(client("kms", local))
    table_arn = _table(client("dynamodb", local), key_arn)
    _bucket(client("s3", local), key_arn)
    functions = _functions(local, table_arn)
    pool_id, client_id = _pool(client("cognito-idp", local), functions)
    stack = Stack(
        api_url=local.api_url,
        aws_endpoint_url=local.aws_endpoint_url,
        aws_access_key_id=local.access_key.id,
        aws_secret_access_key=local.access_key.secret,
        region=settings.REGION,
        user_pool_id=pool_id,
        user_pool_client_id=client_id,
        table=TABLE,
        bucket=BUCKET,
    )
    _reconcile(local, table_arn, stack.user_pool_arn)
    role_arn = _role(client("iam", local), stack.picture_function, _CHECK_ACTIONS, table_arn)
    _function(client("lambda", local), CHECK_PICTURE, role_arn, _CHECK_TIMEOUT, {"S3_BUCKET": BUCKET})
    return stack


def _unless_there(make: Callable[[], Any], *codes: str) -> None:
    try:
        make()
    except ClientError as exc:
        if exc.response["Error"]["Code"] not in codes:
            raise


def _table(dynamodb: Any, key_arn: str) -> str:
    _unless_there(
        lambda: dynamodb.create_table(
            TableName=TABLE,
            AttributeDefinitions=[{"AttributeName": "user_id", "AttributeType": "S"}],
            KeySchema=[{"AttributeName": "user_id", "KeyType": "HASH"}],
            BillingMode="PAY_PER_REQUEST",
            DeletionProtectionEnabled=True,
            SSESpecification={"Enabled": True, "SSEType": "KMS", "KMSMasterKeyId": key_arn},
        ),
        "ResourceInUseException",
    )
    dynamodb.update_continuous_backups(
        TableName=TABLE, PointInTimeRecoverySpecification={"PointInTimeRecoveryEnabled": True}
    )
    return str(dynamodb.describe_table(TableName=TABLE)["Table"]["TableArn"])


def _key(kms: Any) -> str:
    """The key's ARN. Made once: it is found by its alias."""
    aliases = {alias["AliasName"]: alias["TargetKeyId"] for alias in kms.list_aliases()["Aliases"]}
    if _ALIAS not in aliases:
        aliases[_ALIAS] = kms.create_key(Description=NAME)["KeyMetadata"]["KeyId"]
        kms.create_alias(AliasName=_ALIAS, TargetKeyId=aliases[_ALIAS])
    return str(kms.describe_key(KeyId=aliases[_ALIAS])["KeyMetadata"]["Arn"])


def _bucket(s3: Any, key_arn: str) -> None:
    _unless_there(lambda: s3.create_bucket(Bucket=BUCKET), "BucketAlreadyOwnedByYou", "BucketAlreadyExists")
    s3.put_bucket_versioning(Bucket=BUCKET, VersioningConfiguration={"Status": "Enabled"})
    for call, setting in _bucket_settings(key_arn).items():
        getattr(s3, call)(Bucket=BUCKET, **setting)


def _bucket_settings(key_arn: str) -> dict[str, dict[str, Any]]:
    arn = f"arn:aws:s3:::{BUCKET}"
    tls_only = [
        {
            "Sid": sid,
            "Effect": "Deny",
            "Principal": "*",
            "Action": "s3:*",
            "Resource": [arn, f"{arn}/*"],
            "Condition": condition,
        }
        for sid, condition in {
            "NewerTls": {"NumericLessThan": {"s3:TlsVersion": "1.2"}},
            "TlsOnly": {"Bool": {"aws:SecureTransport": "false"}},
        }.items()
    ]
    encryption = {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": key_arn}
    blocked = ("BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets")
    return {
        "put_bucket_ownership_controls": {
            "OwnershipControls": {"Rules": [{"ObjectOwnership": "BucketOwnerEnforced"}]},
        },
        "put_public_access_block": {"PublicAccessBlockConfiguration": dict.fromkeys(blocked, True)},
        "put_bucket_policy": {"Policy": _policy(tls_only)},
        "put_bucket_encryption": {
            "ServerSideEncryptionConfiguration": {
                "Rules": [{"ApplyServerSideEncryptionByDefault": encryption, "BucketKeyEnabled": True}]
            },
        },
        "put_bucket_cors": {
            "CORSConfiguration": {
                "CORSRules": [
                    {
                        "AllowedMethods": ["GET", "POST"],
                        "AllowedOrigins": ["*"],
                        "AllowedHeaders": ["*"],
                        "ExposeHeaders": ["ETag"],
                        "MaxAgeSeconds": 600,
                    }
                ]
            },
        },
        "put_bucket_lifecycle_configuration": {
            "LifecycleConfiguration": {
                "Rules": [
                    {
                        "ID": "unfinished-uploads",
                        "Status": "Enabled",
                        "Filter": {"Prefix": "uploads/"},
                        "Expiration": {"Days": 1},
                        "NoncurrentVersionExpiration": {"NoncurrentDays": 1},
                    },
                    {
                        "ID": "what-was-replaced-or-removed",
                        "Status": "Enabled",
                        "Filter": {"Prefix": ""},
                        "Expiration": {"ExpiredObjectDeleteMarker": True},
                        "NoncurrentVersionExpiration": {"NoncurrentDays": 30},
                        "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": 1},
                    },
                ]
            },
        },
    }


def _role(iam: Any, name: str, actions: list[str], table_arn: str) -> str:
    """The role of one function: its actions, and its log. The pool is made later, hence any of this account."""
    trust = {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}
    resources = {
        "dynamodb": table_arn,
        "cognito-idp": f"arn:aws:cognito-idp:{settings.REGION}:000000000000:userpool/*",
        "lambda": f"arn:aws:lambda:{settings.REGION}:000000000000:function:{name}",  # itself
        "logs": f"arn:aws:logs:{settings.REGION}:000000000000:log-group:/aws/lambda/{name}:*",
        "s3": f"arn:aws:s3:::{BUCKET}/pictures/*",
        "s3:GetObject": f"arn:aws:s3:::{BUCKET}/uploads/*",
        "s3:ListBucket": f"arn:aws:s3:::{BUCKET}",
    }
    allowed = [*actions, "logs:CreateLogStream", "logs:PutLogEvents"]
    statements = [
        {
            "Effect": "Allow",
            "Action": [action],
            "Resource": resources.get(action) or resources[action.partition(":")[0]],
        }
        for action in allowed
    ]
    _unless_there(
        lambda: iam.create_role(RoleName=name, AssumeRolePolicyDocument=_policy([trust])), "EntityAlreadyExists"
    )
    iam.put_role_policy(RoleName=name, PolicyName="trigger", PolicyDocument=_policy(statements))
    return str(iam.get_role(RoleName=name)["Role"]["Arn"])


def _policy(statements: list[dict[str, Any]]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": statements})


def _functions(aws: EmbeddedAws, table_arn: str) -> dict[str, str]:
    """Trigger -> ARN of its function, each running the working tree under a role of its own."""
    made = {}
    for trigger, (handler, actions) in TRIGGERS.items():
        role_arn = _role(client("iam", aws), f"{NAME}-{handler}", actions, table_arn)
        made[trigger] = _function(client("lambda", aws), handler, role_arn, _TRIGGER_TIMEOUT, {})
    return made


def _reconcile(aws: EmbeddedAws, table_arn: str, pool_arn: str) -> None:
    role_arn = _role(client("iam", aws), f"{NAME}-{RECONCILE}", _RECONCILE_ACTIONS, table_arn)
    more = {"USER_POOL_ARN": pool_arn, "S3_BUCKET": BUCKET}
    _function(client("lambda", aws), RECONCILE, role_arn, _RECONCILE_TIMEOUT, more)


def _function(lambda_: Any, handler: str, role_arn: str, timeout: int, more: dict[str, str]) -> str:
    name = f"{NAME}-{handler}"
    variables = {
        **more,
        "WORKING_TREE": str(settings.ROOT),
        "HANDLER": handler,
        "DYNAMODB_TABLE": TABLE,
        "SERVICE_NAME": NAME,
        "LOG_LEVEL": "INFO",  # MiniStack's own one, of the same name, would reach the function
    }
    configuration = {
        "FunctionName": name,
        "Role": role_arn,
        "Runtime": "python3.12",
        "Handler": "working_tree.handler",
        "Timeout": timeout,
        "MemorySize": 1769 if handler == CHECK_PICTURE else 512,
        "Environment": {"Variables": variables},
    }
    code = _code()
    _unless_there(lambda: lambda_.create_function(**configuration, Code={"ZipFile": code}), "ResourceConflictException")
    lambda_.update_function_code(FunctionName=name, ZipFile=code)
    return str(lambda_.update_function_configuration(**configuration)["FunctionArn"])


def _code() -> bytes:
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as file:
        file.write(settings.ROOT / "local" / "working_tree.py", "working_tree.py")
    return archive.getvalue()


def _pool(cognito: Any, functions: dict[str, str]) -> tuple[str, str]:
    pools = cognito.list_user_pools(MaxResults=60)["UserPools"]
    found = [pool["Id"] for pool in pools if pool["Name"] == NAME]
    pool_id = found[0] if found else cognito.create_user_pool(**_FIXED, **_pool_settings(functions))["UserPool"]["Id"]
    if found:
        cognito.update_user_pool(
            UserPoolId=pool_id, **_pool_settings(functions)
        )  # a trigger more than the last run knew
    cognito.set_user_pool_mfa_config(
        UserPoolId=pool_id, MfaConfiguration="OPTIONAL", SoftwareTokenMfaConfiguration={"Enabled": True}
    )
    add_missing(cognito, pool_id, _CUSTOM, is_emulated=True)
    clients = cognito.list_user_pool_clients(UserPoolId=pool_id, MaxResults=60)["UserPoolClients"]
    if clients:  # settings of an earlier release are brought up to date
        client_id = clients[0]["ClientId"]
        changeable = {name: value for name, value in _client_settings().items() if name != "GenerateSecret"}
        cognito.update_user_pool_client(UserPoolId=pool_id, ClientId=client_id, **changeable)
        return pool_id, client_id
    app_client = cognito.create_user_pool_client(UserPoolId=pool_id, **_client_settings())
    return pool_id, app_client["UserPoolClient"]["ClientId"]


# What can't be changed afterwards.
_FIXED: Final = {
    "PoolName": NAME,
    "UsernameAttributes": ["email"],
    "UsernameConfiguration": {"CaseSensitive": False},
}


def _pool_settings(functions: dict[str, str]) -> dict[str, Any]:
    return {
        "AdminCreateUserConfig": {"AllowAdminCreateUserOnly": False},
        "AutoVerifiedAttributes": ["email"],
        "UserAttributeUpdateSettings": {"AttributesRequireVerificationBeforeUpdate": ["email"]},
        "AccountRecoverySetting": {"RecoveryMechanisms": [{"Priority": 1, "Name": "verified_email"}]},
        "DeletionProtection": "ACTIVE",
        "MfaConfiguration": "OPTIONAL",
        "UserPoolTier": "LITE",
        "Policies": {
            "PasswordPolicy": {
                "MinimumLength": 12,
                "RequireLowercase": True,
                "RequireUppercase": True,
                "RequireNumbers": True,
                "RequireSymbols": True,
                "TemporaryPasswordValidityDays": 7,
                "PasswordHistorySize": 0,
            }
        },
        "LambdaConfig": functions,
    }


def _client_settings() -> dict[str, Any]:
    return {
        "ClientName": "web",
        "GenerateSecret": False,
        "ExplicitAuthFlows": ["ALLOW_USER_SRP_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"],
        "PreventUserExistenceErrors": "ENABLED",
        "EnableTokenRevocation": True,
        "IdTokenValidity": 15,
        "AccessTokenValidity": 15,
        "RefreshTokenValidity": 7,
        "TokenValidityUnits": {"IdToken": "minutes", "AccessToken": "minutes", "RefreshToken": "days"},
        # What a client may read is in its ID tokens: health data is not.
        "ReadAttributes": [*_STANDARD, "email_verified", "phone_number_verified"],
        "WriteAttributes": [*_STANDARD, *(f"custom:{name}" for name in _CUSTOM)],
    }
