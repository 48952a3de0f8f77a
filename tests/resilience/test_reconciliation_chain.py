"""One scheduled start reconciles the whole user pool in several runs, at the latency of AWS."""

import json
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from benchmarks.growth.seed import write_users
from chalicelib.reconciliation.next_run import to_event
from local.emulator_clients import emulator_client
from local.stack import STACK_NAME
from tests.support.aws import get_item
from tests.support.fault_proxy import COGNITO, FaultInjector, start_fault_proxy
from tests.support.reconciliation import get_checkpoint, store_profiles
from tests.support.stack import RunningStack, start_stack

pytestmark = pytest.mark.slow
FUNCTION = f"{STACK_NAME}-reconcile"
USERS = 500
COGNITO_DELAY = 0.035  # seconds
FUNCTION_TIMEOUT = 35  # seconds, of which a run uses five
CHAIN_TIMEOUT = 90  # seconds


@pytest.fixture(scope="module")
def stack_and_subs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[RunningStack, list[str]]]:
    """Start a stack with a pool of 500 users and delay the calls of `reconcile` to Cognito.

    The first of the returned users has no profile.
    """
    directory = tmp_path_factory.mktemp("chain")
    with start_stack(directory) as stack:
        user_pool_id = stack.outputs.user_pool_id
    subs = write_users(directory / "state", user_pool_id, USERS)[1:]
    with start_stack(directory) as stack, start_fault_proxy(fault_injector := FaultInjector(1)) as port:
        fault_injector.delays[COGNITO] = COGNITO_DELAY
        lambda_ = emulator_client("lambda", stack.outputs)
        variables = lambda_.get_function_configuration(FunctionName=FUNCTION)["Environment"]["Variables"]
        variables["HTTP_PROXY"] = f"http://127.0.0.1:{port}"
        lambda_.update_function_configuration(
            FunctionName=FUNCTION, Environment={"Variables": variables}, Timeout=FUNCTION_TIMEOUT
        )
        store_profiles(stack.outputs, subs[1:])
        yield stack, subs


def count_runs(log: Path) -> int:
    lines = [json.loads(line) for line in log.read_text().splitlines() if line.startswith('{"message": "function ran"')]
    return sum(line["function"] == FUNCTION for line in lines)


def test_scheduled_start_reconciles_all_users_in_several_runs(stack_and_subs: tuple[RunningStack, list[str]]) -> None:
    stack, subs = stack_and_subs
    outputs = stack.outputs
    for _ in range(2):  # AWS may deliver an event twice
        emulator_client("lambda", outputs).invoke(FunctionName=FUNCTION, InvocationType="Event", Payload=to_event({}))
    deadline = time.monotonic() + CHAIN_TIMEOUT
    # The stack logs a run after it has ended, so the last run is logged after its checkpoint is saved.
    while get_checkpoint(outputs, "profiles").get("phase") != "finished" or count_runs(stack.directory / "aws.log") < 4:
        assert time.monotonic() < deadline, f"{get_checkpoint(outputs, 'profiles')}\n{stack.read_logs()[-3000:]}"
        time.sleep(0.2)
    users, profiles = get_checkpoint(outputs, "users"), get_checkpoint(outputs, "profiles")
    assert (users["users"], users["created"], users["missing"]) == (USERS, 1, 1)
    assert (profiles["profiles"], profiles["orphans"]) == (USERS, 0)
    assert '"message":"reconciliation is running already"' in stack.read_logs(), "the second start exits"
    assert get_item(emulator_client("dynamodb", outputs), outputs.table, subs[0])
