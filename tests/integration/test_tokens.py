"""`chalice local` refuses the tokens that API Gateway refuses, whatever the route."""

import base64
import http.client
import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from app import app
from local.session import Session
from local.stack import Stack, client
from tests.integration.conftest import PASSWORD, Run, User, new_email

NewUser = Callable[..., User]
ROUTES = [(method, path) for path, methods in app.routes.items() for method in methods]
BODY = json.dumps({"name": "Mallory", "dob": "1985-01-31", "gender": "Female", "blood_group": "O-"})


@pytest.fixture(scope="module")
def user(new_user: NewUser) -> User:
    return new_user()


def call(stack: Stack, method: str, path: str, headers: dict[str, str]) -> tuple[int, http.client.HTTPMessage, Any]:
    connection = http.client.HTTPConnection(urlsplit(stack.api_url).netloc, timeout=10)
    connection.request(method, path, BODY, {"Content-Type": "application/json", **headers})
    answer = connection.getresponse()
    content = answer.read()
    connection.close()
    return answer.status, answer.headers, json.loads(content)


class Forge:
    """Makes tokens with the pool's own keys, which only the pool has on AWS, and with others."""

    def __init__(self, run: Run, user: User) -> None:
        self._pool_keys = run.directory / "state" / "cognito-pool-keys"
        self.user = user
        self.stack = run.stack
        self.claims = jwt.decode(user.token, options={"verify_signature": False})
        self.kid = jwt.get_unverified_header(user.token)["kid"]
        self.pool_key = self._key(self._pool_keys / f"{run.stack.user_pool_id}-id.pem")
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
        import hashlib
        import hmac

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


@pytest.fixture(scope="module")
def forge(run: Run, user: User) -> Forge:
    return Forge(run, user)


NOW = int(time.time())
TOKENS: dict[str, Callable[[Forge], str]] = {
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


@pytest.mark.parametrize(("method", "path"), ROUTES)
def test_a_request_without_a_token_is_refused(run: Run, method: str, path: str) -> None:
    status, headers, problem = call(run.stack, method, path.format(user_id="me"), {})
    assert (status, problem["title"]) == (401, "Unauthorized")
    assert headers["Content-Type"] == "application/problem+json"
    assert headers["WWW-Authenticate"] == "Bearer"
    assert headers["Access-Control-Allow-Origin"] == "*"
    assert problem["request_id"]


@pytest.mark.parametrize(("method", "path"), ROUTES)
@pytest.mark.parametrize("kind", TOKENS)
@pytest.mark.parametrize("prefix", ["", "Bearer "])
def test_a_bad_token_is_refused(run: Run, forge: Forge, method: str, path: str, kind: str, prefix: str) -> None:
    header = (prefix + TOKENS[kind](forge)).encode().decode("latin-1")
    status, _, problem = call(run.stack, method, path.format(user_id="me"), {"Authorization": header})
    assert (status, problem["status"]) == (401, 401)


@pytest.mark.parametrize("spelling", ["{}", "Bearer {}", "bearer {}", "BEARER  {}"])
def test_a_good_token_is_let_in_bare_or_as_bearer(run: Run, user: User, spelling: str) -> None:
    status, _, profile = call(run.stack, "GET", "/users/me", {"authorization": spelling.format(user.token)})
    assert (status, profile["id"]) == (200, user.sub)


def test_a_token_of_another_pool_is_refused(run: Run, session: Session) -> None:
    cognito = client("cognito-idp", run.stack.aws_endpoint_url)
    pool_id = cognito.create_user_pool(PoolName="another", UsernameAttributes=["email"])["UserPool"]["Id"]
    made = cognito.create_user_pool_client(
        UserPoolId=pool_id, ClientName="web", ExplicitAuthFlows=["ALLOW_USER_SRP_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"]
    )
    foreign = Stack(
        **{
            **vars(run.stack),
            "user_pool_id": pool_id,
            "user_pool_client_id": made["UserPoolClient"]["ClientId"],
        }
    )
    email = new_email()
    cognito.admin_create_user(UserPoolId=pool_id, Username=email, MessageAction="SUPPRESS")
    cognito.admin_set_user_password(UserPoolId=pool_id, Username=email, Password=PASSWORD, Permanent=True)
    token = Session(foreign).sign_in(email, PASSWORD)["IdToken"]
    assert call(run.stack, "GET", "/users/me", {"Authorization": token})[0] == 401


def test_a_token_as_long_as_a_book_is_refused(run: Run) -> None:
    connection = http.client.HTTPConnection(urlsplit(run.stack.api_url).netloc, timeout=10)
    connection.request("GET", "/users/me", headers={"Authorization": "x" * 60_000})
    assert connection.getresponse().status == 401
    connection.close()


def test_a_refusal_says_nothing_of_the_token(run: Run, forge: Forge) -> None:
    token = forge.sign(forge.own_key)
    _, headers, problem = call(run.stack, "GET", "/users/me", {"Authorization": token})
    assert token[:20] not in f"{headers}{problem}"


def test_preflights_need_no_token(run: Run) -> None:
    connection = http.client.HTTPConnection(urlsplit(run.stack.api_url).netloc, timeout=10)
    connection.request("OPTIONS", "/users/me", headers={"Origin": "http://localhost:3000"})
    answer = connection.getresponse()
    assert answer.status == 204
    assert "PUT" in answer.headers["Access-Control-Allow-Methods"]
    assert "Authorization" in answer.headers["Access-Control-Allow-Headers"]
    connection.close()
