"""What functions log: to our own log as well, with a line for each run, and to CloudWatch if their role may.

MiniStack 1.5.33 writes to CloudWatch whatever the role says. On AWS a function whose role may not write its
log runs and leaves no trace. tests/integration/test_emulator.py tells when it does so, too.
"""

import functools
import json
import sys
from collections.abc import Callable
from typing import Any, Final

_NEEDED: Final = ("logs:CreateLogStream", "logs:PutLogEvents")


def install() -> None:
    """Wrap MiniStack's handler. It looks it up in its module at each run."""
    from ministack.services import lambda_svc

    lambda_svc._emit_lambda_logs = _shown(lambda_svc._emit_lambda_logs)
    # A function that is updated is ready at once: `chalice deploy` would wait 5 s for each.
    lambda_svc._LAMBDA_STATE_TRANSITION_DELAY = 0


def _shown(emit: Callable[..., None]) -> Callable[..., None]:
    @functools.wraps(emit)
    def wrapped(func: dict[str, Any], request_id: str, text: str, error: bool, ms: int, **more: Any) -> None:
        config = func.get("config") or func
        if _may_log(config):
            emit(func, request_id, text, error, ms, **more)
        ran = {"message": "function ran", "function": config.get("FunctionName"), "ms": ms, "error": error}
        # In one piece: functions run at the same time.
        sys.stdout.write("\n".join([*text.splitlines(), json.dumps(ran), ""]))
        sys.stdout.flush()

    return wrapped


def _may_log(config: dict[str, Any]) -> bool:
    from ministack.core.iam_evaluator import EvalContext, _gather_role_policies, evaluate

    _, _, _, region, account, *_ = config["FunctionArn"].split(":")
    role = config["Role"].rpartition("/")[2]
    group = f"arn:aws:logs:{region}:{account}:log-group:/aws/lambda/{config['FunctionName']}:log-stream:any"
    policies = _gather_role_policies(role, account)
    return all(
        evaluate(EvalContext(config["Role"], "AssumedRole", account, action, group, region), policies).decision
        == "Allow"
        for action in _NEEDED
    )
