"""The creation of many users: every failure is shown, and the creation can be stopped."""

import threading
import time
from collections.abc import Callable
from typing import Any

import pytest

from local.console_operations_client import ConsoleOperationsClient
from local.mail_store import MailNotFound
from local.web_console.replies import RequestRejected
from local.web_console.seeding import Seeding
from local.web_console.user_administration import UserAdministration
from local.web_console.user_api import UserApi
from tests.unit.local.test_stack_file import STACK

TIMEOUT_SECONDS = 5


class FakeUserAdministration(UserAdministration):
    """Calls a function for each new user instead of creating one."""

    def __init__(self, create: Callable[[], None]) -> None:
        operations = ConsoleOperationsClient(STACK)
        super().__init__(STACK, operations, UserApi(STACK, operations))
        self._create = create

    def create_user(self, *_: Any) -> Any:
        self._create()


def wait_for_end(seeding: Seeding) -> dict[str, Any]:
    deadline = time.monotonic() + TIMEOUT_SECONDS
    while (progress := seeding.get_progress())["is_running"]:
        assert time.monotonic() < deadline, progress
        time.sleep(0.01)
    return progress


@pytest.mark.parametrize(
    ("failure", "error"),
    [
        (MailNotFound("There is no mail with a code."), "There is no mail with a code."),
        (KeyError("name"), "KeyError: 'name'"),
    ],
)
def test_any_failure_ends_the_creation(failure: Exception, error: str) -> None:
    def fail() -> None:
        raise failure

    seeding = Seeding(FakeUserAdministration(fail), lambda: None)
    seeding.start(1)
    assert wait_for_end(seeding) == {"is_running": False, "created": 0, "total": 1, "error": error}
    seeding.start(1)  # a further creation is possible
    wait_for_end(seeding)


def test_stop_waits_for_the_current_user() -> None:
    has_started = threading.Event()

    def create_slowly() -> None:
        has_started.set()
        time.sleep(0.05)

    seeding = Seeding(FakeUserAdministration(create_slowly), lambda: None)
    seeding.start(500)
    assert has_started.wait(TIMEOUT_SECONDS)
    seeding.stop()
    progress = seeding.get_progress()
    assert (progress["is_running"], progress["error"]) == (False, None)
    assert 1 <= progress["created"] < 500


def test_stop_without_a_creation_does_not_stop_the_next() -> None:
    seeding = Seeding(FakeUserAdministration(lambda: None), lambda: None)
    seeding.stop()
    seeding.start(2)
    assert wait_for_end(seeding)["created"] == 2


def test_second_creation_is_rejected_while_one_runs() -> None:
    is_released = threading.Event()

    def create() -> None:
        is_released.wait(TIMEOUT_SECONDS)

    seeding = Seeding(FakeUserAdministration(create), lambda: None)
    seeding.start(1)
    with pytest.raises(RequestRejected, match="Users are being created"):
        seeding.start(1)
    is_released.set()
    wait_for_end(seeding)
