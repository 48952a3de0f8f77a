"""A user's way through the product, with public clients only: sign up, confirm, sign in, call the API.

python -m local.session sign-in EMAIL PASSWORD     prints the ID token
"""

import json
import os
import sys
import urllib.error
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass
from email.message import Message
from typing import Any

from botocore.exceptions import ClientError, EndpointConnectionError
from pycognito.aws_srp import AWSSRP

from local import settings
from local.stack import Stack, client


@dataclass(frozen=True)
class Answer:
    """An HTTP answer of the API."""

    status: int
    headers: Message
    body: dict[str, Any]


@dataclass(frozen=True)
class Session:
    """One client of one stack."""

    stack: Stack

    @property
    def cognito(self) -> Any:
        return client("cognito-idp", self.stack)

    def sign_up(self, username: str, password: str, attributes: dict[str, str]) -> str:
        """The new user's sub."""
        pairs = [{"Name": name, "Value": value} for name, value in attributes.items()]
        made = self.cognito.sign_up(
            ClientId=self.stack.user_pool_client_id,
            Username=username,
            Password=password,
            UserAttributes=pairs,
        )
        return str(made["UserSub"])

    def confirm(self, username: str, code: str) -> None:
        self.cognito.confirm_sign_up(ClientId=self.stack.user_pool_client_id, Username=username, ConfirmationCode=code)

    def sign_in(self, username: str, password: str) -> dict[str, str]:
        """The tokens of an SRP sign-in: IdToken, AccessToken, RefreshToken."""
        srp = AWSSRP(
            username=username,
            password=password,
            pool_id=self.stack.user_pool_id,
            client_id=self.stack.user_pool_client_id,
            client=self.cognito,
        )
        return dict(srp.authenticate_user()["AuthenticationResult"])

    def call(
        self, method: str, path: str, token: str, body: Any = None, more: Mapping[str, str] | None = None
    ) -> Answer:
        """One request to the API, with `more` headers."""
        headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json", **(more or {})}
        data = json.dumps(body).encode() if body is not None else None
        request = urllib.request.Request(self.stack.api_url + path, data, headers, method=method)
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:
                return Answer(answer.status, answer.headers, json.loads(answer.read() or "{}"))
        except urllib.error.HTTPError as exc:
            return Answer(exc.code, exc.headers, json.loads(exc.read() or "{}"))


def main() -> int:
    email, password = os.environ.get("SIGN_IN_EMAIL"), os.environ.get("SIGN_IN_PASSWORD")
    if not email or not password:
        print("usage: make -s token EMAIL=... PASSWORD=...", file=sys.stderr)
        return 2
    try:
        print(Session(Stack.read(settings.load().stack_file)).sign_in(email, password)["IdToken"])
    except (FileNotFoundError, EndpointConnectionError):
        print("Nothing is running here: start it with make run.", file=sys.stderr)
        return 1
    except ClientError as exc:
        print(exc.response["Error"]["Message"], file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
