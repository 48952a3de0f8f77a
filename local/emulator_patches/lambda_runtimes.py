"""Runtime management of functions: GetRuntimeManagementConfig and PutRuntimeManagementConfig.

MiniStack 1.5.33 lacks both operations. tests/integration/test_emulator.py fails when it has them.
"""

import functools
import json
import re
from collections.abc import Awaitable, Callable
from typing import Any, Final
from urllib.parse import unquote

HandlerResult = tuple[int, dict[str, str], bytes]
Handler = Callable[..., Awaitable[HandlerResult]]

_PATH: Final = re.compile(r"/2021-07-20/functions/([^/]+)/runtime-management-config")
_CONFIG_KEY: Final = "runtime_management_config"


def install() -> None:
    """Wrap MiniStack's handler. MiniStack looks up the handler in its module at each request."""
    from ministack.services import lambda_svc

    lambda_svc.handle_request = _with_runtime_management(lambda_svc.handle_request)


def _with_runtime_management(handle: Handler) -> Handler:
    from ministack.services import lambda_svc

    @functools.wraps(handle)
    async def wrapped(method: str, path: str, headers: Any, body: bytes, query: dict[str, Any]) -> HandlerResult:
        match = _PATH.fullmatch(unquote(path).rstrip("/"))
        if match is None:
            return await handle(method, path, headers, body, query)
        function = lambda_svc._functions.get(lambda_svc._resolve_request_scoped_name(match[1]))
        if function is None:
            return lambda_svc.error_response_json("ResourceNotFoundException", f"Function not found: {match[1]}", 404)  # type: ignore[no-any-return]
        if method == "PUT":
            function[_CONFIG_KEY] = {"UpdateRuntimeOn": json.loads(body)["UpdateRuntimeOn"]}
        config = function.get(_CONFIG_KEY, {"UpdateRuntimeOn": "Auto"})
        arn = function["config"]["FunctionArn"]
        return lambda_svc.json_response({**config, "FunctionArn": arn})  # type: ignore[no-any-return]

    return wrapped
