"""Settings of the API and its stage that Chalice does not support: access log, throttling, tracing and TLS."""

import json
from collections.abc import Mapping
from typing import Any, Final

# One JSON line per request, without personal data: no path, IP address or body.
_ACCESS_LOG_FORMAT: Final = {
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


def build_api_name(app_name: str, stage: str) -> str:
    """Return the name of the API of a stage."""
    return f"{app_name}-{stage}"


def configure_stage(client: Any, api_id: str, settings: Mapping[str, Any]) -> bool:
    """Set the access log, throttling and tracing from the Terraform output `api_stage`. Return True if changed."""
    current = _read_current(client.get_stage(restApiId=api_id, stageName=settings["name"]))
    wanted = {
        "/accessLogSettings/destinationArn": settings["log_group_arn"],
        "/accessLogSettings/format": json.dumps(_ACCESS_LOG_FORMAT),
        "/*/*/throttling/rateLimit": float(settings["rate"]),
        "/*/*/throttling/burstLimit": int(settings["burst"]),
        "/*/*/logging/loglevel": "ERROR",
        "/*/*/logging/dataTrace": False,  # bodies contain health data
        "/tracingEnabled": False,  # earlier releases enabled it
    }
    operations = [
        {"op": "replace", "path": path, "value": _to_patch_value(value)}
        for path, value in wanted.items()
        if current[path] != value
    ]
    if operations:
        client.update_stage(restApiId=api_id, stageName=settings["name"], patchOperations=operations)
    return bool(operations)


def _read_current(stage: Mapping[str, Any]) -> dict[str, Any]:
    """Return the present settings of a stage by the paths of their patch operations."""
    log = stage.get("accessLogSettings", {})
    methods = stage.get("methodSettings", {}).get("*/*", {})
    return {
        "/accessLogSettings/destinationArn": str(log.get("destinationArn", "")).removesuffix(":*"),
        "/accessLogSettings/format": log.get("format"),
        "/*/*/throttling/rateLimit": methods.get("throttlingRateLimit"),
        "/*/*/throttling/burstLimit": methods.get("throttlingBurstLimit"),
        "/*/*/logging/loglevel": methods.get("loggingLevel"),
        "/*/*/logging/dataTrace": methods.get("dataTraceEnabled"),
        "/tracingEnabled": stage.get("tracingEnabled", False),
    }


def set_security_policy(client: Any, api_id: str, policy: str) -> bool:
    """Set the TLS versions and ciphers that the URL of the API accepts. Return True if changed.

    The default policy accepts TLS 1.0. AWS needs about 15 minutes for a change; the API remains available.
    https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-security-policies.html
    """
    if client.get_rest_api(restApiId=api_id).get("securityPolicy") == policy:
        return False
    settings = {"/securityPolicy": policy, "/endpointAccessMode": "BASIC"}
    operations = [{"op": "replace", "path": path, "value": value} for path, value in settings.items()]
    client.update_rest_api(restApiId=api_id, patchOperations=operations)
    return True


def _to_patch_value(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
