"""The IAM roles of the functions."""

from typing import Any

from local.config import REGION
from local.resources.idempotency import create_unless_exists
from local.resources.permissions import PERMISSIONS
from local.resources.policies import to_policy_document
from local.stack import ACCOUNT_ID, STACK_NAME


def ensure_role(iam: Any, function: str) -> str:
    """Create the role of a function unless it exists, and set its policy. Return the role's ARN.

    The role allows the function's actions and writing its log.
    """
    name = f"{STACK_NAME}-{function}"
    trust = {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}
    create_unless_exists(
        lambda: iam.create_role(RoleName=name, AssumeRolePolicyDocument=to_policy_document([trust])),
        "EntityAlreadyExists",
    )
    logs = {
        "Effect": "Allow",
        "Action": ["logs:CreateLogStream", "logs:PutLogEvents"],
        "Resource": f"arn:aws:logs:{REGION}:{ACCOUNT_ID}:log-group:/aws/lambda/{name}:*",
    }
    policy = to_policy_document([*PERMISSIONS[function], logs])
    iam.put_role_policy(RoleName=name, PolicyName="function", PolicyDocument=policy)
    return str(iam.get_role(RoleName=name)["Role"]["Arn"])
