"""The panels of a user in the console: profile, stored item, picture and files."""

import requests

from local.user_client import UserClient
from tests.support.console import ConsoleClient, add_picture
from tests.support.file_bodies import TEXT
from tests.support.file_client import upload_file


def test_profile_is_shown_beside_the_stored_item(console: ConsoleClient) -> None:
    user = console.create_user(name="Ada")
    panels = {panel["id"]: panel for panel in console.get(f"users/{user['sub']}")["panels"]}
    assert panels["profile"]["status"] == 200
    assert panels["profile"]["body"]["name"] == panels["stored-item"]["body"]["name"] == "Ada"
    assert panels["stored-item"]["body"]["version"] == 1
    assert panels["files"]["body"]["items"] == []
    assert "picture" not in panels


def test_user_without_a_profile_has_no_stored_item(console: ConsoleClient) -> None:
    sub = console.create_user("unconfirmed")["sub"]
    panels = {panel["id"]: panel for panel in console.get(f"users/{sub}")["panels"]}
    assert (panels["profile"]["status"], panels["stored-item"]["body"]) == (404, None)


def test_picture_is_served_by_the_console(console: ConsoleClient, user_client: UserClient) -> None:
    user = console.sign_in(user_client, console.create_user())
    add_picture(user)
    picture = requests.get(f"{console.url}/data/users/{user.sub}/picture", timeout=10)
    assert (picture.status_code, picture.headers["Content-Type"]) == (200, "image/jpeg")
    assert picture.content.startswith(b"\xff\xd8")


def test_file_is_downloaded_with_its_name(console: ConsoleClient, user_client: UserClient) -> None:
    user = console.sign_in(user_client, console.create_user())
    file = upload_file(user, name="Befund für Ada.txt")
    response = requests.get(f"{console.url}/data/users/{user.sub}/files/{file['id']}/content", timeout=10)
    assert (response.status_code, response.content) == (200, TEXT)
    disposition = response.headers["Content-Disposition"]
    assert disposition.startswith("attachment; ")
    assert "Befund%20f%C3%BCr%20Ada.txt" in disposition


def test_missing_file_is_not_downloaded(console: ConsoleClient) -> None:
    sub = console.create_user()["sub"]
    url = f"{console.url}/data/users/{sub}/files/01a22792-9f54-7a3c-9667-b0715f136ea0/content"
    assert requests.get(url, timeout=10).status_code == 404
