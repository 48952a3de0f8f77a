"""A client for the operations of a user: sign up, confirm, sign in, and call the API.

`make token` runs this module: it prints the ID token of the user SIGN_IN_EMAIL with the password SIGN_IN_PASSWORD.
"""

import json
import os
import sys
import urllib.error
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass
from email.message import Message
from typing import Any, Final

from botocore.exceptions import ClientError, EndpointConnectionError
from pycognito.aws_srp import AWSSRP

from local import config
from local.emulator_clients import emulator_client
from local.stack import Stack

_TIMEOUT_SECONDS: Final = 30


@dataclass(frozen=True)
class ApiResponse:
    """An HTTP response of the API with a JSON body."""

    status: int
    headers: Message
    body: dict[str, Any]


@dataclass(frozen=True)
class UserClient:
    """A client of one stack. It uses only operations that need no AWS credentials."""

    stack: Stack
    user_agent: str | None = None  # of requests to Cognito. None for that of boto3

    @property
    def cognito(self) -> Any:
        """The Cognito client of the stack."""
        return emulator_client("cognito-idp", self.stack, self.user_agent)

    def sign_up(self, username: str, password: str, attributes: dict[str, str]) -> str:
        """Sign up a user. Return the user's sub."""
        pairs = [{"Name": name, "Value": value} for name, value in attributes.items()]
        response = self.cognito.sign_up(
            ClientId=self.stack.user_pool_client_id,
            Username=username,
            Password=password,
            UserAttributes=pairs,
        )
        return str(response["UserSub"])

    def confirm(self, username: str, code: str) -> None:
        """Confirm a sign-up with the code from the confirmation mail."""
        self.cognito.confirm_sign_up(ClientId=self.stack.user_pool_client_id, Username=username, ConfirmationCode=code)

    def sign_in(self, username: str, password: str) -> dict[str, str]:
        """Sign in with SRP. Return the tokens: IdToken, AccessToken, RefreshToken."""
        srp = AWSSRP(
            username=username,
            password=password,
            pool_id=self.stack.user_pool_id,
            client_id=self.stack.user_pool_client_id,
            client=self.cognito,
        )
        return dict(srp.authenticate_user()["AuthenticationResult"])

    def call(
        self, method: str, path: str, token: str, body: Any = None, headers: Mapping[str, str] | None = None
    ) -> ApiResponse:
        """Send a request with a JSON body to the API. `headers` are added to the default headers."""
        all_headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json", **(headers or {})}
        data = json.dumps(body).encode() if body is not None else None
        request = urllib.request.Request(self.stack.api_url + path, data, all_headers, method=method)
        try:
            with urllib.request.urlopen(request, timeout=_TIMEOUT_SECONDS) as response:
                return ApiResponse(response.status, response.headers, json.loads(response.read() or "{}"))
        except urllib.error.HTTPError as exc:
            return ApiResponse(exc.code, exc.headers, json.loads(exc.read() or "{}"))


def main() -> int:
    """Print an ID token. Return the exit code."""
    email, password = os.environ.get("SIGN_IN_EMAIL"), os.environ.get("SIGN_IN_PASSWORD")
    if not email or not password:
        print("usage: make -s token EMAIL=... PASSWORD=...", file=sys.stderr)
        return 2
    try:
        stack = Stack.read(config.load_settings().stack_file)
        print(UserClient(stack).sign_in(email, password)["IdToken"])
    except (FileNotFoundError, EndpointConnectionError):
        print("Nothing is running here: start it with make run.", file=sys.stderr)
        return 1
    except ClientError as exc:
        print(exc.response["Error"]["Message"], file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
