"""Retries of functions that EventBridge invokes. MiniStack 1.5.33 invokes them once, even if they fail.

EventBridge invokes a function asynchronously, and Lambda repeats a failed invocation twice.
tests/integration/test_emulator_files.py fails when MiniStack repeats it.
"""

import json


def install() -> None:
    """Replace MiniStack's function. MiniStack looks up the function in its module at each event."""
    from ministack.services import eventbridge

    eventbridge._dispatch_to_lambda = _invoke_with_retries


def _invoke_with_retries(arn: str, payload: str) -> None:
    from ministack.services import lambda_svc

    function, config, _ = lambda_svc._get_func_record_for_ref(arn)
    if function and config:
        record = lambda_svc._execution_record_for_config(function, config)
        lambda_svc.invoke_async_with_retry(record, json.loads(payload))
