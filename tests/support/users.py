"""Users of a running stack, signed up and signed in through Cognito's public API."""

import itertools
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, Final, TypeAlias

from local.emulator import CONFIRMATION_CODE
from local.emulator_clients import emulator_client
from local.user_client import ApiResponse, UserClient
from tests.support.data import sign_up_attributes

PASSWORD: Final = "StrongPass123!"
_numbers = itertools.count(1)


@dataclass(frozen=True)
class User:
    """A signed-in user and the client that they use."""

    client: UserClient
    email: str
    sub: str
    tokens: dict[str, str]

    @property
    def token(self) -> str:
        """The ID token."""
        return self.tokens["IdToken"]

    def get(self, user_id: str = "me", **headers: str) -> ApiResponse:
        return self.client.call("GET", f"/users/{user_id}", self.token, headers=header_names(headers))

    def put(self, body: Any, user_id: str = "me", **headers: str) -> ApiResponse:
        return self.client.call("PUT", f"/users/{user_id}", self.token, body, header_names(headers))

    def patch(self, body: Any, user_id: str = "me", **headers: str) -> ApiResponse:
        merge_patch = {"Content-Type": "application/merge-patch+json", **header_names(headers)}
        return self.client.call("PATCH", f"/users/{user_id}", self.token, body, merge_patch)


UserFactory: TypeAlias = Callable[..., User]


def header_names(headers: dict[str, str]) -> dict[str, str]:
    """Return headers that were given as keyword arguments, such as `If_Match`."""
    return {name.replace("_", "-"): value for name, value in headers.items()}


def generate_email() -> str:
    """Return an address that no other user has."""
    return f"user-{next(_numbers)}-{time.time_ns()}@example.com"


def sign_up_and_sign_in(user_client: UserClient, *, email: str | None = None, **overrides: str | None) -> User:
    """Sign a user up, confirm them and sign them in."""
    email = email or generate_email()
    sub = user_client.sign_up(email, PASSWORD, sign_up_attributes(email, **overrides))
    user_client.confirm(email, CONFIRMATION_CODE)
    return User(user_client, email, sub, user_client.sign_in(email, PASSWORD))


def sign_in_again(user: User) -> User:
    """Return the user with new tokens."""
    return replace(user, tokens=user.client.sign_in(user.email, PASSWORD))


def create_user_as_admin(user_client: UserClient, **attributes: str) -> User:
    """Create a user as an administrator, with an address and these attributes, and sign them in."""
    cognito, email = user_client.cognito, generate_email()
    username = {"UserPoolId": user_client.stack.user_pool_id, "Username": email}
    pairs = attribute_pairs({"email": email, **attributes})
    created = cognito.admin_create_user(**username, UserAttributes=pairs, MessageAction="SUPPRESS")["User"]
    cognito.admin_set_user_password(**username, Password=PASSWORD, Permanent=True)
    return User(user_client, email, created["Username"], user_client.sign_in(email, PASSWORD))


def attribute_pairs(attributes: dict[str, str]) -> list[dict[str, str]]:
    """Return attributes in the form of Cognito's API."""
    return [{"Name": name, "Value": value} for name, value in attributes.items()]


def delete_stored_profile(user: User) -> None:
    """Delete the item of a profile, as if it had been lost."""
    stack = user.client.stack
    emulator_client("dynamodb", stack).delete_item(TableName=stack.table, Key={"user_id": {"S": user.sub}})
