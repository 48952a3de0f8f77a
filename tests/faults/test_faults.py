"""The bars of `make faults`, at a size for every day."""

import itertools
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.resilience import acceptance
from tests.resilience.check_result import CheckResult
from tests.resilience.large_pool_scenario import reconcile_large_pool
from tests.support.fault_proxy import DYNAMODB, FAULTS, FaultInjector

pytestmark = pytest.mark.slow
_numbers = itertools.count(900_000)


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Iterator[acceptance.FaultyStack]:
    with acceptance.start_faulty_stack(tmp_path_factory.mktemp("faults"), seed=7) as bench:
        yield bench


def held(rows: list[CheckResult]) -> bool:
    assert all(row.held for row in rows), rows
    return bool(rows)


def test_sign_ups_lose_nobody_while_dynamodb_fails_now_and_then(bench: acceptance.FaultyStack) -> None:
    assert held(acceptance.sign_ups_with_faults(bench, 16))


def test_sign_ups_lose_nobody_while_dynamodb_is_down(bench: acceptance.FaultyStack) -> None:
    assert held(acceptance.sign_ups_without_a_table(bench, 4))


def test_no_acknowledged_edit_is_lost(bench: acceptance.FaultyStack) -> None:
    assert held(acceptance.concurrent_edits(bench, 2))


@pytest.mark.parametrize("headers", [{}, {"If-Match": '"1"'}])
def test_a_put_whose_answer_was_lost_is_one_change(bench: acceptance.FaultyStack, headers: dict[str, str]) -> None:
    """DynamoDB has applied it, its answer was lost, and botocore has asked again."""
    email, _ = bench.sign_up(next(_numbers))
    token = bench.sign_in(email)
    assert bench.get(token).body["version"] == 1
    bench.faults.once("UpdateItem", "applied")
    body = {"name": "Jane R. Roe", "dob": "1985-01-31", "gender": "Female", "blood_group": "O-"}
    answer = bench.session.call("PUT", "/users/me", token, body, headers)
    assert (answer.status, answer.body["version"], answer.body["name"]) == (200, 2, "Jane R. Roe")
    assert bench.get(token).body == answer.body


@pytest.mark.parametrize("fault", ["applied", "throttle", "drop"])
def test_erasure_during_a_fault_is_applied_once(bench: acceptance.FaultyStack, fault: str) -> None:
    email, _ = bench.sign_up(next(_numbers))
    token = bench.sign_in(email)
    before = bench.get(token).body
    bench.faults.once("UpdateItem", fault)
    erased = {"dob": None, "blood_group": "Unknown"}
    answer = bench.session.call("PATCH", "/users/me", token, erased)
    assert answer.status == 200
    assert answer.body == {**before, **erased, "version": 2, "updated_at": answer.body["updated_at"]}
    assert bench.get(token).body == answer.body


def test_every_kind_of_fault_was_met_and_every_trigger_ran(bench: acceptance.FaultyStack) -> None:
    """How long they took is for `make faults` to measure; tests/unit/test_aws.py has the sum that bounds it."""
    assert set(bench.faults.met) == {*FAULTS, "none"}
    assert all(seconds > 0 for seconds in bench.slowest_triggers().values())


def test_a_reconciliation_survives_being_killed(tmp_path: Path) -> None:
    assert held(reconcile_large_pool(tmp_path, 600))


def test_faults_come_at_their_rate_and_the_same_for_the_same_seed() -> None:
    def drawn(seed: int, rate: float) -> list[str | None]:
        faults = FaultInjector(seed)
        with faults.failing(rate, DYNAMODB):
            return [faults.next_fault(f"{DYNAMODB}_20120810.PutItem") for _ in range(1_000)]

    assert drawn(1, 0.3) == drawn(1, 0.3) != drawn(2, 0.3)
    assert 250 < sum(fault is not None for fault in drawn(1, 0.3)) < 350
    assert None not in drawn(1, 1.0)
    assert "applied" not in drawn(1, 1.0)
    faults = FaultInjector(1)
    with faults.failing(1.0, DYNAMODB):
        assert faults.next_fault("AWSCognitoIdentityProviderService.AdminGetUser") is None
    assert faults.next_fault(f"{DYNAMODB}_20120810.PutItem") is None
