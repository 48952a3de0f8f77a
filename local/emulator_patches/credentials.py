"""Verify the signatures of the account's root user, and use unpredictable credentials for functions.

MiniStack 1.5.33 accepts the key `test`, and any account id, as the root user, and does not verify signatures of the
root user. The credentials of its functions can be computed from the names of the functions.
"""

import hashlib
import hmac
import os
from typing import Any


def install() -> None:
    """Replace MiniStack's functions. MiniStack looks up the functions in their modules at each request."""
    from ministack.core import iam_evaluator, lambda_runtime
    from ministack.services import lambda_svc

    iam_evaluator.is_root_access_key = _is_root_access_key
    iam_evaluator._is_root_key = _has_no_key
    lambda_runtime.execution_credentials = lambda_svc.execution_credentials = _execution_credentials


def _is_root_access_key(access_key_id: str) -> bool:
    """Return True for the root user's key, and without a key. Without a key, only public operations are allowed."""
    return not access_key_id or access_key_id == os.environ["AWS_ACCESS_KEY_ID"]


def _has_no_key(access_key_id: str) -> bool:
    """Return True if the request has no signature to verify."""
    return not access_key_id


def _execution_credentials(config: dict[str, Any]) -> dict[str, str]:
    """Return credentials of a function's role. They cannot be computed without the secret key of this run."""
    from ministack.services import sts

    account, role = config["FunctionArn"].split(":")[4], config["Role"].rpartition("/")[2]
    session = config["FunctionName"][:64]

    def derive(purpose: str) -> str:
        text = f"{purpose}:{config['FunctionArn']}:{config['Role']}"
        return hmac.new(os.environ["AWS_SECRET_ACCESS_KEY"].encode(), text.encode(), hashlib.sha256).hexdigest()

    credentials = {
        "AWS_ACCESS_KEY_ID": f"ASIA{derive('id')[:16].upper()}",
        "AWS_SECRET_ACCESS_KEY": derive("secret"),
        "AWS_SESSION_TOKEN": derive("token"),
    }
    sts.register_session(
        credentials["AWS_ACCESS_KEY_ID"],
        {
            "Arn": f"arn:aws:sts::{account}:assumed-role/{role}/{session}",
            "UserId": f"{role}:{session}",
            "SecretAccessKey": credentials["AWS_SECRET_ACCESS_KEY"],
            "SessionToken": credentials["AWS_SESSION_TOKEN"],
        },
    )
    return credentials
