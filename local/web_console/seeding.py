"""Creation of many random users in the background, with its progress."""

import threading
from collections.abc import Callable
from typing import Any, Final

from local.web_console.random_users import build_user
from local.web_console.replies import RequestRejected, describe_error
from local.web_console.user_administration import (
    CONFIRMED,
    DISABLED,
    INVITED,
    RESET_REQUIRED,
    UNCONFIRMED,
    UserAdministration,
)

MAX_USERS: Final = 500
# The state of every tenth user differs from confirmed, in this order.
_RARE_STATES: Final = (UNCONFIRMED, INVITED, RESET_REQUIRED, DISABLED)
_RARE_INTERVAL: Final = 10


class Seeding:
    """The creation of users. At most one runs at a time."""

    def __init__(self, users: UserAdministration, on_progress: Callable[[], None]) -> None:
        self._users = users
        self._on_progress = on_progress
        self._lock = threading.Lock()
        self._is_running = False
        self._created = self._total = 0
        self._error: str | None = None
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self, count: Any) -> None:
        """Start to create users. Raises RequestRejected if the number is invalid or a creation is running."""
        if type(count) is not int or not 1 <= count <= MAX_USERS:
            raise RequestRejected(f"count must be a number from 1 to {MAX_USERS}")
        with self._lock:
            if self._is_running:
                raise RequestRejected("Users are being created. Wait until this is complete.")
            self._is_running, self._created, self._total, self._error = True, 0, count, None
            self._stop.clear()
            self._thread = threading.Thread(target=self._run, args=(count,), name="seeding", daemon=True)
            self._thread.start()

    def stop(self) -> None:
        """End a running creation after its current user, and wait for this."""
        with self._lock:
            thread = self._thread if self._is_running else None
            self._stop.set()
        if thread:
            thread.join()

    def get_progress(self) -> dict[str, Any]:
        """Return the progress of the current or the last creation."""
        with self._lock:
            return {
                "is_running": self._is_running,
                "created": self._created,
                "total": self._total,
                "error": self._error,
            }

    def clear(self) -> None:
        """Forget the result of the last creation. A running creation is not affected."""
        with self._lock:
            if not self._is_running:
                self._created, self._total, self._error = 0, 0, None

    def _run(self, count: int) -> None:
        error = None
        try:
            self._create_users(count)
        except Exception as exc:  # the page shows any failure
            error = describe_error(exc)
        finally:
            with self._lock:
                self._is_running, self._error = False, error
            self._on_progress()

    def _create_users(self, count: int) -> None:
        for number in range(count):
            if self._stop.is_set():
                return
            self._users.create_user(build_user({}), choose_state(number))
            with self._lock:
                self._created += 1
            self._on_progress()


def choose_state(number: int) -> str:
    """Return the state of the user with this number, from 0."""
    index, rest = divmod(number + 1, _RARE_INTERVAL)
    return CONFIRMED if rest else _RARE_STATES[(index - 1) % len(_RARE_STATES)]
