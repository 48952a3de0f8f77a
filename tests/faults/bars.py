"""`make faults`: what is promised, held to while AWS fails. `python -m tests.faults.bars [SCALE] [SEED]`.

SCALE 1 is the size of the promises (500 sign-ups, a pool of 20,000); the tests run a small part of it.
"""

import dataclasses
import json
import math
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

from local.api_server import ApiServer
from local.config import HOST, LocalSettings
from local.emulator import CONFIRMATION_CODE
from local.emulator_clients import emulator_client
from local.function_definitions import CHECK_PICTURE_FUNCTION, TRIGGERS
from local.ports import allocate_port
from local.stack import STACK_NAME, Stack
from local.user_client import ApiResponse, UserClient
from tests.resilience.check_result import CheckResult
from tests.resilience.large_pool_scenario import reconcile_large_pool
from tests.support.data import sign_up_attributes
from tests.support.fault_proxy import COGNITO, DYNAMODB, FaultInjector, start_fault_proxy
from tests.support.stack import start_stack
from tests.support.users import PASSWORD, generate_email

THREADS: Final = 8
LIMIT: Final = 4.0  # seconds for a trigger's answer
VALID: Final = {"dob": "1985-01-31", "gender": "Female", "blood_group": "O-"}


class FaultyStack:
    """A running stack whose functions and API reach AWS through a proxy that fails."""

    def __init__(self, stack: Stack, faults: FaultInjector, log: Path) -> None:
        self.stack = stack
        self.faults = faults
        self.session = UserClient(stack)
        self._log = log

    def slowest_triggers(self) -> dict[str, float]:
        """The longest run of each trigger's function so far, in seconds, as the embedded AWS has timed it."""
        slowest: dict[str, float] = {}
        for line in self._log.read_text().splitlines():
            told = json.loads(line) if line.startswith('{"message": "function ran"') else {}
            name = str(told.get("function", "")).removeprefix(f"{STACK_NAME}-")
            slowest[name] = max(slowest.get(name, 0.0), told.get("ms", 0) / 1000)
        return {handler: slowest[handler] for handler, _ in TRIGGERS.values()}

    def sign_up(self, number: int) -> tuple[str, str]:
        """A confirmed account: email and sub."""
        email = generate_email()
        form = sign_up_attributes(email, name=f"Person {number}")
        sub = self.session.sign_up(email, PASSWORD, form)
        self.session.confirm(email, CONFIRMATION_CODE)
        return email, sub

    def sign_in(self, email: str) -> str:
        return self.session.sign_in(email, PASSWORD)["IdToken"]

    def get(self, token: str) -> ApiResponse:
        """A GET by a client that comes back when it is told to."""
        for _ in range(20):
            answer = self.session.call("GET", "/users/me", token)
            if answer.status != 503:
                break
        return answer

    def stored(self) -> int:
        return int(emulator_client("dynamodb", self.stack).scan(TableName="Users", Select="COUNT")["Count"])


class _ProxiedSettings(LocalSettings):
    """Settings of an API that reaches AWS through the proxy in its environment."""

    def environment(self) -> dict[str, str]:
        more = {"HTTP_PROXY": self.inherited["HTTP_PROXY"], "PICTURE_UPLOADS_PER_DAY": "10000"}
        return {**super().environment(), **more}


@contextmanager
def start_faulty_stack(directory: Path, seed: int, idle_limit: float = math.inf) -> Iterator[FaultyStack]:
    """`make run`, with a second API and the trigger functions behind the proxy."""
    faults = FaultInjector(seed)
    with start_stack(directory / "run") as run, start_fault_proxy(faults, idle_limit) as port:
        proxied = {"HTTP_PROXY": f"http://{HOST}:{port}"}
        aws_port = urlsplit(run.outputs.aws_endpoint_url).port or 0
        inherited = {"PATH": "/usr/bin:/bin", **proxied}
        local = _ProxiedSettings(allocate_port(), aws_port, directory / "api", inherited, run.outputs.access_key)
        local.directory.mkdir()
        lambda_ = emulator_client("lambda", run.outputs)
        for handler in [*(handler for handler, _ in TRIGGERS.values()), CHECK_PICTURE_FUNCTION]:
            name = f"{STACK_NAME}-{handler}"
            variables = lambda_.get_function_configuration(FunctionName=name)["Environment"]["Variables"]
            lambda_.update_function_configuration(FunctionName=name, Environment={"Variables": variables | proxied})
        with ApiServer(local, run.outputs):
            yield FaultyStack(
                dataclasses.replace(run.outputs, api_url=local.api_url), faults, run.directory / "aws.log"
            )


def sign_ups_with_faults(bench: FaultyStack, count: int) -> list[CheckResult]:
    """Sign-ups while 30% of the calls to DynamoDB fail: every account works, and has one right profile."""
    before = start_faulty_stack.stored()
    with start_faulty_stack.faults.at(0.3, DYNAMODB), ThreadPoolExecutor(THREADS) as threads:
        people = list(threads.map(start_faulty_stack.sign_up, range(count)))
        tokens = list(threads.map(lambda person: start_faulty_stack.sign_in(person[0]), people))
        missing = before + count - start_faulty_stack.stored()
        first = list(threads.map(start_faulty_stack.get, tokens))
    answers = [start_faulty_stack.get(token) for token in tokens]
    right = [
        answer.status == 200
        and (answer.body["id"], answer.body["email"], answer.body["name"], answer.body["version"])
        == (sub, email, f"Person {number}", 1)
        for number, ((email, sub), answer) in enumerate(zip(people, answers, strict=True))
    ]
    return [
        CheckResult(
            f"{count} sign-ups, 30% of DynamoDB's calls fail: accounts that sign in",
            str(len(tokens)),
            len(set(tokens)) == count,
        ),
        CheckResult("  of them without a profile before their first GET", str(missing), 0 <= missing < count),
        CheckResult("  right profiles after it", str(sum(right)), all(right)),
        CheckResult(
            "  profiles more than accounts",
            str(start_faulty_stack.stored() - before - count),
            start_faulty_stack.stored() == before + count,
        ),
        CheckResult("  answers to first GETs", _counted(first), {answer.status for answer in first} == {200}),
    ]


def sign_ups_without_a_table(bench: FaultyStack, count: int) -> list[CheckResult]:
    """Sign-ups while DynamoDB is down: none fails, and all heal."""
    before = start_faulty_stack.stored()
    with start_faulty_stack.faults.at(1.0, DYNAMODB), ThreadPoolExecutor(THREADS) as threads:
        people = list(threads.map(start_faulty_stack.sign_up, range(count)))
        tokens = list(threads.map(lambda person: start_faulty_stack.sign_in(person[0]), people))
    stored = start_faulty_stack.stored() - before
    answers = [start_faulty_stack.get(token) for token in tokens]
    healed = [
        answer.status == 200 and answer.body["id"] == sub for (_, sub), answer in zip(people, answers, strict=True)
    ]
    return [
        CheckResult(
            f"{count} sign-ups, DynamoDB down: accounts that sign in", str(len(tokens)), len(set(tokens)) == count
        ),
        CheckResult("  profiles meanwhile", str(stored), stored == 0),
        CheckResult("  healed afterwards", str(sum(healed)), all(healed)),
    ]


def concurrent_edits(bench: FaultyStack, rounds: int) -> list[CheckResult]:
    """20 at once edit what each has read, with faults: nobody's acknowledged edit is lost, nothing is a 500."""
    email, _ = start_faulty_stack.sign_up(0)
    token = start_faulty_stack.sign_in(email)
    statuses: Counter[int] = Counter()
    acknowledged: dict[int, str] = {}
    lost = 0
    hasty = 0  # told that AWS is at fault, and not when to come back

    def edit(job: tuple[dict[str, Any], str]) -> tuple[str, ApiResponse]:
        read, name = job
        return name, start_faulty_stack.session.call("PUT", "/users/me", token, {**read, "name": name, **VALID})

    with ThreadPoolExecutor(20) as threads:
        for turn in range(rounds):
            read = start_faulty_stack.get(token).body
            with start_faulty_stack.faults.at(0.3, DYNAMODB, COGNITO):
                jobs = [(read, f"Editor {chr(97 + number)} {turn}") for number in range(20)]
                answers = list(threads.map(edit, jobs))
            for name, answer in answers:
                statuses[answer.status] += 1
                hasty += answer.status == 503 and "Retry-After" not in answer.headers
                if answer.status == 200:
                    lost += answer.body["version"] in acknowledged or answer.body["version"] != read["version"] + 1
                    acknowledged[answer.body["version"]] = name
            now = start_faulty_stack.get(token).body
            lost += now["name"] != acknowledged.get(now["version"], now["name"])
            lost += now["version"] > read["version"] + 1
    return [
        CheckResult(
            f"{rounds} times 20 concurrent edits with faults: answers",
            _counts(statuses),
            not hasty and statuses.keys() <= {200, 409, 503},
        ),
        CheckResult("  acknowledged edits lost, or applied twice", str(lost), lost == 0),
    ]


def _counted(answers: list[ApiResponse]) -> str:
    return _counts(Counter(answer.status for answer in answers))


def _counts(statuses: Counter[int]) -> str:
    return ", ".join(f"{count} x {status}" for status, count in sorted(statuses.items()))


def run_all_scenarios(directory: Path, scale: float, seed: int) -> list[CheckResult]:
    """All bars."""
    with start_faulty_stack(directory, seed) as stand:
        rows = sign_ups_with_faults(stand, round(500 * scale))
        rows += sign_ups_without_a_table(stand, max(1, round(50 * scale)))
        rows += concurrent_edits(stand, max(2, round(10 * scale)))
        for handler, seconds in stand.slowest_triggers().items():
            rows.append(CheckResult(f"slowest run of {handler}", f"{seconds:.2f} s", seconds < LIMIT))
        met = {fault: count for fault, count in sorted(stand.faults.injected.items()) if fault != "none"}
        rows.append(
            CheckResult("faults met", ", ".join(f"{count} x {fault}" for fault, count in met.items()), bool(met))
        )
    return rows + reconcile_large_pool(directory / "large", round(20_000 * scale))


def main() -> int:
    scale = float(sys.argv[1]) if len(sys.argv) > 1 else 1.0
    seed = int(sys.argv[2]) if len(sys.argv) > 2 else 1
    with tempfile.TemporaryDirectory() as directory:
        rows = run_all_scenarios(Path(directory), scale, seed)
    for row in rows:
        print(f"{'ok  ' if row.held else 'FAIL'}  {row.bar:<72} {row.measured}")
    return 0 if all(row.held for row in rows) else 1


if __name__ == "__main__":
    sys.exit(main())
