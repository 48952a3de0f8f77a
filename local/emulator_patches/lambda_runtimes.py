"""When AWS may change a function's runtime: GetRuntimeManagementConfig and PutRuntimeManagementConfig.

MiniStack 1.5.33 has neither. tests/integration/test_emulator.py fails when it has them.
"""

import functools
import json
import re
from collections.abc import Awaitable, Callable
from typing import Any, Final
from urllib.parse import unquote

Answer = tuple[int, dict[str, str], bytes]
Handler = Callable[..., Awaitable[Answer]]

_PATH: Final = re.compile(r"/2021-07-20/functions/([^/]+)/runtime-management-config")
_KEY: Final = "runtime_management_config"


def install() -> None:
    """Wrap MiniStack's handler. It looks it up in its module at each request."""
    from ministack.services import lambda_svc

    lambda_svc.handle_request = _with_runtime_management(lambda_svc.handle_request)


def _with_runtime_management(handle: Handler) -> Handler:
    from ministack.services import lambda_svc

    @functools.wraps(handle)
    async def wrapped(method: str, path: str, headers: Any, body: bytes, query: dict[str, Any]) -> Answer:
        found = _PATH.fullmatch(unquote(path).rstrip("/"))
        if found is None:
            return await handle(method, path, headers, body, query)
        function = lambda_svc._functions.get(lambda_svc._resolve_request_scoped_name(found[1]))
        if function is None:
            return lambda_svc.error_response_json("ResourceNotFoundException", f"Function not found: {found[1]}", 404)  # type: ignore[no-any-return]
        if method == "PUT":
            function[_KEY] = {"UpdateRuntimeOn": json.loads(body)["UpdateRuntimeOn"]}
        config = function.get(_KEY, {"UpdateRuntimeOn": "Auto"})
        arn = function["config"]["FunctionArn"]
        return lambda_svc.json_response({**config, "FunctionArn": arn})  # type: ignore[no-any-return]

    return wrapped
