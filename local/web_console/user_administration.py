"""The users of the user pool: list, search, create in each state, and change their state."""

import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from http import HTTPStatus
from typing import Any, Final

from botocore.exceptions import ClientError

from local.console_operations_client import ConsoleOperationsClient
from local.emulator_clients import console_client
from local.mail_store import MailNotFound, require_code
from local.stack import Stack
from local.web_console.random_users import SignUpValues
from local.web_console.replies import RequestRejected
from local.web_console.user_api import UserApi

_PAGE_SIZE: Final = 60  # the maximum of ListUsers

UNCONFIRMED: Final = "unconfirmed"
CONFIRMED: Final = "confirmed"
INVITED: Final = "invited"
RESET_REQUIRED: Final = "reset-required"
DISABLED: Final = "disabled"
STATES: Final = (CONFIRMED, UNCONFIRMED, INVITED, RESET_REQUIRED, DISABLED)

UserEntry = dict[str, Any]


class UserAdministration:
    """The users of one stack."""

    def __init__(self, stack: Stack, operations: ConsoleOperationsClient, api: UserApi) -> None:
        self._stack = stack
        self._operations = operations
        self._api = api
        self._lock = threading.Lock()
        self._emails: dict[str, str | None] = {}
        self._emails_version = -1  # number of changes of users when the addresses were read

    @property
    def _cognito(self) -> Any:
        return console_client("cognito-idp", self._stack)

    @property
    def _pool(self) -> dict[str, str]:
        return {"UserPoolId": self._stack.user_pool_id}

    def list_users(self, search: str = "") -> list[UserEntry]:
        """Return the users whose name, email, phone number or id contains the text, newest first.

        Reads all users, which takes 0.1 s for 2,000. The name is that of the profile, if the user has one.
        """
        profiles = self._read_profiles()
        users = [{**_to_entry(user), **profiles.get(user["Username"], {})} for user in self._read_users()]
        text = search.strip().casefold()
        fields = ("name", "email", "phone_number", "sub")
        matches = [user for user in users if not text or any(text in str(user[name]).casefold() for name in fields)]
        return sorted(matches, key=lambda user: str(user["created_at"]), reverse=True)

    def _read_users(self) -> Iterator[Mapping[str, Any]]:
        arguments: dict[str, Any] = {**self._pool, "Limit": _PAGE_SIZE}
        while True:
            page = self._cognito.list_users(**arguments)
            yield from page["Users"]
            if not page.get("PaginationToken"):
                return
            arguments["PaginationToken"] = page["PaginationToken"]

    def _read_profiles(self) -> dict[str, dict[str, Any]]:
        """Return the name and the deletion status in the stored profiles, by user id."""
        table = console_client("dynamodb", self._stack).get_paginator("scan")
        names = {"#name": "name"}  # a reserved word
        pages = table.paginate(
            TableName=self._stack.table,
            ProjectionExpression="user_id, #name, deletion_status",
            ExpressionAttributeNames=names,
        )
        return {item["user_id"]["S"]: _summarize_profile(item) for page in pages for item in page["Items"]}

    def get_user(self, sub: str) -> UserEntry:
        """Return a user. Raises RequestRejected if the user does not exist."""
        try:
            user = _to_entry(self._cognito.admin_get_user(**self._pool, Username=sub))
            item = console_client("dynamodb", self._stack).get_item(
                TableName=self._stack.table, Key={"user_id": {"S": user["sub"]}}
            )
            return {**user, **_summarize_profile(item.get("Item", {}))}
        except self._cognito.exceptions.UserNotFoundException:
            raise RequestRejected("The user does not exist. Another client may have deleted the user.") from None

    def find_emails(self, subs: Iterable[str]) -> dict[str, str | None]:
        """Return the email addresses of users, or None for users that do not exist.

        The addresses are read again after a change of any user.
        """
        subs = set(subs)
        if not subs:
            return {}
        version = self._operations.call("changes")["users"]
        with self._lock:
            is_current = version == self._emails_version and subs <= self._emails.keys()
        if not is_current:
            users = map(_to_entry, self._read_users())
            emails = {**dict.fromkeys(subs), **{user["sub"]: user["email"] for user in users}}
            with self._lock:
                self._emails, self._emails_version = emails, version
        with self._lock:
            return {sub: self._emails.get(sub) for sub in subs}

    def find_subs(self, addresses: Iterable[str]) -> dict[str, str]:
        """Return the ids of the users with these email addresses. Addresses without a user are not in the result."""
        wanted = set(addresses)
        if not wanted:
            return {}
        users = [_to_entry(user) for user in self._read_users()]
        return {user["email"]: user["sub"] for user in users if user["email"] in wanted}

    def has_user(self, email: str) -> bool:
        """Return True if a user has this email address."""
        page = self._cognito.list_users(**self._pool, Filter=f'email = "{email}"', Limit=1)
        return bool(page["Users"])

    def create_user(self, values: SignUpValues, state: str) -> UserEntry:
        """Create a user in one of STATES.

        Raises RequestRejected for another state, and ClientError if the attributes violate a rule.
        """
        if state not in STATES:
            raise RequestRejected(f"state must be one of {', '.join(STATES)}")
        if state == INVITED:
            attributes = [{"Name": name, "Value": value} for name, value in values.attributes.items()]
            user = self._cognito.admin_create_user(
                **self._pool, Username=values.email, UserAttributes=attributes, DesiredDeliveryMediums=["EMAIL"]
            )
            return _to_entry(user["User"])
        sub = self._api.client.sign_up(values.email, values.password, values.attributes)
        if state != UNCONFIRMED:
            self._confirm_by_code(values.email)
        if state == RESET_REQUIRED:
            self._cognito.admin_reset_user_password(**self._pool, Username=sub)
        elif state == DISABLED:
            self._cognito.admin_disable_user(**self._pool, Username=sub)
        return self.get_user(sub)

    def _confirm_by_code(self, email: str) -> None:
        self._api.client.confirm(email, require_code(self._operations, email))

    def change_state(self, sub: str, action: str) -> UserEntry:
        """Run one of the actions confirm, disable, enable, resend-code and reset-password. Raises RequestRejected."""
        actions: dict[str, Callable[[str], Any]] = {
            "confirm": self._confirm,
            "disable": lambda sub: self._cognito.admin_disable_user(**self._pool, Username=sub),
            "enable": lambda sub: self._cognito.admin_enable_user(**self._pool, Username=sub),
            "resend-code": self._resend_code,
            "reset-password": lambda sub: self._cognito.admin_reset_user_password(**self._pool, Username=sub),
        }
        if action not in actions:
            raise RequestRejected(f"action must be one of {', '.join(actions)}")
        actions[action](sub)
        return self.get_user(sub)

    def _confirm(self, sub: str) -> None:
        """Confirm a sign-up, with the code of the mail if the embedded AWS still has it."""
        user = self.get_user(sub)
        if user["status"] == "FORCE_CHANGE_PASSWORD":
            raise RequestRejected("An invited user is confirmed by the first sign-in with the temporary password.")
        try:
            self._confirm_by_code(user["email"])
        except (ClientError, MailNotFound):  # an earlier run has sent the mail, or the code is of a later mail
            self._cognito.admin_confirm_sign_up(**self._pool, Username=sub)

    def _resend_code(self, sub: str) -> None:
        user = self.get_user(sub)
        if user["status"] == "FORCE_CHANGE_PASSWORD":
            self._cognito.admin_create_user(
                **self._pool, Username=user["email"], MessageAction="RESEND", DesiredDeliveryMediums=["EMAIL"]
            )
        else:
            self._cognito.resend_confirmation_code(ClientId=self._stack.user_pool_client_id, Username=user["email"])

    def delete_user(self, sub: str) -> str:
        """Delete a user, and return a text about the result.

        A user with a profile is deleted through the API, as a front end does. The API then erases the profile, the
        files and the account. Raises RequestRejected with the API's reason if the API rejects the deletion.
        """
        self.get_user(sub)
        response = self._api.sign_in(sub).call("DELETE")
        if response.status == HTTPStatus.ACCEPTED:
            return "The API has accepted the deletion. It erases the profile, the files and the account."
        if response.status != HTTPStatus.NOT_FOUND:
            reason = response.body.get("detail", f"The API returned {response.status}.")
            raise RequestRejected(f"The user was not deleted. {reason}", HTTPStatus.CONFLICT)
        self._cognito.admin_delete_user(**self._pool, Username=sub)
        return "The account was deleted. It had no profile."


def _summarize_profile(item: Mapping[str, Any]) -> dict[str, Any]:
    name = {"name": item["name"]["S"]} if "name" in item else {}
    return {**name, "is_being_erased": "deletion_status" in item}


def _to_entry(user: Mapping[str, Any]) -> UserEntry:
    """Return the entry of a user from ListUsers, AdminGetUser or AdminCreateUser."""
    pairs = user.get("Attributes") or user.get("UserAttributes") or []
    attributes = {pair["Name"]: pair["Value"] for pair in pairs}
    return {
        "sub": attributes.get("sub", user["Username"]),
        "username": user["Username"],
        "email": attributes.get("email", ""),
        "email_verified": attributes.get("email_verified") == "true",
        "name": attributes.get("name", ""),
        "phone_number": attributes.get("phone_number", ""),
        "status": user["UserStatus"],
        "enabled": user.get("Enabled", True),
        "created_at": user["UserCreateDate"].isoformat(),
        "attributes": attributes,
    }
