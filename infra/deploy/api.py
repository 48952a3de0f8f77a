"""What Chalice has no setting for: how API Gateway answers by itself, its TLS, and its stage's logs and throttling.

`extend` runs in every `chalice deploy` and `chalice package`: app.py calls it under the command. So the
gateway's own answers have the shape of the application's: RFC 9457, readable by the configured origins.
"""

import functools
import json
import re
from collections.abc import Callable, Mapping
from typing import Any, Final

from chalice.awsclient import TypedAWSClient
from chalice.deploy import swagger

from chalicelib.cors import ANY, Cors
from chalicelib.errors import (
    PROBLEM_JSON,
    ApiError,
    Forbidden,
    Malformed,
    NotFound,
    TooLarge,
    TooManyRequests,
    Unauthenticated,
    Unavailable,
    UnsupportedMedia,
)
from chalicelib.http import ALWAYS

# https://docs.aws.amazon.com/apigateway/latest/developerguide/supported-gateway-response-types.html
_REFUSED: Final = "The request was refused."
RESPONSES: Final[Mapping[str, ApiError]] = {
    "ACCESS_DENIED": Forbidden(_REFUSED),
    "API_CONFIGURATION_ERROR": ApiError(),
    "AUTHORIZER_CONFIGURATION_ERROR": ApiError(),
    "AUTHORIZER_FAILURE": ApiError(),
    "BAD_REQUEST_BODY": Malformed(),
    "BAD_REQUEST_PARAMETERS": Malformed("The request's parameters are not valid."),
    "EXPIRED_TOKEN": Unauthenticated(),
    "INTEGRATION_FAILURE": Unavailable(),
    "INTEGRATION_TIMEOUT": Unavailable(),
    "INVALID_API_KEY": Forbidden(_REFUSED),
    "INVALID_SIGNATURE": Unauthenticated(),
    "MISSING_AUTHENTICATION_TOKEN": NotFound(),  # so does API Gateway call a path that it does not know
    "QUOTA_EXCEEDED": TooManyRequests(),
    "REQUEST_TOO_LARGE": TooLarge(),
    "RESOURCE_NOT_FOUND": NotFound(),
    "THROTTLED": TooManyRequests(),
    "UNAUTHORIZED": Unauthenticated(),
    "UNSUPPORTED_MEDIA_TYPE": UnsupportedMedia(),
    "WAF_FILTERED": Forbidden(_REFUSED),
    # Whatever is none of these.
    "DEFAULT_4XX": Forbidden(_REFUSED),
    "DEFAULT_5XX": ApiError(),
}


def gateway_responses(cors: Cors, types: str) -> dict[str, Any]:
    """The value of `x-amazon-apigateway-gateway-responses`. `types` is the page about problem types."""
    return {kind: _response(error, _readable_by(cors), types) for kind, error in RESPONSES.items()}


def _readable_by(cors: Cors) -> Mapping[str, str]:
    """These headers are fixed texts. Where several origins may call, any may read: there is nobody's data in it."""
    if not cors.origins:
        return {}
    return cors.headers(next(iter(cors.origins))) if len(cors.origins) == 1 else Cors(frozenset({ANY})).headers("")


def _response(error: ApiError, cors: Mapping[str, str], types: str) -> dict[str, Any]:
    headers = {
        "Content-Type": PROBLEM_JSON,
        **ALWAYS,
        **error.headers,
        **cors,
    }
    return {
        "statusCode": str(error.status),
        "responseParameters": {
            "gatewayresponse.header.X-Request-Id": "context.requestId",
            **{f"gatewayresponse.header.{name}": f"'{text}'" for name, text in headers.items()},
        },
        # Under this key it is taken whatever the request accepts.
        "responseTemplates": {"application/json": json.dumps(error.problem("$context.requestId", types))},
    }


def extend(cors: Cors, types: str) -> None:
    """Let Chalice's Swagger have gateway responses, a name for each stage, and an answer for any method and path.

    The API's stage is deployed without tracing.
    """
    generate = swagger.SwaggerGenerator.generate_swagger

    def extended(self: swagger.SwaggerGenerator, app: Any, rest_api: Any = None) -> dict[str, Any]:
        document: dict[str, Any] = generate(self, app, rest_api)
        if rest_api is not None:
            document["info"]["title"] = name(app.app_name, rest_api.api_gateway_stage)
        document["x-amazon-apigateway-gateway-responses"] = gateway_responses(cors, types)
        _with_any(document["paths"])
        return document

    swagger.SwaggerGenerator.generate_swagger = extended  # type: ignore[method-assign]
    TypedAWSClient.deploy_rest_api = _deploy_without_tracing(TypedAWSClient.deploy_rest_api)  # type: ignore[method-assign]


def _deploy_without_tracing(deploy: Callable[..., None]) -> Callable[..., None]:
    """Deploy the API without tracing its stage, whatever the functions are set to.

    The stage's segments would hold path, address and agent, under a key of X-Ray's. Those of functions do not.
    """

    @functools.wraps(deploy)
    def wrapped(self: TypedAWSClient, rest_api_id: str, api_gateway_stage: str, xray: bool) -> None:  # noqa: ARG001
        deploy(self, rest_api_id, api_gateway_stage, xray=False)

    return wrapped


def name(app_name: str, stage: str) -> str:
    """The API's name, by which a stage finds it again."""
    return f"{app_name}-{stage}"


def _with_any(paths: dict[str, Any]) -> None:
    """What is no route goes to the application as well, without authorizer: it answers OPTIONS, 404 and 405."""
    some = next(iter(next(iter(paths.values())).values()))
    rest = {key: some[key] for key in ("produces", "responses", "x-amazon-apigateway-integration")}
    for path in ("/", "/{proxy+}"):
        paths.setdefault(path, {})
    for path, methods in paths.items():
        parameters = [
            {"name": name, "in": "path", "required": True, "type": "string"} for name in re.findall(r"{(\w+)\+?}", path)
        ]
        methods["x-amazon-apigateway-any-method"] = {**rest, "parameters": parameters}


def execution_log(api_id: str, stage: str) -> str:
    """The log group in which API Gateway tells of its own errors. It has this name, and no retention by itself."""
    return f"API-Gateway-Execution-Logs_{api_id}/{stage}"


# One line of JSON a request. No path (which names a person), no address, no body.
_LOG_FORMAT: Final = {
    "request_id": "$context.requestId",
    "sub": "$context.authorizer.claims.sub",
    "method": "$context.httpMethod",
    "route": "$context.resourcePath",
    "status": "$context.status",
    "error": "$context.error.responseType",
    "ms": "$context.responseLatency",
    "bytes": "$context.responseLength",
    "time": "$context.requestTime",
}


def settle(client: Any, api_id: str, wanted: Mapping[str, Any]) -> bool:
    """Set the stage's logs, throttling and tracing as the output `api_stage` says; False if they are."""
    stage = client.get_stage(restApiId=api_id, stageName=wanted["name"])
    log, every = stage.get("accessLogSettings", {}), stage.get("methodSettings", {}).get("*/*", {})
    there = {
        "/accessLogSettings/destinationArn": str(log.get("destinationArn", "")).removesuffix(":*"),
        "/accessLogSettings/format": log.get("format"),
        "/*/*/throttling/rateLimit": every.get("throttlingRateLimit"),
        "/*/*/throttling/burstLimit": every.get("throttlingBurstLimit"),
        "/*/*/logging/loglevel": every.get("loggingLevel"),
        "/*/*/logging/dataTrace": every.get("dataTraceEnabled"),
        "/tracingEnabled": stage.get("tracingEnabled", False),
    }
    settings = {
        "/accessLogSettings/destinationArn": wanted["log_group_arn"],
        "/accessLogSettings/format": json.dumps(_LOG_FORMAT),
        "/*/*/throttling/rateLimit": float(wanted["rate"]),
        "/*/*/throttling/burstLimit": int(wanted["burst"]),
        "/*/*/logging/loglevel": "ERROR",
        "/*/*/logging/dataTrace": False,  # bodies are health data
        "/tracingEnabled": False,  # of a stage that an earlier release has deployed
    }
    operations = [
        {"op": "replace", "path": path, "value": _text(value)}
        for path, value in settings.items()
        if there[path] != value
    ]
    if operations:
        client.update_stage(restApiId=api_id, stageName=wanted["name"], patchOperations=operations)
    return bool(operations)


def secure(client: Any, api_id: str, policy: str) -> bool:
    """Set which TLS versions and ciphers the API's address accepts; False if it does.

    The address of an API takes TLS 1.0 by default. A change takes AWS about 15 minutes, in which the API answers.
    https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-security-policies.html
    """
    if client.get_rest_api(restApiId=api_id).get("securityPolicy") == policy:
        return False
    settings = {"/securityPolicy": policy, "/endpointAccessMode": "BASIC"}
    operations = [{"op": "replace", "path": path, "value": value} for path, value in settings.items()]
    client.update_rest_api(restApiId=api_id, patchOperations=operations)
    return True


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
