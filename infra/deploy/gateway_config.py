"""Patch the Swagger document of Chalice with gateway responses and a catch-all method.

`chalice deploy` and `chalice package` call `patch_swagger_generator`. API Gateway's own error responses then have the
format of the application: problem details (RFC 9457) that the configured origins can read.
"""

import functools
import json
import re
from collections.abc import Callable, Mapping
from typing import Any, Final

from chalice.awsclient import TypedAWSClient
from chalice.deploy import swagger

from chalicelib.api.cors import WILDCARD_ORIGIN, CorsPolicy
from chalicelib.api.middleware import SECURITY_HEADERS
from chalicelib.core.errors import (
    PROBLEM_JSON,
    ApiError,
    BadRequest,
    ContentTooLarge,
    Forbidden,
    InternalServerError,
    NotFound,
    ServiceUnavailable,
    TooManyRequests,
    Unauthorized,
    UnsupportedMediaType,
)
from infra.deploy.api_stage import build_api_name

_FORBIDDEN_DETAIL: Final = "The request was refused."
# https://docs.aws.amazon.com/apigateway/latest/developerguide/supported-gateway-response-types.html
GATEWAY_RESPONSES: Final[Mapping[str, ApiError]] = {
    "ACCESS_DENIED": Forbidden(_FORBIDDEN_DETAIL),
    "API_CONFIGURATION_ERROR": InternalServerError(),
    "AUTHORIZER_CONFIGURATION_ERROR": InternalServerError(),
    "AUTHORIZER_FAILURE": InternalServerError(),
    "BAD_REQUEST_BODY": BadRequest(),
    "BAD_REQUEST_PARAMETERS": BadRequest("The request's parameters are not valid."),
    "EXPIRED_TOKEN": Unauthorized(),
    "INTEGRATION_FAILURE": ServiceUnavailable(),
    "INTEGRATION_TIMEOUT": ServiceUnavailable(),
    "INVALID_API_KEY": Forbidden(_FORBIDDEN_DETAIL),
    "INVALID_SIGNATURE": Unauthorized(),
    "MISSING_AUTHENTICATION_TOKEN": NotFound(),  # API Gateway's response type for an unknown path
    "QUOTA_EXCEEDED": TooManyRequests(),
    "REQUEST_TOO_LARGE": ContentTooLarge(),
    "RESOURCE_NOT_FOUND": NotFound(),
    "THROTTLED": TooManyRequests(),
    "UNAUTHORIZED": Unauthorized(),
    "UNSUPPORTED_MEDIA_TYPE": UnsupportedMediaType(),
    "WAF_FILTERED": Forbidden(_FORBIDDEN_DETAIL),
    # All other response types.
    "DEFAULT_4XX": Forbidden(_FORBIDDEN_DETAIL),
    "DEFAULT_5XX": InternalServerError(),
}


def build_gateway_responses(cors: CorsPolicy, problem_types_url: str) -> dict[str, Any]:
    """Return the value of `x-amazon-apigateway-gateway-responses`."""
    headers = _cors_headers(cors)
    return {name: _build_response(error, headers, problem_types_url) for name, error in GATEWAY_RESPONSES.items()}


def _cors_headers(cors: CorsPolicy) -> Mapping[str, str]:
    """Return the CORS headers of gateway responses, which cannot depend on the request.

    With several configured origins, any origin may read the responses. They contain no personal data.
    """
    if not cors.origins:
        return {}
    return (
        cors.response_headers(next(iter(cors.origins)))
        if len(cors.origins) == 1
        else CorsPolicy(frozenset({WILDCARD_ORIGIN})).response_headers("")
    )


def _build_response(error: ApiError, cors_headers: Mapping[str, str], problem_types_url: str) -> dict[str, Any]:
    headers = {
        "Content-Type": PROBLEM_JSON,
        **SECURITY_HEADERS,
        **error.headers,
        **cors_headers,
    }
    return {
        "statusCode": str(error.status),
        "responseParameters": {
            "gatewayresponse.header.X-Request-Id": "context.requestId",
            **{f"gatewayresponse.header.{name}": f"'{value}'" for name, value in headers.items()},
        },
        # API Gateway uses this template for every Accept header.
        "responseTemplates": {
            "application/json": json.dumps(error.to_problem("$context.requestId", problem_types_url))
        },
    }


def patch_swagger_generator(cors: CorsPolicy, problem_types_url: str) -> None:
    """Patch Chalice's Swagger document: gateway responses, an API name for each stage, and a catch-all method.

    Also deploy the stage of the API without tracing.
    """
    generate = swagger.SwaggerGenerator.generate_swagger

    def generate_swagger(self: swagger.SwaggerGenerator, app: Any, rest_api: Any = None) -> dict[str, Any]:
        document: dict[str, Any] = generate(self, app, rest_api)
        if rest_api is not None:
            document["info"]["title"] = build_api_name(app.app_name, rest_api.api_gateway_stage)
        document["x-amazon-apigateway-gateway-responses"] = build_gateway_responses(cors, problem_types_url)
        _add_any_method(document["paths"])
        return document

    swagger.SwaggerGenerator.generate_swagger = generate_swagger  # type: ignore[method-assign]
    TypedAWSClient.deploy_rest_api = _deploy_without_tracing(TypedAWSClient.deploy_rest_api)  # type: ignore[method-assign]


def _deploy_without_tracing(deploy: Callable[..., None]) -> Callable[..., None]:
    """Deploy the API without tracing its stage. The tracing of the functions is a separate setting.

    The segments of the stage would contain the path, the IP address and the user agent, encrypted under a key of X-Ray.
    The segments of functions do not.
    """

    @functools.wraps(deploy)
    def wrapper(self: TypedAWSClient, rest_api_id: str, api_gateway_stage: str, xray: bool) -> None:  # noqa: ARG001
        deploy(self, rest_api_id, api_gateway_stage, xray=False)

    return wrapper


def _add_any_method(paths: dict[str, Any]) -> None:
    """Route all other methods and paths to the application, without authorizer: it responds to OPTIONS, 404 and 405."""
    example = next(iter(next(iter(paths.values())).values()))
    operation = {key: example[key] for key in ("produces", "responses", "x-amazon-apigateway-integration")}
    for path in ("/", "/{proxy+}"):
        paths.setdefault(path, {})
    for path, methods in paths.items():
        parameters = [
            {"name": name, "in": "path", "required": True, "type": "string"} for name in re.findall(r"{(\w+)\+?}", path)
        ]
        methods["x-amazon-apigateway-any-method"] = {**operation, "parameters": parameters}
