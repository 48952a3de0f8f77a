"""Erasures of many accounts while AWS calls fail and erasures are killed, and attempts to create the accounts again."""

import itertools
import json
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Final

from botocore.exceptions import ClientError

from chalicelib.core.errors import UpstreamError
from chalicelib.reconciliation.next_run import to_event
from infra.deploy.restore_pictures import make_picture_restorer
from infra.deploy.restore_profiles import RestoreOptions, restore_profiles
from local.emulator import CONFIRMATION_CODE
from local.emulator_clients import emulator_client
from local.resources.tables import create_users_table
from local.stack import STACK_NAME, Stack
from local.user_client import UserClient
from tests.resilience.check_result import CheckResult, format_statuses
from tests.resilience.faulty_stack import FaultyStack
from tests.support.data import PROFILE_BODY, sign_up_attributes
from tests.support.erasure import (
    ERASURE_STEPS,
    GRACE_DAYS,
    RECONCILE_FUNCTION,
    ErasureClients,
    Killed,
    PersonalValues,
    add_objects,
    collect_values,
    create_client,
    list_objects_of,
    make_due,
    read_stored_data,
)
from tests.support.events import post_confirmation_event
from tests.support.fault_proxy import COGNITO, DYNAMODB, LAMBDA, S3
from tests.support.stack import start_api
from tests.support.users import PASSWORD

_FAULT_RATE: Final = 0.3
_THREADS: Final = 8
_SIGN_UP_THREADS: Final = 4  # more would time out during the cold starts of the triggers
_MAX_ATTEMPTS: Final = 30
_MAX_IDLE_SECONDS: Final = 30  # without a further erasure
# One suffices on AWS. On this machine the functions that a reconciliation starts share its processors and may time out.
_MAX_RECONCILIATIONS: Final = 5
_RUN_SECONDS: Final = 20  # of a run of reconciliation
_MAX_RECONCILIATION_SECONDS: Final = 600
_BACKUP: Final = "Users-backup"
_numbers = itertools.count(1)  # of persons; a scenario may run several times in a stack


@dataclass(frozen=True)
class _Person:
    """A person whose account is erased, and the API through which the person leaves."""

    number: int
    sub: str
    client: UserClient

    @property
    def email(self) -> str:
        return PersonalValues(self.number).email


class _Erasures:
    """The persons of one scenario, and the APIs without and with a grace period through which they leave."""

    def __init__(self, faulty: FaultyStack, grace_client: UserClient, count: int) -> None:
        self.faulty = faulty
        self.stack = faulty.stack
        self.responses = Counter[int]()
        self.attempts = Counter[int]()
        self.killed = Counter[str]()
        self.tokens: dict[str, str] = {}
        with ThreadPoolExecutor(_SIGN_UP_THREADS) as threads:
            # Every second person leaves through the API without a grace period. The erasures of the others are killed.
            clients = itertools.cycle([faulty.user_client, grace_client])
            self.persons = list(threads.map(self._sign_up, [next(clients) for _ in range(count)]))
            list(threads.map(self.sign_in, self.persons))
        self.subs = {person.sub for person in self.persons}

    def _sign_up(self, client: UserClient) -> _Person:
        number = next(_numbers)
        values = PersonalValues(number)
        sub = client.sign_up(values.email, PASSWORD, sign_up_attributes(values.email, **values.attributes))
        client.confirm(values.email, CONFIRMATION_CODE)
        add_objects(self.stack, sub)
        return _Person(number, sub, client)

    def list_items(self) -> list[dict[str, Any]]:
        """Return the items of these persons."""
        pages = emulator_client("dynamodb", self.stack).get_paginator("scan").paginate(TableName=self.stack.table)
        return [item for page in pages for item in page["Items"] if item["user_id"]["S"] in self.subs]

    def count_erased(self) -> int:
        return sum(item.get("deletion_status") == {"S": "erased"} for item in self.list_items())

    def count_accounts(self) -> int:
        """Return how many of the persons still are in the user pool."""
        cognito = emulator_client("cognito-idp", self.stack)
        pages = cognito.get_paginator("list_users").paginate(UserPoolId=self.stack.user_pool_id)
        return sum(user["Username"] in self.subs for page in pages for user in page["Users"])

    def count_objects(self) -> int:
        return sum(key.split("/")[1] in self.subs for key, _ in list_objects_of(self.stack, "/"))

    def delete_account(self, person: _Person) -> None:
        """Delete the account. Repeat the request until it is accepted."""
        for _ in range(_MAX_ATTEMPTS):
            response = person.client.call("DELETE", "/users/me", self.tokens[person.sub])
            if response.status == 401:  # the sign-in was too long ago
                self.sign_in(person)
                continue
            self.responses[response.status] += 1
            if response.status != 503:
                break
            time.sleep(int(response.headers["Retry-After"]))

    def sign_in(self, person: _Person) -> None:
        self.tokens[person.sub] = person.client.sign_in(person.email, PASSWORD)["IdToken"]

    def kill_erasures(self) -> None:
        """Start the erasures with a grace period, and kill each after one of its steps."""
        grace = [person for person in self.persons if person.client.stack.api_url != self.stack.api_url]
        for person in grace:
            make_due(self.stack, person.sub)
        steps = []
        for service, operation in ERASURE_STEPS:
            clients = ErasureClients(self.stack, self.faulty.proxy_port)
            clients.kill_after(service, operation)
            steps.append((operation, clients))
        with ThreadPoolExecutor(_THREADS) as threads:
            list(threads.map(self._kill_erasure, grace, itertools.cycle(steps)))

    def _kill_erasure(self, person: _Person, step: tuple[str, ErasureClients]) -> None:
        operation, clients = step
        for _ in range(_MAX_ATTEMPTS):
            try:
                clients.erase(person.sub)
            except Killed:
                self.killed[operation] += 1
                return
            except UpstreamError:  # a fault before the step
                continue
            return

    def wait_until_erased(self, seconds: float) -> int:
        """Wait until all are erased, or the number has not changed for `seconds`. Return the number of erased ones."""
        erased, changed_at = self.count_erased(), time.monotonic()
        while erased < len(self.persons) and time.monotonic() - changed_at < seconds:
            time.sleep(0.5)
            if (now_erased := self.count_erased()) != erased:
                erased, changed_at = now_erased, time.monotonic()
        return erased

    def attempt_creations(self) -> int:
        """Repeat the creation of the accounts, and restore a backup. Return the number of accounts that exist."""
        with ThreadPoolExecutor(_THREADS) as threads:
            list(threads.map(self._attempt_creation, self.persons))
        dynamodb, s3 = (emulator_client(name, self.stack) for name in ("dynamodb", "s3"))
        restore = make_picture_restorer(s3, self.stack.bucket)
        restore_profiles(dynamodb, _BACKUP, self.stack.table, RestoreOptions(overwrite=True), restore)
        reconcile_to_completion(self.stack)
        return len(self.persons) - self.count_erased() + self.count_accounts()

    def _attempt_creation(self, person: _Person) -> None:
        token = self.tokens[person.sub]
        for method, body in (("GET", None), ("PUT", PROFILE_BODY), ("DELETE", None)):
            self.attempts[person.client.call(method, "/users/me", token, body).status] += 1
        with suppress(ClientError):
            self.sign_in(person)
        attributes = {**sign_up_attributes(person.email, **PersonalValues(person.number).attributes), "sub": person.sub}
        event = {**post_confirmation_event(attributes), "userPoolId": self.stack.user_pool_id}
        function = f"{STACK_NAME}-post_confirmation"
        emulator_client("lambda", self.stack).invoke(FunctionName=function, Payload=json.dumps(event))


def reconcile_to_completion(stack: Stack) -> dict[str, Any]:
    """Run reconciliation until it has scanned everything, and return its last report."""
    detail: dict[str, Any] = {"restart": True, "max_seconds": _RUN_SECONDS}
    deadline = time.monotonic() + _MAX_RECONCILIATION_SECONDS
    lambda_ = create_client("lambda", stack, read_timeout=_MAX_RECONCILIATION_SECONDS)
    while True:
        response = lambda_.invoke(FunctionName=RECONCILE_FUNCTION, Payload=to_event(detail))
        report: dict[str, Any] = json.load(response["Payload"])
        assert time.monotonic() < deadline, report
        if report["status"] == "finished":
            return report
        if report["status"] == "busy":
            time.sleep(1)
        detail = report["next"] or detail


def _copy_table(stack: Stack) -> None:
    """Copy the profiles to a backup table."""
    dynamodb = emulator_client("dynamodb", stack)
    create_users_table(dynamodb, _BACKUP)
    for page in dynamodb.get_paginator("scan").paginate(TableName=stack.table):
        for item in page["Items"]:
            dynamodb.put_item(TableName=_BACKUP, Item=item)


def erase_during_faults(faulty: FaultyStack, count: int) -> list[CheckResult]:
    """Erase accounts while 30 % of the AWS calls fail. Half of the erasures are killed after one of their steps.

    Reconciliation finishes all of them. No request creates an account again, and no data of the persons is found.
    """
    grace = {"DELETION_GRACE_DAYS": str(GRACE_DAYS), "HTTP_PROXY": f"http://127.0.0.1:{faulty.proxy_port}"}
    with start_api(faulty.stack, faulty.directory / "grace", **grace) as grace_client:
        erasures = _Erasures(faulty, grace_client, count)
        places_before = len(collect_values(read_stored_data(faulty.stack).items()))
        _copy_table(faulty.stack)
        with faulty.fault_injector.failing(_FAULT_RATE, DYNAMODB, COGNITO, S3, LAMBDA):
            with ThreadPoolExecutor(_THREADS) as threads:
                list(threads.map(erasures.delete_account, erasures.persons))
            erasures.kill_erasures()
            erased_during_faults = erasures.wait_until_erased(seconds=5)
        erasures.wait_until_erased(seconds=5)  # Lambda repeats failed erasures
        reconciliations, erased = 0, erasures.count_erased()
        while erased < count and reconciliations < _MAX_RECONCILIATIONS:
            reconciliations += 1
            reconcile_to_completion(faulty.stack)
            erased = erasures.wait_until_erased(_MAX_IDLE_SECONDS)
        accounts, objects = erasures.count_accounts(), erasures.count_objects()
        created_again = erasures.attempt_creations()
    emulator_client("dynamodb", faulty.stack).delete_table(TableName=_BACKUP)
    values = collect_values([*read_stored_data(faulty.stack).items(), ("logs", faulty.read_logs())])
    return [
        CheckResult(
            f"{count} erasures while 30 % of AWS calls fail: responses to DELETE",
            format_statuses(erasures.responses),
            # 410: the erasure has started although an earlier response was a 503.
            erasures.responses[202] + erasures.responses[410] == count and erasures.responses.keys() <= {202, 410, 503},
        ),
        CheckResult(
            "  killed after each of nine steps",
            f"{erasures.killed.total()}",
            erasures.killed.total() >= count // 2 * 0.9 and len(erasures.killed) == min(len(ERASURE_STEPS), count // 2),
        ),
        CheckResult("  erased before the reconciliation", f"{erased_during_faults}", True),
        CheckResult("  erased", f"{erased}, after {reconciliations} reconciliations", erased == count),
        CheckResult("  users and object versions left", f"{accounts + objects}", accounts + objects == 0),
        CheckResult(
            "  created again by GET, PUT, sign-in, confirmation, reconciliation, restore",
            f"{created_again}",
            created_again == 0,
        ),
        CheckResult(
            "  responses to GET, PUT and DELETE after the erasure",
            format_statuses(erasures.attempts),
            # A DELETE needs a recent sign-in. A busy machine may exceed the timeouts of a call.
            erasures.attempts.keys() <= {401, 410, 503},
        ),
        CheckResult(
            "  personal values in tables, user pool, bucket and logs",
            f"{sum(map(len, values.values()))}",
            not values and places_before == 4,
        ),
    ]
