"""The data of the console: seeds, export, reset and import."""

import requests

from local.emulator_clients import emulator_client
from local.user_client import UserClient
from tests.support.console import ConsoleClient, add_picture, sign_up
from tests.support.stack import RunningStack, wait_until
from tests.support.users import PASSWORD, User


def test_users_are_seeded(console: ConsoleClient) -> None:
    before = console.get("state")["counts"]["users"]
    assert console.send("POST", "seed", {"count": 0}).status_code == 400
    console.change("POST", "seed", {"count": 11})
    wait_until(lambda: not console.get("state")["seeding"]["is_running"])
    state = console.get("state")
    assert state["seeding"] == {"is_running": False, "created": 11, "total": 11, "error": None}
    assert state["counts"]["users"] == before + 11


def test_exported_state_is_imported_after_a_reset(
    console: ConsoleClient, user_client: UserClient, stack: RunningStack
) -> None:
    email, sub = sign_up(user_client)
    user_client.confirm(email, console.find_mail(email)["code"])
    user = User(user_client, email, sub, user_client.sign_in(email, PASSWORD))
    add_picture(user)
    profile = user.get().body
    exported = console.get("export")
    counts = console.get("state")["counts"]
    console.change("DELETE", "state")
    assert console.get("state")["seeding"]["total"] == 0
    assert console.get("start")["has_example_user"] is False
    assert set(console.get("state")["counts"].values()) == {0}
    assert console.get("mails")["mails"] == []
    assert user.get().status in (404, 410)
    assert console.change("PUT", "import", exported)["counts"] == counts
    new_token = user_client.sign_in(email, PASSWORD)["IdToken"]
    assert user_client.call("GET", "/users/me", new_token).body == profile
    assert requests.get(f"{console.url}/data/users/{sub}/picture", timeout=10).content.startswith(b"\xff\xd8")
    pool = emulator_client("cognito-idp", stack.outputs).list_user_pools(MaxResults=2)["UserPools"]
    assert [entry["Id"] for entry in pool] == [stack.outputs.user_pool_id]


def test_other_file_is_not_imported(console: ConsoleClient) -> None:
    before = console.get("state")["counts"]
    response = console.send("PUT", "import", {"users": {}})
    assert (response.status_code, response.json()["message"]) == (400, "The file was not exported by this console.")
    assert console.get("state")["counts"] == before
