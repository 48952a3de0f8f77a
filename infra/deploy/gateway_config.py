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
from chalicelib.api.parsing import JSON_MEDIA_TYPE, MAX_BODY_BYTES
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

_REPORT: Final = "If it fails again, report the request ID to the operator."
_MISCONFIGURED: Final = "The API is not configured correctly. Report the request ID to the operator."
_UNCHECKED_TOKEN: Final = f"The ID token could not be checked. Repeat the request. {_REPORT}"
_WRONG_PATH: Final = "The path does not exist. Compare it with the documentation of the API."
# Each text has the cause and the remedy. API Gateway renders it as a Velocity template, so it
# contains neither a dollar sign nor a number sign.
# https://docs.aws.amazon.com/apigateway/latest/developerguide/supported-gateway-response-types.html
GATEWAY_RESPONSES: Final[Mapping[str, ApiError]] = {
    "ACCESS_DENIED": Forbidden("The access rules of the API do not allow this request. Ask the operator for access."),
    "API_CONFIGURATION_ERROR": InternalServerError(_MISCONFIGURED),
    "AUTHORIZER_CONFIGURATION_ERROR": InternalServerError(_UNCHECKED_TOKEN),
    "AUTHORIZER_FAILURE": InternalServerError(_UNCHECKED_TOKEN),
    "BAD_REQUEST_BODY": BadRequest("The body does not have the required format. Send the documented JSON object."),
    "BAD_REQUEST_PARAMETERS": BadRequest(
        "A header or a parameter of the path or the query is missing or malformed. Send it in the documented format."
    ),
    "EXPIRED_TOKEN": Unauthorized("The token has expired. Refresh it, or sign in again."),
    "INTEGRATION_FAILURE": ServiceUnavailable(
        "The service could not process the request. Repeat it, unless its body is too large."
    ),
    "INTEGRATION_TIMEOUT": ServiceUnavailable(
        "The service did not respond in time. The request may have been carried out. Read the resource, then repeat it."
    ),
    "INVALID_API_KEY": Forbidden("The API key is missing or not valid. Send the key that the operator has issued."),
    "INVALID_SIGNATURE": Unauthorized(
        "The signature of the request is not valid. Send an ID token as a bearer token in the Authorization header."
    ),
    "MISSING_AUTHENTICATION_TOKEN": NotFound(_WRONG_PATH),  # API Gateway's response type for an unknown path
    "QUOTA_EXCEEDED": TooManyRequests("The quota of requests is used up. Ask the operator for a higher quota."),
    "REQUEST_TOO_LARGE": ContentTooLarge(f"The body must be at most {MAX_BODY_BYTES} bytes long."),
    "RESOURCE_NOT_FOUND": NotFound(_WRONG_PATH),
    "THROTTLED": TooManyRequests("The request rate is too high. Repeat the request after Retry-After seconds."),
    "UNAUTHORIZED": Unauthorized(),
    "UNSUPPORTED_MEDIA_TYPE": UnsupportedMediaType(JSON_MEDIA_TYPE),
    "WAF_FILTERED": Forbidden(
        "The web application firewall of the API has blocked the request. If the request is correct, report the "
        "request ID to the operator."
    ),
    # All other response types.
    "DEFAULT_4XX": Forbidden("The API has rejected the request before it was processed. Check its path and headers."),
    "DEFAULT_5XX": InternalServerError(f"An unexpected error occurred in the service. Repeat the request. {_REPORT}"),
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
