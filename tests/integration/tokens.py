"""Tokens that nobody may be let in with, and who makes them. Which API they are shown to is the tests' matter."""

import base64
import hashlib
import hmac
import http.client
import json
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import jwt
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from app import app
from local.emulator_clients import emulator_client
from local.stack import Stack
from local.user_client import UserClient
from tests.support.users import PASSWORD, User, generate_email

# What asks for a token: all but the page about problem types.
PROTECTED_ROUTES = [(method, path) for path, methods in app.routes.items() for method in methods if path != "/problems"]
VALID_BODY = json.dumps({"name": "Mallory", "dob": "1985-01-31", "gender": "Female", "blood_group": "O-"})


def send_request(
    stack: Stack, method: str, path: str, headers: dict[str, str]
) -> tuple[int, http.client.HTTPMessage, Any]:
    api = urlsplit(stack.api_url)
    connection = http.client.HTTPConnection(api.netloc, timeout=20)
    connection.request(method, api.path + path, VALID_BODY, {"Content-Type": "application/json", **headers})
    answer = connection.getresponse()
    content = answer.read()
    connection.close()
    return answer.status, answer.headers, json.loads(content or "{}")


class TokenForger:
    """Makes tokens with the pool's own keys, which only the pool has on AWS, and with others."""

    def __init__(self, directory: Path, user: User) -> None:
        """`directory` is where the embedded AWS keeps its state."""
        self.user = user
        self.stack = user.client.stack
        self.claims = jwt.decode(user.token, options={"verify_signature": False})
        self.kid = jwt.get_unverified_header(user.token)["kid"]
        self.pool_key = self._key(directory / "state" / "cognito-pool-keys" / f"{self.stack.user_pool_id}-id.pem")
        self.own_key = rsa.generate_private_key(public_exponent=65537, key_size=2048)

    @staticmethod
    def _key(file: Path) -> Any:
        return serialization.load_pem_private_key(file.read_bytes(), None)

    def sign(self, key: Any = None, algorithm: str = "RS256", kid: str | None = None, **changed: Any) -> str:
        claims = {name: value for name, value in {**self.claims, **changed}.items() if value is not None}
        return jwt.encode(claims, key or self.pool_key, algorithm, {"kid": self.kid if kid is None else kid})

    def unsigned(self) -> str:
        head, body = (
            base64.urlsafe_b64encode(json.dumps(part).encode()).decode().rstrip("=")
            for part in ({"alg": "none", "kid": self.kid}, self.claims)
        )
        return f"{head}.{body}."

    def signed_with_the_public_key(self) -> str:
        public = self.pool_key.public_key().public_bytes(
            serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
        )
        head, body = (
            base64.urlsafe_b64encode(json.dumps(part).encode()).decode().rstrip("=")
            for part in ({"alg": "HS256", "kid": self.kid}, self.claims)
        )
        mac = hmac.new(public, f"{head}.{body}".encode(), hashlib.sha256).digest()
        return f"{head}.{body}.{base64.urlsafe_b64encode(mac).decode().rstrip('=')}"

    def tampered(self) -> str:
        head, _, signature = self.user.token.split(".")
        body = base64.urlsafe_b64encode(json.dumps({**self.claims, "sub": "another"}).encode()).decode().rstrip("=")
        return f"{head}.{body}.{signature}"


NOW = int(time.time())
INVALID_TOKENS: dict[str, Callable[[TokenForger], str]] = {
    "empty": lambda forge: "",
    "bearer alone": lambda forge: "Bearer",
    "garbage": lambda forge: "garbage",
    "dots": lambda forge: "..",
    "three words": lambda forge: "a.b.c",
    "not base64": lambda forge: "\u00e9\u00e9.\u00e9.\u00e9",
    "no JSON": lambda forge: "YQ.YQ.YQ",
    "basic": lambda forge: "Basic am9objpwYXNz",
    "forged": lambda forge: forge.sign(forge.own_key),
    "forged, another kid": lambda forge: forge.sign(forge.own_key, kid="another"),
    "kid of a file": lambda forge: forge.sign(forge.own_key, kid="../../../dev/null"),
    "expired": lambda forge: forge.sign(exp=NOW - 60),
    "without expiry": lambda forge: forge.sign(exp=None),
    "not yet valid": lambda forge: forge.sign(nbf=NOW + 3600),
    "unsigned": lambda forge: forge.unsigned(),
    "HS256 by the public key": lambda forge: forge.signed_with_the_public_key(),
    "tampered": lambda forge: forge.tampered(),
    "access token": lambda forge: forge.user.tokens["AccessToken"],
    "refresh token": lambda forge: forge.user.tokens["RefreshToken"],
    "no use": lambda forge: forge.sign(token_use=None),
    "another issuer": lambda forge: forge.sign(iss="https://example.com/" + forge.stack.user_pool_id),
    "another client": lambda forge: forge.sign(aud="another"),
    "no subject": lambda forge: forge.sign(sub=None),
    "cut off": lambda forge: forge.user.token[:-10],
    "twice": lambda forge: f"{forge.user.token},{forge.user.token}",
}


def create_token_of_other_pool(stack: Stack) -> str:
    """A good ID token, of a pool that is not the stack's."""
    cognito = emulator_client("cognito-idp", stack)
    pool_id = cognito.create_user_pool(PoolName="another", UsernameAttributes=["email"])["UserPool"]["Id"]
    made = cognito.create_user_pool_client(
        UserPoolId=pool_id, ClientName="web", ExplicitAuthFlows=["ALLOW_USER_SRP_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"]
    )
    foreign = replace(stack, user_pool_id=pool_id, user_pool_client_id=made["UserPoolClient"]["ClientId"])
    email = generate_email()
    cognito.admin_create_user(UserPoolId=pool_id, Username=email, MessageAction="SUPPRESS")
    cognito.admin_set_user_password(UserPoolId=pool_id, Username=email, Password=PASSWORD, Permanent=True)
    return UserClient(foreign).sign_in(email, PASSWORD)["IdToken"]
