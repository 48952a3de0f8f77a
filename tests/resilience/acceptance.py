"""`make faults`: the guarantees of the service, measured while AWS fails.

python -m tests.resilience.acceptance [SCALE] [SEED]

At SCALE 1, the default, the scenarios have their full size: 500 sign-ups, 500 erasures, 150 files and a user pool of
20,000. The tests run them at a small fraction of it.
"""

import sys
import tempfile
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Final

from local.user_client import ApiResponse
from tests.resilience.check_result import CheckResult, format_statuses
from tests.resilience.erasure_scenario import erase_during_faults
from tests.resilience.faulty_stack import FaultyStack, start_faulty_stack
from tests.resilience.file_scenario import store_files_during_faults
from tests.resilience.large_pool_scenario import reconcile_large_pool
from tests.support.data import PROFILE_BODY
from tests.support.fault_proxy import COGNITO, DYNAMODB

_THREADS: Final = 8
_EDITORS: Final = 20  # concurrent edits in a round
_FAULT_RATE: Final = 0.3
_MAX_TRIGGER_SECONDS: Final = 4.0  # Cognito waits 5 seconds for a trigger


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
            format_statuses(Counter(response.status for response in first_responses)),
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
            format_statuses(statuses),
            not without_retry_after and statuses.keys() <= {200, 409, 503},
        ),
        CheckResult("  acknowledged edits lost or applied twice", str(lost), lost == 0),
    ]


def run_all_scenarios(directory: Path, scale: float, seed: int) -> list[CheckResult]:
    with start_faulty_stack(directory, seed) as faulty:
        results = sign_up_during_faults(faulty, round(500 * scale))
        results += sign_up_during_outage(faulty, max(1, round(50 * scale)))
        results += edit_concurrently(faulty, max(2, round(10 * scale)))
        results += erase_during_faults(faulty, round(500 * scale))
        results += store_files_during_faults(faulty, max(50, round(150 * scale)), seed)
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
