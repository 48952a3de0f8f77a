"""The scenarios of `make faults` at a small scale, and single faults."""

import itertools
import time
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from local.user_client import ApiResponse
from tests.resilience import acceptance
from tests.resilience.check_result import CheckResult
from tests.resilience.erasure_scenario import erase_during_faults
from tests.resilience.faulty_stack import MAX_ATTEMPTS, FaultyStack
from tests.resilience.file_scenario import store_files_during_faults
from tests.resilience.large_pool_scenario import reconcile_large_pool
from tests.support.data import PROFILE_BODY
from tests.support.fault_proxy import DYNAMODB, FAULTS, FaultInjector

pytestmark = pytest.mark.slow
_numbers = itertools.count(900_000)


def assert_all_passed(results: list[CheckResult]) -> None:
    assert results
    assert all(result.passed for result in results), results


def test_sign_ups_survive_dynamodb_faults(faulty: FaultyStack) -> None:
    assert_all_passed(acceptance.sign_up_during_faults(faulty, 16))


def test_sign_ups_survive_a_dynamodb_outage(faulty: FaultyStack) -> None:
    assert_all_passed(acceptance.sign_up_during_outage(faulty, 4))


def test_acknowledged_edits_are_never_lost(faulty: FaultyStack) -> None:
    assert_all_passed(acceptance.edit_concurrently(faulty, 2))


@pytest.mark.timeout(300)
def test_erasures_survive_faults_and_kills(faulty: FaultyStack) -> None:
    assert_all_passed(erase_during_faults(faulty, 18))


@pytest.mark.timeout(600)
def test_files_survive_faults(faulty: FaultyStack) -> None:
    assert_all_passed(store_files_during_faults(faulty, 50))


class Edit(NamedTuple):
    """The profile before an edit during a fault, the response, and the profile after it."""

    before: dict[str, Any]
    response: ApiResponse
    after: dict[str, Any]


def edit_during_fault(
    faulty: FaultyStack, fault: str, method: str, body: dict[str, Any], headers: dict[str, str] | None = None
) -> Edit:
    """Edit the profile of a new user while one UpdateItem fails, which botocore retries.

    While the machine is busy, the retry can time out too, which is a 503. Then the next user edits.
    """
    for attempt in range(MAX_ATTEMPTS):
        time.sleep(min(attempt, 3))
        email, _ = faulty.sign_up(next(_numbers))
        token = faulty.sign_in(email)
        before = faulty.get_profile(token).body
        faulty.fault_injector.fail_next("UpdateItem", fault)
        response = faulty.user_client.call(method, "/users/me", token, body, headers)
        if response.status != 503:
            break
    return Edit(before, response, faulty.get_profile(token).body)


@pytest.mark.parametrize("headers", [{}, {"If-Match": '"1"'}])
def test_put_with_a_lost_response_is_applied_once(faulty: FaultyStack, headers: dict[str, str]) -> None:
    """DynamoDB applies the update, its response is lost, and botocore retries the call."""
    edit = edit_during_fault(faulty, "lost_response", "PUT", {**PROFILE_BODY, "name": "Jane R. Roe"}, headers)
    assert (edit.response.status, edit.after["version"], edit.after["name"]) == (200, 2, "Jane R. Roe")
    assert edit.response.body == edit.after


@pytest.mark.parametrize("fault", ["lost_response", "throttle", "drop"])
def test_erased_values_are_erased_once_during_a_fault(faulty: FaultyStack, fault: str) -> None:
    erased = {"dob": None, "blood_group": "Unknown"}
    edit = edit_during_fault(faulty, fault, "PATCH", erased)
    assert edit.response.status == 200
    assert edit.after == {**edit.before, **erased, "version": 2, "updated_at": edit.after["updated_at"]}
    assert edit.response.body == edit.after


def test_scenarios_inject_every_fault_and_run_every_trigger(faulty: FaultyStack) -> None:
    """Durations are checked by `make faults`; tests/unit/aws/test_clients.py computes their upper limit."""
    assert set(faulty.fault_injector.injected) == {*FAULTS, "none"}
    assert all(seconds > 0 for seconds in faulty.get_slowest_trigger_runs().values())


def test_killed_reconciliation_is_completed_by_the_next_run(tmp_path: Path) -> None:
    assert_all_passed(reconcile_large_pool(tmp_path, 600))


def test_fault_injector_has_its_rate_and_repeats_its_seed() -> None:
    def draw_faults(seed: int, rate: float) -> list[str | None]:
        fault_injector = FaultInjector(seed)
        with fault_injector.failing(rate, DYNAMODB):
            return [fault_injector.next_fault(f"{DYNAMODB}_20120810.PutItem") for _ in range(1_000)]

    assert draw_faults(1, 0.3) == draw_faults(1, 0.3) != draw_faults(2, 0.3)
    assert 250 < sum(fault is not None for fault in draw_faults(1, 0.3)) < 350
    assert None not in draw_faults(1, 1.0)
    assert "lost_response" not in draw_faults(1, 1.0)
    fault_injector = FaultInjector(1)
    with fault_injector.failing(1.0, DYNAMODB):
        assert fault_injector.next_fault("AWSCognitoIdentityProviderService.AdminGetUser") is None
    assert fault_injector.next_fault(f"{DYNAMODB}_20120810.PutItem") is None
