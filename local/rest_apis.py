"""What MiniStack 1.5.33 lacks of API Gateway. tests/integration/test_emulator.py tells when it does not.

- ImportRestApi and PutRestApi, by which `chalice deploy` makes an API and changes it. MiniStack reads Swagger for
  CloudFormation already; methods that stand for any, and gateway responses, are added.
- UpdateRestApi with the operations Chalice sends: no compression, and the type of the endpoint.
- CreateDeployment with tracing.
- The header that a function may not set: it reaches the client under another name.
"""

import functools
import json
from collections.abc import Awaitable, Callable
from typing import Any, Final

Answer = tuple[int, dict[str, str], bytes]
Handler = Callable[..., Awaitable[Answer]]

_ANY: Final = "x-amazon-apigateway-any-method"
_GATEWAY_RESPONSES: Final = "x-amazon-apigateway-gateway-responses"
# https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-known-issues.html
_REMAPPED: Final = {"www-authenticate": "x-amzn-Remapped-www-authenticate"}
_BINARY: Final = "x-amazon-apigateway-binary-media-types"


def install() -> None:
    """Wrap MiniStack's handlers. It looks them up in its module at each request."""
    from ministack.services import apigateway_v1 as v1

    v1._OPENAPI_HTTP_METHODS.add("any")
    v1.handle_request = _importing(v1.handle_request)
    v1._update_rest_api = _of_chalice(v1._update_rest_api)
    v1._create_deployment = _traced(v1._create_deployment)
    v1._invoke_lambda_proxy_v1 = _remapped(v1._invoke_lambda_proxy_v1)


def _importing(handle: Handler) -> Handler:
    @functools.wraps(handle)
    async def wrapped(method: str, path: str, headers: Any, body: bytes, query: dict[str, Any]) -> Answer:
        parts = path.strip("/").split("/")
        if parts == ["restapis"] and method == "POST" and "import" in query.get("mode", ()):
            (endpoint,) = query.get("endpointConfigurationTypes") or ["EDGE"]
            return _told(_import(json.loads(body), {"types": [endpoint]}), 201)
        if len(parts) == 2 and parts[0] == "restapis" and method == "PUT":
            return _told(_overwrite(parts[1], json.loads(body)), 200)
        return await handle(method, path, headers, body, query)

    return wrapped


def _told(api_id: str, status: int) -> Answer:
    from ministack.services import apigateway_v1 as v1

    _, headers, body = v1._get_rest_api(api_id)
    return status, headers, body


def _import(spec: dict[str, Any], endpoint: Any) -> str:
    """Make an API of a Swagger document; its id."""
    from ministack.services import apigateway_v1 as v1

    paths = {
        path: {"any" if method == _ANY else method: operation for method, operation in methods.items()}
        for path, methods in spec["paths"].items()
    }
    base = {"endpointConfiguration": endpoint, "binaryMediaTypes": spec.get(_BINARY, [])}
    api_id = str(v1._import_rest_api({**spec, "paths": paths}, base))
    for kind, response in spec.get(_GATEWAY_RESPONSES, {}).items():
        status, _, body = v1._put_gateway_response(api_id, kind, response)
        assert status == 201, body
    return api_id


def _overwrite(api_id: str, spec: dict[str, Any]) -> str:
    """Put what the document makes in the place of what the API has; its stages stay."""
    from ministack.services import apigateway_v1 as v1

    made = _import(spec, v1._rest_apis[api_id]["endpointConfiguration"])
    for store in (v1._resources, v1._authorizers_v1, v1._models, v1._gateway_responses):
        store[api_id] = store.pop(made)
    settings = ("id", "createdDate", "tags", "securityPolicy", "endpointAccessMode")
    kept = {name: v1._rest_apis[api_id][name] for name in settings if name in v1._rest_apis[api_id]}
    v1._rest_apis[api_id] = {**v1._rest_apis[made], **kept}
    v1._delete_rest_api(made)
    return api_id


def _of_chalice(update: Callable[..., Answer]) -> Callable[..., Answer]:
    @functools.wraps(update)
    def wrapped(api_id: str, data: dict[str, Any]) -> Answer:
        from ministack.services import apigateway_v1 as v1

        left = []
        for operation in data.get("patchOperations", []):
            path, value = operation["path"], operation.get("value")
            if path.startswith("/endpointConfiguration/types/"):
                v1._rest_apis[api_id]["endpointConfiguration"] = {"types": [value]}
            elif path != "/minimumCompressionSize" or value:
                left.append(operation)
        return update(api_id, {**data, "patchOperations": left})

    return wrapped


def _remapped(invoke: Handler) -> Handler:
    @functools.wraps(invoke)
    async def wrapped(*arguments: Any, **more: Any) -> Answer:
        status, headers, body = await invoke(*arguments, **more)
        return status, {_REMAPPED.get(name.lower(), name): value for name, value in headers.items()}, body

    return wrapped


def _traced(create: Callable[..., Answer]) -> Callable[..., Answer]:
    @functools.wraps(create)
    def wrapped(api_id: str, data: dict[str, Any]) -> Answer:
        from ministack.services import apigateway_v1 as v1

        answer = create(api_id, data)
        if answer[0] == 201 and "tracingEnabled" in data:
            v1._stages_v1[api_id][data["stageName"]]["tracingEnabled"] = data["tracingEnabled"]
        return answer

    return wrapped
