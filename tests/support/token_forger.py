"""Tokens that every API must reject, and the class that makes them."""

import hashlib
import hmac
import http.client
import json
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

import jwt
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from app import app
from local.emulator_clients import emulator_client
from local.stack import Stack
from local.user_client import UserClient
from tests.support.data import PROFILE_BODY
from tests.support.tokens import encode_base64url, encode_segment, encode_unsigned_token
from tests.support.users import PASSWORD, User, generate_email

# Every route but the page about problem types.
PROTECTED_ROUTES: Final = [
    (method, path) for path, methods in app.routes.items() for method in methods if path != "/problems"
]
FILE_ROUTES: Final = [(method, path) for method, path in PROTECTED_ROUTES if "{file_id}" in path]
# Routes that require a sign-in within the last 300 seconds.
RECENT_SIGN_IN_ROUTES: Final = [("DELETE", "/users/{user_id}"), ("GET", "/users/{user_id}/export")]
VALID_BODY: Final = json.dumps({**PROFILE_BODY, "name": "Mallory"})


def send_request(
    stack: Stack, method: str, path: str, headers: dict[str, str], body: str = VALID_BODY
) -> tuple[int, http.client.HTTPMessage, Any]:
    """Send the body with exactly these headers. Return the status, the headers and the JSON body."""
    api = urlsplit(stack.api_url)
    connection = http.client.HTTPConnection(api.netloc, timeout=20)
    connection.request(method, api.path + path, body, {"Content-Type": "application/json", **headers})
    response = connection.getresponse()
    content = response.read()
    connection.close()
    return response.status, response.headers, json.loads(content or "{}")


class TokenForger:
    """Signs tokens of a user with the user pool's own key, which AWS never reveals, and with another key."""

    def __init__(self, directory: Path, user: User) -> None:
        """Read the key from `directory`, the state directory of the embedded AWS."""
        self.user = user
        self.stack = user.client.stack
        self.claims = jwt.decode(user.token, options={"verify_signature": False})
        self.kid = jwt.get_unverified_header(user.token)["kid"]
        self.pool_key, self._access_key = (self._load_pool_key(directory, use) for use in ("id", "access"))
        self.own_key = rsa.generate_private_key(public_exponent=65537, key_size=2048)

    def _load_pool_key(self, directory: Path, use: str) -> Any:
        """Return the key with which the embedded AWS signs the user pool's tokens for this use."""
        file = directory / "state" / "cognito-pool-keys" / f"{self.stack.user_pool_id}-{use}.pem"
        return serialization.load_pem_private_key(file.read_bytes(), None)

    def sign(self, key: Any = None, algorithm: str = "RS256", kid: str | None = None, **overrides: Any) -> str:
        """Return a token with these claims. None removes a claim."""
        claims = {name: value for name, value in {**self.claims, **overrides}.items() if value is not None}
        return jwt.encode(claims, key or self.pool_key, algorithm, {"kid": self.kid if kid is None else kid})

    def refresh_after(self, seconds: int) -> str:
        """Return the ID token of a token refresh, as if the user had signed in this number of seconds ago."""
        token = self.user.tokens["RefreshToken"]
        claims = jwt.decode(token, options={"verify_signature": False})
        headers = {"kid": jwt.get_unverified_header(token)["kid"]}
        old = jwt.encode({**claims, "iat": int(time.time()) - seconds}, self._access_key, "RS256", headers)
        response = self.user.client.cognito.get_tokens_from_refresh_token(
            ClientId=self.stack.user_pool_client_id, RefreshToken=old
        )
        return str(response["AuthenticationResult"]["IdToken"])

    def without_signature(self) -> str:
        return encode_unsigned_token(self.claims, alg="none", kid=self.kid)

    def signed_with_public_key(self) -> str:
        """Return an HS256 token whose secret is the public key, which a verifier may confuse with an RSA key."""
        public_key = self.pool_key.public_key().public_bytes(
            serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
        )
        content = f"{encode_segment({'alg': 'HS256', 'kid': self.kid})}.{encode_segment(self.claims)}"
        mac = hmac.new(public_key, content.encode(), hashlib.sha256).digest()
        return f"{content}.{encode_base64url(mac)}"

    def with_changed_subject(self) -> str:
        """Return the user's token with another `sub` and its original signature."""
        header, _, signature = self.user.token.split(".")
        return f"{header}.{encode_segment({**self.claims, 'sub': 'another'})}.{signature}"


NOW: Final = int(time.time())
INVALID_TOKENS: Final[dict[str, Callable[[TokenForger], str]]] = {
    "empty": lambda forger: "",
    "bearer alone": lambda forger: "Bearer",
    "garbage": lambda forger: "garbage",
    "dots": lambda forger: "..",
    "three words": lambda forger: "a.b.c",
    "not base64": lambda forger: "\u00e9\u00e9.\u00e9.\u00e9",
    "no JSON": lambda forger: "YQ.YQ.YQ",
    "basic": lambda forger: "Basic am9objpwYXNz",
    "forged": lambda forger: forger.sign(forger.own_key),
    "forged, another kid": lambda forger: forger.sign(forger.own_key, kid="another"),
    "kid of a file": lambda forger: forger.sign(forger.own_key, kid="../../../dev/null"),
    "expired": lambda forger: forger.sign(exp=NOW - 60),
    "without expiry": lambda forger: forger.sign(exp=None),
    "not yet valid": lambda forger: forger.sign(nbf=NOW + 3600),
    "unsigned": lambda forger: forger.without_signature(),
    "HS256 by the public key": lambda forger: forger.signed_with_public_key(),
    "tampered": lambda forger: forger.with_changed_subject(),
    "access token": lambda forger: forger.user.tokens["AccessToken"],
    "refresh token": lambda forger: forger.user.tokens["RefreshToken"],
    "no use": lambda forger: forger.sign(token_use=None),
    "another issuer": lambda forger: forger.sign(iss="https://example.com/" + forger.stack.user_pool_id),
    "another client": lambda forger: forger.sign(aud="another"),
    "no subject": lambda forger: forger.sign(sub=None),
    "cut off": lambda forger: forger.user.token[:-10],
    "twice": lambda forger: f"{forger.user.token},{forger.user.token}",
}

# Valid tokens of users that did not sign in recently.
OLD_SIGN_INS: Final[dict[str, Callable[[TokenForger], str]]] = {
    "301 seconds ago": lambda forger: forger.sign(auth_time=int(time.time()) - 301),
    "an hour ago": lambda forger: forger.sign(auth_time=int(time.time()) - 3600),
    "in 1970": lambda forger: forger.sign(auth_time=0),
    "refreshed": lambda forger: forger.refresh_after(301),
    "missing": lambda forger: forger.sign(auth_time=None),
    "empty": lambda forger: forger.sign(auth_time=""),
    "no number": lambda forger: forger.sign(auth_time="recently"),
    "not finite": lambda forger: forger.sign(auth_time="9" * 40),
}


def create_token_of_other_pool(stack: Stack) -> str:
    """Return a valid ID token of another user pool, which it creates in the same embedded AWS."""
    cognito = emulator_client("cognito-idp", stack)
    pool_id = cognito.create_user_pool(PoolName="another", UsernameAttributes=["email"])["UserPool"]["Id"]
    app_client = cognito.create_user_pool_client(
        UserPoolId=pool_id, ClientName="web", ExplicitAuthFlows=["ALLOW_USER_SRP_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"]
    )["UserPoolClient"]
    other_stack = replace(stack, user_pool_id=pool_id, user_pool_client_id=app_client["ClientId"])
    email = generate_email()
    cognito.admin_create_user(UserPoolId=pool_id, Username=email, MessageAction="SUPPRESS")
    cognito.admin_set_user_password(UserPoolId=pool_id, Username=email, Password=PASSWORD, Permanent=True)
    return UserClient(other_stack).sign_in(email, PASSWORD)["IdToken"]
