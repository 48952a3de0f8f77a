"""Operations of API Gateway that MiniStack 1.5.33 lacks. tests/integration/test_emulator.py fails when it has them.

- ImportRestApi and PutRestApi, with which `chalice deploy` creates and updates an API. MiniStack already reads Swagger
  for CloudFormation. This patch adds methods of the kind `ANY`, and gateway responses.
- UpdateRestApi with the operations that Chalice sends: no compression, and the endpoint type.
- CreateDeployment with tracing.
- The response header that a function may not set. API Gateway sends it with another name.
"""

import functools
import json
from collections.abc import Awaitable, Callable
from typing import Any, Final

HandlerResult = tuple[int, dict[str, str], bytes]
Handler = Callable[..., Awaitable[HandlerResult]]

_ANY_METHOD: Final = "x-amazon-apigateway-any-method"
_GATEWAY_RESPONSES: Final = "x-amazon-apigateway-gateway-responses"
_BINARY_MEDIA_TYPES: Final = "x-amazon-apigateway-binary-media-types"
# https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-known-issues.html
_REMAPPED_HEADERS: Final = {"www-authenticate": "x-amzn-Remapped-www-authenticate"}
# Settings of an API that PutRestApi does not replace.
_PRESERVED_SETTINGS: Final = ("id", "createdDate", "tags", "securityPolicy", "endpointAccessMode")


def install() -> None:
    """Wrap MiniStack's handlers. MiniStack looks up the handlers in its module at each request."""
    from ministack.services import apigateway_v1 as v1

    v1._OPENAPI_HTTP_METHODS.add("any")
    v1.handle_request = _with_swagger_import(v1.handle_request)
    v1._update_rest_api = _with_chalice_operations(v1._update_rest_api)
    v1._create_deployment = _with_tracing(v1._create_deployment)
    v1._invoke_lambda_proxy_v1 = _with_remapped_headers(v1._invoke_lambda_proxy_v1)


def _with_swagger_import(handle: Handler) -> Handler:
    @functools.wraps(handle)
    async def wrapped(method: str, path: str, headers: Any, body: bytes, query: dict[str, Any]) -> HandlerResult:
        parts = path.strip("/").split("/")
        if parts == ["restapis"] and method == "POST" and "import" in query.get("mode", ()):
            (endpoint,) = query.get("endpointConfigurationTypes") or ["EDGE"]
            return _get_rest_api(_create_from_swagger(json.loads(body), {"types": [endpoint]}), 201)
        if len(parts) == 2 and parts[0] == "restapis" and method == "PUT":
            return _get_rest_api(_replace_from_swagger(parts[1], json.loads(body)), 200)
        return await handle(method, path, headers, body, query)

    return wrapped


def _get_rest_api(api_id: str, status: int) -> HandlerResult:
    """Return the response of GetRestApi with another status."""
    from ministack.services import apigateway_v1 as v1

    _, headers, body = v1._get_rest_api(api_id)
    return status, headers, body


def _create_from_swagger(spec: dict[str, Any], endpoint: Any) -> str:
    """Create an API from a Swagger document. Return the API's id."""
    from ministack.services import apigateway_v1 as v1

    paths = {
        path: {"any" if method == _ANY_METHOD else method: operation for method, operation in methods.items()}
        for path, methods in spec["paths"].items()
    }
    base = {"endpointConfiguration": endpoint, "binaryMediaTypes": spec.get(_BINARY_MEDIA_TYPES, [])}
    api_id = str(v1._import_rest_api({**spec, "paths": paths}, base))
    for kind, response in spec.get(_GATEWAY_RESPONSES, {}).items():
        status, _, body = v1._put_gateway_response(api_id, kind, response)
        assert status == 201, body
    return api_id


def _replace_from_swagger(api_id: str, spec: dict[str, Any]) -> str:
    """Replace the definition of an API with that of a Swagger document. Its stages are unchanged. Return the id."""
    from ministack.services import apigateway_v1 as v1

    new_id = _create_from_swagger(spec, v1._rest_apis[api_id]["endpointConfiguration"])
    for store in (v1._resources, v1._authorizers_v1, v1._models, v1._gateway_responses):
        store[api_id] = store.pop(new_id)
    api = v1._rest_apis[api_id]
    preserved = {name: api[name] for name in _PRESERVED_SETTINGS if name in api}
    v1._rest_apis[api_id] = {**v1._rest_apis[new_id], **preserved}
    v1._delete_rest_api(new_id)
    return api_id


def _with_chalice_operations(update: Callable[..., HandlerResult]) -> Callable[..., HandlerResult]:
    @functools.wraps(update)
    def wrapped(api_id: str, data: dict[str, Any]) -> HandlerResult:
        from ministack.services import apigateway_v1 as v1

        remaining = []
        for operation in data.get("patchOperations", []):
            path, value = operation["path"], operation.get("value")
            if path.startswith("/endpointConfiguration/types/"):
                v1._rest_apis[api_id]["endpointConfiguration"] = {"types": [value]}
            elif path != "/minimumCompressionSize" or value:
                remaining.append(operation)
        return update(api_id, {**data, "patchOperations": remaining})

    return wrapped


def _with_remapped_headers(invoke: Handler) -> Handler:
    @functools.wraps(invoke)
    async def wrapped(*arguments: Any, **keywords: Any) -> HandlerResult:
        status, headers, body = await invoke(*arguments, **keywords)
        return status, {_REMAPPED_HEADERS.get(name.lower(), name): value for name, value in headers.items()}, body

    return wrapped


def _with_tracing(create_deployment: Callable[..., HandlerResult]) -> Callable[..., HandlerResult]:
    @functools.wraps(create_deployment)
    def wrapped(api_id: str, data: dict[str, Any]) -> HandlerResult:
        from ministack.services import apigateway_v1 as v1

        result = create_deployment(api_id, data)
        if result[0] == 201 and "tracingEnabled" in data:
            v1._stages_v1[api_id][data["stageName"]]["tracingEnabled"] = data["tracingEnabled"]
        return result

    return wrapped
