"""`make faults`: the guarantees of the service, measured while AWS fails.

python -m tests.resilience.acceptance [SCALE] [SEED]

At SCALE 1, the default, the scenarios have their full size: 500 sign-ups and a user pool of 20,000. The tests run them
at a small fraction of it.
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
from tests.support.data import PROFILE_BODY, sign_up_attributes
from tests.support.fault_proxy import COGNITO, DYNAMODB, FaultInjector, start_fault_proxy
from tests.support.stack import start_stack
from tests.support.users import PASSWORD, generate_email

_THREADS: Final = 8
_EDITORS: Final = 20  # concurrent edits in a round
_MAX_ATTEMPTS: Final = 20
_FAULT_RATE: Final = 0.3
_MAX_TRIGGER_SECONDS: Final = 4.0  # Cognito waits 5 seconds for a trigger


class FaultyStack:
    """A running stack whose functions and API reach AWS through a fault proxy."""

    def __init__(self, stack: Stack, fault_injector: FaultInjector, log: Path) -> None:
        self.stack = stack
        self.fault_injector = fault_injector
        self.user_client = UserClient(stack)
        self._log = log

    def get_slowest_trigger_runs(self) -> dict[str, float]:
        """Return the duration of the longest run of each trigger in seconds, from the log of the embedded AWS."""
        slowest: dict[str, float] = {}
        for line in self._log.read_text().splitlines():
            if line.startswith('{"message": "function ran"'):
                entry = json.loads(line)
                name = str(entry["function"]).removeprefix(f"{STACK_NAME}-")
                slowest[name] = max(slowest.get(name, 0.0), entry["ms"] / 1000)
        return {handler: slowest[handler] for handler, _ in TRIGGERS.values()}

    def sign_up(self, number: int) -> tuple[str, str]:
        """Create a confirmed account. Return its email address and its sub."""
        email = generate_email()
        sub = self.user_client.sign_up(email, PASSWORD, sign_up_attributes(email, name=f"Person {number}"))
        self.user_client.confirm(email, CONFIRMATION_CODE)
        return email, sub

    def sign_in(self, email: str) -> str:
        """Return an ID token."""
        return self.user_client.sign_in(email, PASSWORD)["IdToken"]

    def get_profile(self, token: str) -> ApiResponse:
        """Send GET /users/me, and repeat the request after a 503."""
        for _ in range(_MAX_ATTEMPTS):
            response = self.user_client.call("GET", "/users/me", token)
            if response.status != 503:
                break
        return response

    def count_profiles(self) -> int:
        return int(emulator_client("dynamodb", self.stack).scan(TableName="Users", Select="COUNT")["Count"])


class _ProxiedSettings(LocalSettings):
    """Settings of an API that reaches AWS through the proxy in its environment."""

    def environment(self) -> dict[str, str]:
        proxied = {"HTTP_PROXY": self.base_environment["HTTP_PROXY"], "PICTURE_UPLOADS_PER_DAY": "10000"}
        return {**super().environment(), **proxied}


@contextmanager
def start_faulty_stack(directory: Path, seed: int, idle_limit: float = math.inf) -> Iterator[FaultyStack]:
    """Start a stack and a second API. Put the fault proxy before that API and before the functions."""
    fault_injector = FaultInjector(seed)
    with start_stack(directory / "run") as stack, start_fault_proxy(fault_injector, idle_limit) as port:
        proxied = {"HTTP_PROXY": f"http://{HOST}:{port}"}
        aws_port = urlsplit(stack.outputs.aws_endpoint_url).port or 0
        inherited = {"PATH": "/usr/bin:/bin", **proxied}
        local = _ProxiedSettings(allocate_port(), aws_port, directory / "api", inherited, stack.outputs.access_key)
        local.state_directory.mkdir()
        lambda_ = emulator_client("lambda", stack.outputs)
        for handler in [*(handler for handler, _ in TRIGGERS.values()), CHECK_PICTURE_FUNCTION]:
            name = f"{STACK_NAME}-{handler}"
            variables = lambda_.get_function_configuration(FunctionName=name)["Environment"]["Variables"]
            lambda_.update_function_configuration(FunctionName=name, Environment={"Variables": variables | proxied})
        with ApiServer(local, stack.outputs):
            outputs = dataclasses.replace(stack.outputs, api_url=local.api_url)
            yield FaultyStack(outputs, fault_injector, stack.directory / "aws.log")


def sign_up_during_faults(faulty: FaultyStack, count: int) -> list[CheckResult]:
    """Sign users up while 30 % of the calls to DynamoDB fail. Every account works and has one correct profile."""
    before = faulty.count_profiles()
    with faulty.fault_injector.failing(_FAULT_RATE, DYNAMODB), ThreadPoolExecutor(_THREADS) as threads:
        users = list(threads.map(faulty.sign_up, range(count)))
        tokens = list(threads.map(lambda user: faulty.sign_in(user[0]), users))
        missing = before + count - faulty.count_profiles()
        first_responses = list(threads.map(faulty.get_profile, tokens))
    responses = [faulty.get_profile(token) for token in tokens]
    correct = [
        response.status == 200
        and (response.body["id"], response.body["email"], response.body["name"], response.body["version"])
        == (sub, email, f"Person {number}", 1)
        for number, ((email, sub), response) in enumerate(zip(users, responses, strict=True))
    ]
    stored = faulty.count_profiles()
    return [
        CheckResult(
            f"{count} sign-ups while 30 % of DynamoDB calls fail: users that sign in",
            str(len(tokens)),
            len(set(tokens)) == count,
        ),
        CheckResult("  users without a profile before their first GET", str(missing), 0 <= missing < count),
        CheckResult("  correct profiles after the first GET", str(sum(correct)), all(correct)),
        CheckResult("  profiles without an account", str(stored - before - count), stored == before + count),
        CheckResult(
            "  responses to the first GETs",
            _format_statuses(Counter(response.status for response in first_responses)),
            {response.status for response in first_responses} == {200},
        ),
    ]


def sign_up_during_outage(faulty: FaultyStack, count: int) -> list[CheckResult]:
    """Sign users up while DynamoDB is down. No sign-up fails, and the next request provisions each profile."""
    before = faulty.count_profiles()
    with faulty.fault_injector.failing(1.0, DYNAMODB), ThreadPoolExecutor(_THREADS) as threads:
        users = list(threads.map(faulty.sign_up, range(count)))
        tokens = list(threads.map(lambda user: faulty.sign_in(user[0]), users))
    stored = faulty.count_profiles() - before
    responses = [faulty.get_profile(token) for token in tokens]
    provisioned = [
        response.status == 200 and response.body["id"] == sub
        for (_, sub), response in zip(users, responses, strict=True)
    ]
    return [
        CheckResult(
            f"{count} sign-ups while DynamoDB is down: users that sign in", str(len(tokens)), len(set(tokens)) == count
        ),
        CheckResult("  profiles during the outage", str(stored), stored == 0),
        CheckResult("  profiles provisioned after it", str(sum(provisioned)), all(provisioned)),
    ]


def edit_concurrently(faulty: FaultyStack, rounds: int) -> list[CheckResult]:
    """Let 20 clients edit the version that each has read. No acknowledged edit is lost, and no response is a 500."""
    email, _ = faulty.sign_up(0)
    token = faulty.sign_in(email)
    statuses: Counter[int] = Counter()
    acknowledged: dict[int, str] = {}
    lost = 0
    without_retry_after = 0

    def edit(job: tuple[dict[str, Any], str]) -> tuple[str, ApiResponse]:
        profile, name = job
        body = {**profile, **PROFILE_BODY, "name": name}
        return name, faulty.user_client.call("PUT", "/users/me", token, body)

    with ThreadPoolExecutor(_EDITORS) as threads:
        for round_number in range(rounds):
            before = faulty.get_profile(token).body
            with faulty.fault_injector.failing(_FAULT_RATE, DYNAMODB, COGNITO):
                jobs = [(before, f"Editor {chr(97 + number)} {round_number}") for number in range(_EDITORS)]
                results = list(threads.map(edit, jobs))
            for name, response in results:
                statuses[response.status] += 1
                without_retry_after += response.status == 503 and "Retry-After" not in response.headers
                if response.status == 200:
                    version = response.body["version"]
                    lost += version in acknowledged or version != before["version"] + 1
                    acknowledged[version] = name
            after = faulty.get_profile(token).body
            lost += after["name"] != acknowledged.get(after["version"], after["name"])
            lost += after["version"] > before["version"] + 1
    return [
        CheckResult(
            f"{rounds} rounds of {_EDITORS} concurrent edits with faults: responses",
            _format_statuses(statuses),
            not without_retry_after and statuses.keys() <= {200, 409, 503},
        ),
        CheckResult("  acknowledged edits lost or applied twice", str(lost), lost == 0),
    ]


def _format_statuses(statuses: Counter[int]) -> str:
    return ", ".join(f"{count} x {status}" for status, count in sorted(statuses.items()))


def run_all_scenarios(directory: Path, scale: float, seed: int) -> list[CheckResult]:
    with start_faulty_stack(directory, seed) as faulty:
        results = sign_up_during_faults(faulty, round(500 * scale))
        results += sign_up_during_outage(faulty, max(1, round(50 * scale)))
        results += edit_concurrently(faulty, max(2, round(10 * scale)))
        for handler, seconds in faulty.get_slowest_trigger_runs().items():
            results.append(CheckResult(f"slowest run of {handler}", f"{seconds:.2f} s", seconds < _MAX_TRIGGER_SECONDS))
        faults = {fault: count for fault, count in sorted(faulty.fault_injector.injected.items()) if fault != "none"}
        injected = ", ".join(f"{count} x {fault}" for fault, count in faults.items())
        results.append(CheckResult("injected faults", injected, bool(faults)))
    return results + reconcile_large_pool(directory / "large", round(20_000 * scale))


def main() -> int:
    scale = float(sys.argv[1]) if len(sys.argv) > 1 else 1.0
    seed = int(sys.argv[2]) if len(sys.argv) > 2 else 1
    with tempfile.TemporaryDirectory() as directory:
        results = run_all_scenarios(Path(directory), scale, seed)
    for result in results:
        print(f"{'ok  ' if result.passed else 'FAIL'}  {result.name:<72} {result.measured}")
    return 0 if all(result.passed for result in results) else 1


if __name__ == "__main__":
    sys.exit(main())
