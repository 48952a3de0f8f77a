"""Rules of bucket policies that MiniStack 1.5.33 does not apply.

- A Deny in a bucket policy also applies to the account's root user. The API of the local stack signs as this user.
- A request that writes an object with tags also needs permission for s3:PutObjectTagging.

tests/integration/test_emulator_files.py fails when MiniStack applies them.
"""

import functools
import os
from collections.abc import Callable
from typing import Any

Checks = list[tuple[str, str]]


def install() -> None:
    """Wrap MiniStack's functions. MiniStack looks up the functions in their modules at each request."""
    from ministack.core import iam_actions, iam_evaluator

    iam_evaluator.enforce = _with_deny_for_root(iam_evaluator.enforce)
    iam_actions.s3_additional_checks = _with_tagging(iam_actions.s3_additional_checks)


def _with_deny_for_root(enforce: Callable[..., Any]) -> Callable[..., Any]:
    from ministack.core import iam_evaluator
    from ministack.core.responses import get_account_id
    from ministack.services import s3

    @functools.wraps(enforce)
    def wrapped(
        access_key_id: str,
        action: str,
        service: str,
        region: str,
        resource_arn: str = "*",
        service_context: dict[str, Any] | None = None,
    ) -> Any:
        denied = enforce(access_key_id, action, service, region, resource_arn, service_context)
        if denied is not None or service != "s3" or access_key_id != os.environ["AWS_ACCESS_KEY_ID"]:
            return denied
        policy = s3.bucket_policy_for_arn(resource_arn)
        if policy is None:
            return None
        account = get_account_id()
        context = iam_evaluator.EvalContext(
            principal_arn=f"arn:aws:iam::{account}:root",
            principal_type="Root",
            principal_account=account,
            action=action,
            resource_arn=resource_arn,
            region=region,
            service_context={key.lower(): value for key, value in (service_context or {}).items()},
        )
        result = iam_evaluator.evaluate_resource_policy(policy[0], context)
        result.resource_policy_arn = resource_arn
        return result if result.decision == "Deny" else None

    return wrapped


def _with_tagging(list_checks: Callable[..., Checks]) -> Callable[..., Checks]:
    from ministack.core.iam_actions import _s3_action

    @functools.wraps(list_checks)
    def wrapped(method: str, path: str, headers: dict[str, str], body: bytes, query: dict[str, Any]) -> Checks:
        checks = list_checks(method, path, headers, body, query)
        if headers.get("x-amz-tagging") and _s3_action(method, path, query) == "PutObject":
            checks.append(("s3:PutObjectTagging", f"arn:aws:s3:::{path.lstrip('/')}"))
        return checks

    return wrapped
