"""Random users in the console: a reset and an import stop their creation."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.support.console import ConsoleClient
from tests.support.stack import RunningStack, start_stack, wait_until


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningStack]:
    """Start a stack of this module, because the tests delete all its data."""
    with start_stack(tmp_path_factory.mktemp("console")) as stack:
        yield stack


@pytest.fixture(scope="module")
def console(stack: RunningStack) -> ConsoleClient:
    return ConsoleClient.open(stack.outputs)


def start_seeding(console: ConsoleClient) -> None:
    """Start to create many users, and wait until there is one."""
    console.change("POST", "seed", {"count": 500})
    wait_until(lambda: console.get("state")["seeding"]["created"] > 0)


def get_progress(console: ConsoleClient) -> Any:
    return console.get("state")["seeding"]


def test_reset_stops_the_creation_of_users(console: ConsoleClient) -> None:
    start_seeding(console)
    console.change("DELETE", "state")
    state = console.get("state")
    assert state["seeding"] == {"is_running": False, "created": 0, "total": 0, "error": None}
    assert set(state["counts"].values()) == {0}


def test_import_stops_the_creation_of_users(console: ConsoleClient) -> None:
    console.change("DELETE", "state")
    console.create_user()
    exported = console.get("export")
    start_seeding(console)
    assert console.change("PUT", "import", exported)["counts"]["users"] == 1
    state = console.get("state")
    assert (state["seeding"]["is_running"], state["counts"]["users"]) == (False, 1)


def test_rejected_import_does_not_stop_the_creation(console: ConsoleClient) -> None:
    start_seeding(console)
    assert console.send("PUT", "import", {}).status_code == 400
    assert get_progress(console)["is_running"]
    console.change("DELETE", "state")


def test_deleted_mails_do_not_block_the_next_creation(console: ConsoleClient) -> None:
    start_seeding(console)
    for _ in range(20):
        console.change("DELETE", "mails")
    console.change("DELETE", "state")
    console.change("POST", "seed", {"count": 1})
    wait_until(lambda: get_progress(console) == {"is_running": False, "created": 1, "total": 1, "error": None})


def test_created_users_are_not_in_the_requests(console: ConsoleClient) -> None:
    console.change("DELETE", "state")
    console.change("POST", "seed", {"count": 20})
    wait_until(lambda: get_progress(console)["created"] == 20)
    assert console.get("requests")["requests"] == []
