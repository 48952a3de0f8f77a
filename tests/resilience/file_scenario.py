"""Clients that store, rename and delete files while AWS calls fail, and one reconciliation afterwards."""

import random
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from threading import Lock, Semaphore
from typing import Any, Final

from chalicelib.files.models import FileStatus, FileType
from local.malware_scan import EICAR_TEST_STRING
from local.user_client import ApiResponse
from tests.resilience.check_result import CheckResult, format_statuses
from tests.resilience.erasure_scenario import reconcile_to_completion
from tests.resilience.faulty_stack import FaultyStack
from tests.support.fault_proxy import DYNAMODB, LAMBDA, S3
from tests.support.file_agreement import FileAudit
from tests.support.file_client import FILES_PATH, announce_file, call_file
from tests.support.picture_client import post_form
from tests.support.sample_files import HTML, SAMPLES
from tests.support.users import User, sign_up_and_sign_in

_CLIENTS: Final = 50
_CLIENTS_PER_USER: Final = 5  # that change the same counters
# Uploads whose checks run at the same time. Each concurrent check is a process on this machine.
_MAX_UPLOADS: Final = 6
_POLL_SECONDS: Final = 1.0
_MAX_POLLS: Final = 4
_FAULT_RATE: Final = 0.3
_SIGN_UP_THREADS: Final = 4  # more would time out during the cold starts of the triggers
_MAX_ATTEMPTS: Final = 30
_MAX_PAUSE_SECONDS: Final = 8  # between attempts, which grow longer: all clients share the processors of this machine
_MAX_IDLE_SECONDS: Final = 60  # without a further change; on a busy machine, a check takes up to 55 seconds
# The contents, their announced types, and whether they are available after their check.
_CONTENTS: Final = (
    (SAMPLES[FileType.PDF], FileType.PDF, True),
    (SAMPLES[FileType.PNG], FileType.PNG, True),
    (SAMPLES[FileType.CSV], FileType.CSV, True),
    (EICAR_TEST_STRING, FileType.TEXT, False),
    (HTML, FileType.PDF, False),
)


@dataclass
class _Outcomes:
    """The responses that the clients have received. All clients share one."""

    statuses: Counter[int] = field(default_factory=Counter)
    accepted: dict[str, str] = field(default_factory=dict)  # uploaded files with acceptable content -> user
    rejected: dict[str, str] = field(default_factory=dict)  # uploaded files with other content -> user
    deleted: dict[str, str] = field(default_factory=dict)  # acknowledged deletions -> user
    unclear: set[str] = field(default_factory=set)  # files whose deletion was not acknowledged
    leaks: int = 0  # links to files that must not be read
    lock: Lock = field(default_factory=Lock)
    uploads: Semaphore = field(default_factory=partial(Semaphore, _MAX_UPLOADS))

    def count(self, response: ApiResponse) -> None:
        with self.lock:
            self.statuses[response.status] += 1


class _Client:
    """A client that repeats each request until it is decided, as documented."""

    def __init__(self, user: User, outcomes: _Outcomes, seed: int) -> None:
        self._user = user
        self._outcomes = outcomes
        self._random = random.Random(seed)

    def store_file(self) -> None:
        """Announce a file. Upload it mostly, and rename or delete it sometimes."""
        content, file_type, is_acceptable = self._random.choice(_CONTENTS)
        created = self._send(lambda: announce_file(self._user, content, content_type=file_type))
        if created.status != 201:
            return
        file_id = str(created.body["id"])
        if self._random.random() < 0.9:
            self._upload(created.body, content)
            files = self._outcomes.accepted if is_acceptable else self._outcomes.rejected
            with self._outcomes.lock:
                files[file_id] = self._user.sub
        if self._random.random() < 0.3:
            patch = {"name": f"{self._random.random()}.pdf"}
            self._send(lambda: self._user.client.call("PATCH", f"{FILES_PATH}/{file_id}", self._user.token, patch))
        link = self._send(lambda: call_file(self._user, file_id, path="/content"))
        if link.status == 200 and not is_acceptable:
            with self._outcomes.lock:
                self._outcomes.leaks += 1
        if self._random.random() < 0.4:
            self._delete(file_id)

    def _upload(self, created: dict[str, Any], content: bytes) -> None:
        """Upload a file, and wait some time for its check, which can fail too."""
        with self._outcomes.uploads:
            assert post_form(created["upload"], content).status_code == 204
            for _ in range(_MAX_POLLS):
                time.sleep(_POLL_SECONDS)
                if self._send(lambda: call_file(self._user, created["id"])).body["status"] in ("available", "rejected"):
                    break

    def _delete(self, file_id: str) -> None:
        response = self._send(lambda: call_file(self._user, file_id, "DELETE"))
        with self._outcomes.lock:
            # 404: an earlier attempt was applied, and its response was a 503.
            if response.status in (204, 404):
                self._outcomes.deleted[file_id] = self._user.sub
            else:
                self._outcomes.unclear.add(file_id)

    def _send(self, request: Callable[[], ApiResponse]) -> ApiResponse:
        for attempt in range(1, _MAX_ATTEMPTS + 1):
            response = request()
            self._outcomes.count(response)
            if response.status != 503:
                break
            time.sleep(self._random.uniform(1, min(attempt, _MAX_PAUSE_SECONDS)) * int(response.headers["Retry-After"]))
        return response


class _Audit:
    """The state of the files of all users after the faults."""

    def __init__(self, faulty: FaultyStack, users: list[User], outcomes: _Outcomes) -> None:
        self._audit = FileAudit(faulty.stack)
        self._user_ids = sorted({user.sub for user in users})
        self._outcomes = outcomes

    def expire_reservations(self) -> None:
        self._audit.expire_reservations(self._user_ids)

    def count_differences(self) -> int:
        """Return the number of differences. A file that was neither accepted nor rejected is one, too."""
        differences = sum(len(self._audit.list_differences(user_id)) for user_id in self._user_ids)
        ends = (FileStatus.AVAILABLE, FileStatus.REJECTED)
        return differences + sum(status not in ends for status in self.list_statuses().values())

    def list_statuses(self) -> dict[str, FileStatus]:
        return {
            file_id: stored.file.status
            for user_id in self._user_ids
            for file_id, stored in self._audit.list_files(user_id).items()
        }

    def wait_until_agreement(self) -> int:
        """Wait until there is no difference, or their number no longer changes. Return the number."""
        count, changed_at = self.count_differences(), time.monotonic()
        while count and time.monotonic() - changed_at < _MAX_IDLE_SECONDS:
            time.sleep(0.5)
            if (new_count := self.count_differences()) != count:
                count, changed_at = new_count, time.monotonic()
        return count

    def count_broken_promises(self) -> tuple[int, int, int]:
        """Return the number of lost files, of deleted files that exist, and of unacceptable files that are available.

        An acknowledged upload is lost if it was not deleted and is not available.
        """
        statuses, outcomes = self.list_statuses(), self._outcomes
        possibly_deleted = outcomes.deleted.keys() | outcomes.unclear
        lost = [
            file for file in outcomes.accepted if file not in possibly_deleted and statuses.get(file) != "available"
        ]
        returned = [file for file in outcomes.deleted if file in statuses]
        leaked = [file for file in outcomes.rejected if statuses.get(file) == "available"]
        return len(lost), len(returned), len(leaked)


def store_files_during_faults(faulty: FaultyStack, count: int, seed: int = 1) -> list[CheckResult]:
    """Let 50 clients store `count` files while 30 % of the AWS calls fail, and then run reconciliation.

    Records, objects and counters agree, no acknowledged upload is lost, and no infected file can be read.
    """
    outcomes = _Outcomes()
    with ThreadPoolExecutor(_SIGN_UP_THREADS) as threads:
        users = list(threads.map(sign_up_and_sign_in, [faulty.user_client] * (_CLIENTS // _CLIENTS_PER_USER)))
    clients = [_Client(users[number % len(users)], outcomes, seed + number) for number in range(_CLIENTS)]
    with faulty.fault_injector.failing(_FAULT_RATE, DYNAMODB, S3, LAMBDA), ThreadPoolExecutor(_CLIENTS) as threads:
        jobs = [clients[number % _CLIENTS] for number in range(count)]
        list(threads.map(_Client.store_file, jobs))
    audit = _Audit(faulty, users, outcomes)
    audit.expire_reservations()
    before = audit.wait_until_agreement()  # checks that began during the faults may still run
    reconcile_to_completion(faulty.stack)
    after = audit.wait_until_agreement()
    lost, returned, leaked = audit.count_broken_promises()
    return [
        CheckResult(
            f"{count} files of {_CLIENTS} clients while 30 % of AWS calls fail: responses",
            format_statuses(outcomes.statuses),
            outcomes.statuses.keys() <= {200, 201, 204, 404, 409, 410, 503} and outcomes.statuses[201] > 0,
        ),
        CheckResult("  differences of records, objects and counters after them", f"{before}", True),
        CheckResult("  differences after one reconciliation", f"{after}", after == 0),
        CheckResult("  acknowledged uploads that are lost", f"{lost} of {len(outcomes.accepted)}", lost == 0),
        CheckResult("  deleted files that exist", f"{returned} of {len(outcomes.deleted)}", returned == 0),
        CheckResult(
            "  infected or mismatched files that were readable",
            f"{leaked + outcomes.leaks} of {len(outcomes.rejected)}",
            leaked + outcomes.leaks == 0 and bool(outcomes.rejected),
        ),
    ]
