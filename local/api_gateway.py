"""A gateway for `chalice local` that behaves like API Gateway: authorization, request ids, limits, and unknown routes.

Chalice's own gateway runs a view without a token and does not verify tokens. This gateway verifies them as the deployed
Cognito authorizer does (local.id_tokens).
"""

import json
import os
import time
from collections.abc import Mapping
from functools import cache
from http import HTTPStatus
from pathlib import Path
from typing import Any

import chalice.local
from chalice import Chalice, CognitoUserPoolAuthorizer
from chalice.app import CaseInsensitiveMapping
from chalice.config import Config
from chalice.local import LambdaContext

from chalicelib.api.cors import CorsPolicy
from chalicelib.api.middleware import HEAD, SECURITY_HEADERS
from chalicelib.core.errors import PROBLEM_JSON, ApiError, ContentTooLarge, ServiceUnavailable, TooManyRequests
from chalicelib.core.identity import get_claims
from chalicelib.core.settings import get_settings
from local import faults, id_tokens, request_log
from local.request_body import MAX_BODY_BYTES


class _GatewayError(chalice.local.LocalGatewayException):
    """An error response that the gateway sends itself, as problem details."""

    def __init__(self, error: ApiError, request_id: str, cors_headers: Mapping[str, str], method: str) -> None:
        headers = {
            **cors_headers,
            **error.headers,
            **SECURITY_HEADERS,
            "Content-Type": PROBLEM_JSON,
            "X-Request-Id": request_id,
        }
        body = json.dumps(error.to_problem(request_id, get_settings().problems_url)).encode()
        super().__init__(headers, b"" if method == HEAD else body)
        self.CODE = error.status
        self.reason = error.reason if isinstance(error, id_tokens.TokenRejected) else str(error)


class ConnectionDropped(Exception):
    """The connection ends without a response, because of a fault."""


class _CognitoAuthorizer(chalice.local.LocalGatewayAuthorizer):
    def authorize(self, raw_path: str, lambda_event: dict[str, Any], lambda_context: Any) -> Any:
        """Add the claims of the ID token to the event. Raises ApiError if the route requires a valid token."""
        route = self._route_for_event(lambda_event)
        if route is not None and isinstance(route.authorizer, CognitoUserPoolAuthorizer):
            token = lambda_event["headers"].get("authorization", "")
            (pool_arn,) = route.authorizer.to_swagger()["x-amazon-apigateway-authorizer"]["providerARNs"]
            claims = id_tokens.verify_id_token(token, pool_arn)
            lambda_event["requestContext"]["authorizer"] = {"claims": id_tokens.stringify_claims(claims)}
            return lambda_event, lambda_context
        return super().authorize(raw_path, lambda_event, lambda_context)


class LocalApiGateway(chalice.local.LocalGateway):
    """Chalice's gateway with the Cognito authorizer, request ids, a stage, and a request log."""

    def __init__(self, app_object: Chalice, config: Config) -> None:
        super().__init__(app_object, config)
        self._authorizer = _CognitoAuthorizer(app_object)

    def handle_request(self, method: str, path: str, headers: Any, body: bytes | None) -> Any:
        """Return the response of the application, and log the request.

        Raises LocalGatewayException for an error response, and ConnectionDropped.
        """
        context, started = self._generate_lambda_context(), time.monotonic()
        is_console = CaseInsensitiveMapping(headers).get("user-agent") == faults.CONSOLE_USER_AGENT
        fault = None if is_console or method == "OPTIONS" else _take_fault()

        def log(status: int, reason: str, response_body: Any = None) -> None:
            request_log.log_request(
                f"{method} {path.partition('?')[0]}",
                status,
                time.monotonic() - started,
                request_id=context.aws_request_id,
                note=reason,
                problem=request_log.parse_problem(status, response_body),
                fault=fault.kind if fault else "",
                is_console=is_console,
            )

        try:
            if fault:
                self._inject(fault, headers, context, method)
            response = self._handle(method, path, headers, body, context)
        except _GatewayError as exc:
            log(exc.CODE, exc.reason, exc.body)
            raise
        except ConnectionDropped:
            log(request_log.NO_RESPONSE, "The connection was dropped.")
            raise
        status, body_text = response["statusCode"], response["body"]
        log(status, request_log.find_rejection_reason(status, body_text), body_text)
        return response

    def _inject(self, fault: faults.Fault, headers: Any, context: LambdaContext, method: str) -> None:
        """Delay a slow request. Raises _GatewayError or ConnectionDropped for the other faults."""
        if fault.kind == faults.SLOW:
            time.sleep(fault.delay_seconds)
        elif fault.kind == faults.DROPPED:
            raise ConnectionDropped
        else:
            error = ServiceUnavailable() if fault.kind == faults.UNAVAILABLE else TooManyRequests()
            raise _GatewayError(error, context.aws_request_id, _build_cors_headers(headers), method)

    def _handle(self, method: str, path: str, headers: Any, body: bytes | None, context: LambdaContext) -> Any:
        """Return the response. Raises _GatewayError."""
        cors_headers = _build_cors_headers(headers)
        if body and len(body) > MAX_BODY_BYTES:
            raise _GatewayError(ContentTooLarge(), context.aws_request_id, cors_headers, method)
        try:
            event = self._generate_lambda_event(method, path, headers, body)
        except ValueError:  # no route: the deployed API passes such a request to the application
            return self._app_object(_build_event_without_route(method, headers, context.aws_request_id), context)
        event["requestContext"] |= {"requestId": context.aws_request_id, "stage": "local"}
        try:
            event, context = self._authorizer.authorize(path, event, context)
        except ApiError as exc:
            raise _GatewayError(exc, context.aws_request_id, cors_headers, method) from exc
        response = self._app_object(event, context)
        if response["statusCode"] == HTTPStatus.UNAUTHORIZED and not _has_token_of_own_client(event):
            return _add_reason(response, id_tokens.OTHER_CLIENT)
        return response


def _build_cors_headers(headers: Any) -> Mapping[str, str]:
    origin = CaseInsensitiveMapping(headers).get("origin", "")
    return CorsPolicy(get_settings().cors_allow_origins).response_headers(origin)


@cache
def _fault_file(state_directory: str) -> faults.FaultFile:
    return faults.FaultFile(Path(state_directory))


def _take_fault() -> faults.Fault | None:
    """Return the fault of this request. Only `make run` has a console that turns faults on."""
    directory = os.environ.get("LOCAL_DIR")
    return _fault_file(directory).take() if directory else None


def _has_token_of_own_client(event: dict[str, Any]) -> bool:
    return get_claims(event["requestContext"]).get("aud") in get_settings().user_pool_client_ids


def _build_event_without_route(method: str, headers: Mapping[str, str], request_id: str) -> dict[str, Any]:
    return {
        "requestContext": {"httpMethod": method, "resourcePath": "/{proxy+}", "requestId": request_id},
        "headers": {name.lower(): text for name, text in headers.items()},
        "pathParameters": {},
        "multiValueQueryStringParameters": None,
        "stageVariables": None,
        "body": None,
    }


def _add_reason(response: Any, reason: str) -> Any:
    """Return the error response of the application with the reason added to its body."""
    body = json.dumps({**json.loads(response["body"]), "reason": reason}) if response["body"] else ""
    return {**response, "body": body}
