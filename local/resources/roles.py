"""The IAM roles of the functions."""

from typing import Any

from local.config import REGION
from local.function_definitions import ERASE_FUNCTION
from local.resources.idempotency import create_unless_exists
from local.resources.policies import to_policy_document
from local.stack import ACCOUNT_ID, BUCKET_NAME, STACK_NAME


def ensure_role(iam: Any, name: str, actions: list[str], table_arn: str) -> str:
    """Create the role of a function unless it exists, and set its policy. Return the role's ARN.

    The role allows the function's actions and writing its log. The user pool does not exist yet, so the role allows
    actions on every user pool of the account.
    """
    trust = {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}
    create_unless_exists(
        lambda: iam.create_role(RoleName=name, AssumeRolePolicyDocument=to_policy_document([trust])),
        "EntityAlreadyExists",
    )
    policy = to_policy_document(_build_statements(name, actions, table_arn))
    iam.put_role_policy(RoleName=name, PolicyName="trigger", PolicyDocument=policy)
    return str(iam.get_role(RoleName=name)["Role"]["Arn"])


def _build_statements(name: str, actions: list[str], table_arn: str) -> list[dict[str, Any]]:
    # By service, or by action where an action has a resource of its own.
    functions = f"arn:aws:lambda:{REGION}:{ACCOUNT_ID}:function"
    objects = [f"arn:aws:s3:::{BUCKET_NAME}/{prefix}/*" for prefix in ("pictures", "uploads")]
    resources: dict[str, str | list[str]] = {
        "dynamodb": table_arn,
        "cognito-idp": f"arn:aws:cognito-idp:{REGION}:{ACCOUNT_ID}:userpool/*",
        "lambda": [f"{functions}:{name}", f"{functions}:{STACK_NAME}-{ERASE_FUNCTION}"],  # itself and erase_user
        "logs": f"arn:aws:logs:{REGION}:{ACCOUNT_ID}:log-group:/aws/lambda/{name}:*",
        "s3": f"arn:aws:s3:::{BUCKET_NAME}/pictures/*",
        "s3:GetObject": f"arn:aws:s3:::{BUCKET_NAME}/uploads/*",
        "s3:DeleteObject": objects,
        "s3:DeleteObjectVersion": objects,
        "s3:ListBucketVersions": f"arn:aws:s3:::{BUCKET_NAME}",
    }
    return [
        {
            "Effect": "Allow",
            "Action": [action],
            "Resource": resources.get(action) or resources[action.partition(":")[0]],
        }
        for action in (*actions, "logs:CreateLogStream", "logs:PutLogEvents")
    ]
