"""What `chalice local` lacks of API Gateway: the Cognito authorizer, and its way of passing a request on.

Chalice alone runs a view without a token, believes a forged one and drops the connection at garbage.
Here a token is checked as the deployed authorizer does: RS256 by the pool's published keys, issuer,
expiry, and that it is an ID token.
"""

import json
import os
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import cache
from typing import Any, Final
from urllib.parse import unquote

import chalice.local
from chalice import Chalice, CognitoUserPoolAuthorizer, CORSConfig
from chalice.config import Config

from chalicelib.errors import PROBLEM_JSON, ApiError, NotFound, Unauthenticated, Unavailable

_KEYS_KEPT: Final = 300  # seconds


def install() -> None:
    """Let `chalice local` serve through this gateway."""
    chalice.local.LocalGateway = Gateway  # type: ignore[misc]
    # Python's default of 5 waiting connections resets those of a page that loads many things at once.
    chalice.local.ThreadedHTTPServer.request_queue_size = 128


class _Refused(chalice.local.LocalGatewayException):
    """An answer of the gateway itself, in the shape of all others."""

    def __init__(self, error: ApiError, request_id: str, cors: Mapping[str, str]) -> None:
        headers = {**cors, **error.headers, "Content-Type": PROBLEM_JSON, "Cache-Control": "no-store"}
        super().__init__(headers, json.dumps(error.problem(request_id)).encode())
        self.CODE = error.status


class _Authorizer(chalice.local.LocalGatewayAuthorizer):
    def authorize(self, raw_path: str, lambda_event: dict[str, Any], lambda_context: Any) -> Any:
        route = self._route_for_event(lambda_event)
        if route is not None and isinstance(route.authorizer, CognitoUserPoolAuthorizer):
            token = lambda_event["headers"].get("authorization", "")
            claims = verified_claims(token, route.authorizer.to_swagger())
            lambda_event["requestContext"]["authorizer"] = {"claims": as_texts(claims)}
            return lambda_event, lambda_context
        return super().authorize(raw_path, lambda_event, lambda_context)


class Gateway(chalice.local.LocalGateway):
    """Chalice's gateway with the authorizer, a request id, a stage and decoded path parameters."""

    def __init__(self, app_object: Chalice, config: Config) -> None:
        super().__init__(app_object, config)
        self._authorizer = _Authorizer(app_object)

    def handle_request(self, method: str, path: str, headers: Any, body: bytes | None) -> Any:
        context = self._generate_lambda_context()
        cors = self._app_object.api.cors
        always = cors.get_access_control_headers() if isinstance(cors, CORSConfig) else {}
        try:
            event = self._generate_lambda_event(method, path, headers, body)
        except ValueError:
            raise _Refused(NotFound(), context.aws_request_id, always) from None
        if method == "OPTIONS":
            return super().handle_request(method, path, headers, body)
        event["requestContext"] |= {"requestId": context.aws_request_id, "stage": "local"}
        event["pathParameters"] = {name: unquote(text) for name, text in event["pathParameters"].items()}
        try:
            event, context = self._authorizer.authorize(path, event, context)
        except ApiError as exc:
            raise _Refused(exc, context.aws_request_id, always) from exc
        return self._app_object(event, context)


def verified_claims(header: str, swagger: Mapping[str, Any]) -> dict[str, Any]:
    """The claims of an Authorization header's ID token, `Bearer` or bare.

    Raises Unauthenticated for anything API Gateway would refuse, Unavailable without the pool's keys.
    """
    import jwt  # a development requirement; `chalice deploy` loads app.py without it

    (arn,) = swagger["x-amazon-apigateway-authorizer"]["providerARNs"]
    region, pool_id = arn.split(":")[3], arn.rpartition("/")[2]
    scheme, _, rest = header.strip().partition(" ")
    token = rest.strip() if scheme.lower() == "bearer" else header.strip()
    issuer = f"https://cognito-idp.{region}.amazonaws.com/{pool_id}"
    try:
        key = _keys(issuer).get_signing_key_from_jwt(token)
        claims: dict[str, Any] = jwt.decode(
            token,
            key,
            algorithms=["RS256"],
            issuer=issuer,
            # An ID token is made for one client; that it is one of ours the app checks.
            options={"require": ["exp", "iat", "iss", "sub", "token_use"], "verify_aud": False},
        )
    except jwt.PyJWKClientConnectionError as exc:
        raise Unavailable from exc
    except jwt.PyJWTError as exc:
        raise Unauthenticated from exc
    if claims["token_use"] != "id":
        raise Unauthenticated
    return claims


@cache
def _keys(issuer: str) -> Any:
    """The pool's published keys, from the embedded AWS where there is one, else from the cloud."""
    import jwt

    endpoint = os.environ.get("AWS_ENDPOINT_URL")
    base = f"{endpoint}/{issuer.rpartition('/')[2]}" if endpoint else issuer
    return jwt.PyJWKClient(f"{base}/.well-known/jwks.json", lifespan=_KEYS_KEPT, timeout=5)


def as_texts(claims: Mapping[str, Any]) -> dict[str, Any]:
    """Claims as the authorizer passes them on: each a text, times as dates."""
    return {name: _text(name, value) for name, value in claims.items()}


def _text(name: str, value: Any) -> str:
    match value:
        case str():
            return value
        case bool():
            return str(value).lower()
        case int() if name in ("exp", "iat", "auth_time"):
            return datetime.fromtimestamp(value, UTC).strftime("%a %b %d %H:%M:%S UTC %Y")
        case list():
            return ",".join(map(str, value))
    return str(value)
