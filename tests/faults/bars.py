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

from local.api import Api
from local.aws import CONFIRMATION_CODE
from local.processes import free_port
from local.session import Answer, Session
from local.settings import HOST, LocalSettings
from local.stack import CHECK_PICTURE, NAME, TRIGGERS, Stack, client
from tests.faults.large_pool import reconcile_a_large_pool
from tests.faults.proxy import COGNITO, DYNAMODB, Faults, proxy
from tests.faults.row import Row
from tests.integration.conftest import PASSWORD, attributes, new_email, running

THREADS: Final = 8
LIMIT: Final = 4.0  # seconds for a trigger's answer
VALID: Final = {"dob": "1985-01-31", "gender": "Female", "blood_group": "O-"}


class Bench:
    """A running stack whose functions and API reach AWS through a proxy that fails."""

    def __init__(self, stack: Stack, faults: Faults, log: Path) -> None:
        self.stack = stack
        self.faults = faults
        self.session = Session(stack)
        self._log = log

    def slowest_triggers(self) -> dict[str, float]:
        """The longest run of each trigger's function so far, in seconds, as the embedded AWS has timed it."""
        slowest: dict[str, float] = {}
        for line in self._log.read_text().splitlines():
            told = json.loads(line) if line.startswith('{"message": "function ran"') else {}
            name = str(told.get("function", "")).removeprefix(f"{NAME}-")
            slowest[name] = max(slowest.get(name, 0.0), told.get("ms", 0) / 1000)
        return {handler: slowest[handler] for handler, _ in TRIGGERS.values()}

    def sign_up(self, number: int) -> tuple[str, str]:
        """A confirmed account: email and sub."""
        email = new_email()
        form = attributes(email, name=f"Person {number}")
        sub = self.session.sign_up(email, PASSWORD, form)
        self.session.confirm(email, CONFIRMATION_CODE)
        return email, sub

    def sign_in(self, email: str) -> str:
        return self.session.sign_in(email, PASSWORD)["IdToken"]

    def get(self, token: str) -> Answer:
        """A GET by a client that comes back when it is told to."""
        for _ in range(20):
            answer = self.session.call("GET", "/users/me", token)
            if answer.status != 503:
                break
        return answer

    def stored(self) -> int:
        return int(client("dynamodb", self.stack).scan(TableName="Users", Select="COUNT")["Count"])


class _ProxiedSettings(LocalSettings):
    """Settings of an API that reaches AWS through the proxy in its environment."""

    def environment(self) -> dict[str, str]:
        more = {"HTTP_PROXY": self.inherited["HTTP_PROXY"], "PICTURE_UPLOADS_PER_DAY": "10000"}
        return {**super().environment(), **more}


@contextmanager
def bench(directory: Path, seed: int, idle_limit: float = math.inf) -> Iterator[Bench]:
    """`make run`, with a second API and the trigger functions behind the proxy."""
    faults = Faults(seed)
    with running(directory / "run") as run, proxy(faults, idle_limit) as port:
        proxied = {"HTTP_PROXY": f"http://{HOST}:{port}"}
        aws_port = urlsplit(run.stack.aws_endpoint_url).port or 0
        inherited = {"PATH": "/usr/bin:/bin", **proxied}
        local = _ProxiedSettings(free_port(), aws_port, directory / "api", inherited, run.stack.access_key)
        local.directory.mkdir()
        lambda_ = client("lambda", run.stack)
        for handler in [*(handler for handler, _ in TRIGGERS.values()), CHECK_PICTURE]:
            name = f"{NAME}-{handler}"
            variables = lambda_.get_function_configuration(FunctionName=name)["Environment"]["Variables"]
            lambda_.update_function_configuration(FunctionName=name, Environment={"Variables": variables | proxied})
        with Api(local, run.stack):
            yield Bench(dataclasses.replace(run.stack, api_url=local.api_url), faults, run.directory / "aws.log")


def sign_ups_with_faults(bench: Bench, count: int) -> list[Row]:
    """Sign-ups while 30% of the calls to DynamoDB fail: every account works, and has one right profile."""
    before = bench.stored()
    with bench.faults.at(0.3, DYNAMODB), ThreadPoolExecutor(THREADS) as threads:
        people = list(threads.map(bench.sign_up, range(count)))
        tokens = list(threads.map(lambda person: bench.sign_in(person[0]), people))
        missing = before + count - bench.stored()
        first = list(threads.map(bench.get, tokens))
    answers = [bench.get(token) for token in tokens]
    right = [
        answer.status == 200
        and (answer.body["id"], answer.body["email"], answer.body["name"], answer.body["version"])
        == (sub, email, f"Person {number}", 1)
        for number, ((email, sub), answer) in enumerate(zip(people, answers, strict=True))
    ]
    return [
        Row(
            f"{count} sign-ups, 30% of DynamoDB's calls fail: accounts that sign in",
            str(len(tokens)),
            len(set(tokens)) == count,
        ),
        Row("  of them without a profile before their first GET", str(missing), 0 <= missing < count),
        Row("  right profiles after it", str(sum(right)), all(right)),
        Row("  profiles more than accounts", str(bench.stored() - before - count), bench.stored() == before + count),
        Row("  answers to first GETs", _counted(first), {answer.status for answer in first} == {200}),
    ]


def sign_ups_without_a_table(bench: Bench, count: int) -> list[Row]:
    """Sign-ups while DynamoDB is down: none fails, and all heal."""
    before = bench.stored()
    with bench.faults.at(1.0, DYNAMODB), ThreadPoolExecutor(THREADS) as threads:
        people = list(threads.map(bench.sign_up, range(count)))
        tokens = list(threads.map(lambda person: bench.sign_in(person[0]), people))
    stored = bench.stored() - before
    answers = [bench.get(token) for token in tokens]
    healed = [
        answer.status == 200 and answer.body["id"] == sub for (_, sub), answer in zip(people, answers, strict=True)
    ]
    return [
        Row(f"{count} sign-ups, DynamoDB down: accounts that sign in", str(len(tokens)), len(set(tokens)) == count),
        Row("  profiles meanwhile", str(stored), stored == 0),
        Row("  healed afterwards", str(sum(healed)), all(healed)),
    ]


def concurrent_edits(bench: Bench, rounds: int) -> list[Row]:
    """20 at once edit what each has read, with faults: nobody's acknowledged edit is lost, nothing is a 500."""
    email, _ = bench.sign_up(0)
    token = bench.sign_in(email)
    statuses: Counter[int] = Counter()
    acknowledged: dict[int, str] = {}
    lost = 0
    hasty = 0  # told that AWS is at fault, and not when to come back

    def edit(job: tuple[dict[str, Any], str]) -> tuple[str, Answer]:
        read, name = job
        return name, bench.session.call("PUT", "/users/me", token, {**read, "name": name, **VALID})

    with ThreadPoolExecutor(20) as threads:
        for turn in range(rounds):
            read = bench.get(token).body
            with bench.faults.at(0.3, DYNAMODB, COGNITO):
                jobs = [(read, f"Editor {chr(97 + number)} {turn}") for number in range(20)]
                answers = list(threads.map(edit, jobs))
            for name, answer in answers:
                statuses[answer.status] += 1
                hasty += answer.status == 503 and "Retry-After" not in answer.headers
                if answer.status == 200:
                    lost += answer.body["version"] in acknowledged or answer.body["version"] != read["version"] + 1
                    acknowledged[answer.body["version"]] = name
            now = bench.get(token).body
            lost += now["name"] != acknowledged.get(now["version"], now["name"])
            lost += now["version"] > read["version"] + 1
    return [
        Row(
            f"{rounds} times 20 concurrent edits with faults: answers",
            _counts(statuses),
            not hasty and statuses.keys() <= {200, 409, 503},
        ),
        Row("  acknowledged edits lost, or applied twice", str(lost), lost == 0),
    ]


def _counted(answers: list[Answer]) -> str:
    return _counts(Counter(answer.status for answer in answers))


def _counts(statuses: Counter[int]) -> str:
    return ", ".join(f"{count} x {status}" for status, count in sorted(statuses.items()))


def measure(directory: Path, scale: float, seed: int) -> list[Row]:
    """All bars."""
    with bench(directory, seed) as stand:
        rows = sign_ups_with_faults(stand, round(500 * scale))
        rows += sign_ups_without_a_table(stand, max(1, round(50 * scale)))
        rows += concurrent_edits(stand, max(2, round(10 * scale)))
        for handler, seconds in stand.slowest_triggers().items():
            rows.append(Row(f"slowest run of {handler}", f"{seconds:.2f} s", seconds < LIMIT))
        met = {fault: count for fault, count in sorted(stand.faults.met.items()) if fault != "none"}
        rows.append(Row("faults met", ", ".join(f"{count} x {fault}" for fault, count in met.items()), bool(met)))
    return rows + reconcile_a_large_pool(directory / "large", round(20_000 * scale))


def main() -> int:
    scale = float(sys.argv[1]) if len(sys.argv) > 1 else 1.0
    seed = int(sys.argv[2]) if len(sys.argv) > 2 else 1
    with tempfile.TemporaryDirectory() as directory:
        rows = measure(Path(directory), scale, seed)
    for row in rows:
        print(f"{'ok  ' if row.held else 'FAIL'}  {row.bar:<72} {row.measured}")
    return 0 if all(row.held for row in rows) else 1


if __name__ == "__main__":
    sys.exit(main())
