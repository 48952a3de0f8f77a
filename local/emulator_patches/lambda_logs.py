"""The logs of functions: also on standard output, and in CloudWatch only if the function's role allows it.

MiniStack 1.5.33 writes to CloudWatch regardless of the role. On AWS, a function whose role does not allow logging runs
without a log. tests/integration/test_emulator.py fails when MiniStack checks the role.
"""

import functools
import json
import sys
from collections.abc import Callable
from typing import Any, Final

from local.client_calls import current_call

_REQUIRED_ACTIONS: Final = ("logs:CreateLogStream", "logs:PutLogEvents")


def install() -> None:
    """Wrap MiniStack's handler. MiniStack looks up the handler in its module at each invocation."""
    from ministack.services import lambda_svc

    lambda_svc._emit_lambda_logs = _forward_logs(lambda_svc._emit_lambda_logs)
    # An updated function is ready immediately. `chalice deploy` would otherwise wait 5 s for each function.
    lambda_svc._LAMBDA_STATE_TRANSITION_DELAY = 0


def _forward_logs(emit: Callable[..., None]) -> Callable[..., None]:
    """Write the log and a summary line of each invocation to standard output."""

    @functools.wraps(emit)
    def wrapped(func: dict[str, Any], request_id: str, text: str, error: bool, ms: int, **keywords: Any) -> None:
        config = func.get("config") or func
        if _role_allows_logging(config):
            emit(func, request_id, text, error, ms, **keywords)
        summary = {
            "message": "function ran",
            "function": config.get("FunctionName"),
            "ms": ms,
            "error": error,
            "request_id": request_id,
            **_describe_call(),
        }
        # In one write, because functions run concurrently.
        sys.stdout.write("\n".join([*text.splitlines(), json.dumps(summary), ""]))
        sys.stdout.flush()

    return wrapped


def _describe_call() -> dict[str, Any]:
    """Return the id of the request that has invoked the function. Empty for an invocation by a schedule."""
    call = current_call.get()
    if call is None:
        return {}
    return {"call_id": call.id, "console": True} if call.is_console else {"call_id": call.id}


def _role_allows_logging(config: dict[str, Any]) -> bool:
    from ministack.core.iam_evaluator import EvalContext, _gather_role_policies, evaluate

    _, _, _, region, account, *_ = config["FunctionArn"].split(":")
    role = config["Role"].rpartition("/")[2]
    group = f"arn:aws:logs:{region}:{account}:log-group:/aws/lambda/{config['FunctionName']}:log-stream:any"
    policies = _gather_role_policies(role, account)
    return all(
        evaluate(EvalContext(config["Role"], "AssumedRole", account, action, group, region), policies).decision
        == "Allow"
        for action in _REQUIRED_ACTIONS
    )
