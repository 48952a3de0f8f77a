"""A client of the web console, as its page uses it."""

import re
from dataclasses import dataclass
from typing import Any, Final

import requests

from local.stack import Stack
from local.user_client import UserClient
from local.web_console.request_guard import TOKEN_HEADER
from tests.support.data import sign_up_attributes
from tests.support.picture_client import set_picture, upload_file
from tests.support.users import PASSWORD, User, generate_email

_TIMEOUT_SECONDS: Final = 30
_TOKEN: Final = re.compile(r'name="console-token" content="([\w-]+)"')


def sign_up(user_client: UserClient) -> tuple[str, str]:
    """Sign a user up, and return the address and the id."""
    email = generate_email()
    return email, user_client.sign_up(email, PASSWORD, sign_up_attributes(email))


def add_picture(user: User) -> None:
    """Upload a picture and set it."""
    assert set_picture(user, upload_file(user)).status == 200


@dataclass(frozen=True)
class ConsoleClient:
    """The data of the console of a running stack."""

    url: str
    token: str

    @classmethod
    def open(cls, outputs: Stack) -> "ConsoleClient":
        """Read the page with its token."""
        assert outputs.console_url is not None
        page = requests.get(f"{outputs.console_url}/", timeout=_TIMEOUT_SECONDS).text
        match = _TOKEN.search(page)
        assert match is not None
        return cls(outputs.console_url, match[1])

    def get(self, path: str) -> Any:
        """Return the JSON of /data/<path>."""
        response = requests.get(f"{self.url}/data/{path}", timeout=_TIMEOUT_SECONDS)
        assert response.ok, response.text
        return response.json()

    def send(self, method: str, path: str, content: Any = None) -> requests.Response:
        """Send a request that changes something."""
        headers = {TOKEN_HEADER: self.token}
        return requests.request(
            method, f"{self.url}/data/{path}", json=content, headers=headers, timeout=_TIMEOUT_SECONDS
        )

    def change(self, method: str, path: str, content: Any = None) -> Any:
        """Send a request that changes something, and return its JSON."""
        response = self.send(method, path, content)
        assert response.ok, response.text
        return response.json()

    def create_user(self, state: str = "confirmed", **attributes: str) -> Any:
        """Create a user and return the entry of the list."""
        return self.change("POST", "users", {"state": state, "attributes": attributes})["user"]

    def issue_token(self, sub: str) -> str:
        """Return an ID token of a user."""
        return str(self.change("POST", f"users/{sub}/tokens")["tokens"]["IdToken"])

    def sign_in(self, user_client: UserClient, entry: Any) -> User:
        """Sign in as the user of an entry of the list."""
        tokens = self.change("POST", f"users/{entry['sub']}/tokens")["tokens"]
        return User(user_client, entry["email"], entry["sub"], tokens)

    def find_mail(self, address: str) -> Any:
        """Return the newest mail to an address, or None."""
        return next((mail for mail in self.get("mails")["mails"] if address in mail["to"]), None)
