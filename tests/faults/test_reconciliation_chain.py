"""At the latency of AWS one scheduled start walks over the whole pool, in as many runs as that takes."""

import json
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from chalicelib.profiles.items import to_item
from chalicelib.profiles.models import Profile
from chalicelib.reconciliation.service import to_event
from local.emulator_clients import emulator_client
from local.stack import STACK_NAME, Stack
from tests.resilience.large_pool_scenario import seed_user_pool
from tests.support.fault_proxy import COGNITO, FaultInjector, start_fault_proxy
from tests.support.stack import RunningStack, start_stack

pytestmark = pytest.mark.slow
FUNCTION = f"{STACK_NAME}-reconcile"
USERS = 500
LATENCY = 0.035  # seconds that each call to Cognito takes longer
TIMEOUT = 35  # seconds of the function; it walks for five of them
PATIENCE = 90  # seconds


@pytest.fixture(scope="module")
def subs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[RunningStack, list[str]]]:
    """A stack whose pool has this many users, and whose function `reconcile` reaches Cognito as slowly as on AWS."""
    directory = tmp_path_factory.mktemp("chain")
    with start_stack(directory) as run:
        pool_id = run.outputs.user_pool_id
    subs = seed_user_pool(directory / "state", pool_id, USERS)
    with start_stack(directory) as run, start_fault_proxy(faults := FaultInjector(1)) as port:
        faults.delays[COGNITO] = LATENCY
        lambda_ = emulator_client("lambda", run.outputs)
        variables = lambda_.get_function_configuration(FunctionName=FUNCTION)["Environment"]["Variables"]
        variables["HTTP_PROXY"] = f"http://127.0.0.1:{port}"
        lambda_.update_function_configuration(
            FunctionName=FUNCTION, Environment={"Variables": variables}, Timeout=TIMEOUT
        )
        add_profiles(run.outputs, subs[1:])  # the first has none
        yield run, subs


def add_profiles(stack: Stack, subs: list[str]) -> None:
    now = datetime.now(UTC)
    for start in range(0, len(subs), 25):
        profiles = [Profile(id=sub, created_at=now, updated_at=now, version=1) for sub in subs[start : start + 25]]
        puts = [{"PutRequest": {"Item": to_item(profile)}} for profile in profiles]
        emulator_client("dynamodb", stack).batch_write_item(RequestItems={stack.table: puts})


def checkpoint(stack: Stack, name: str) -> dict[str, Any]:
    key = {"user_id": {"S": f"#reconciliation-{name}"}}
    item = emulator_client("dynamodb", stack).get_item(TableName=stack.table, Key=key).get("Item", {})
    return dict(json.loads(item["place"]["S"])) if "place" in item else {}


def runs(log: Path) -> int:
    lines = [json.loads(line) for line in log.read_text().splitlines() if line.startswith('{"message": "function ran"')]
    return sum(line["function"] == FUNCTION for line in lines)


def test_one_start_walks_over_the_pool_in_several_runs(subs: tuple[RunningStack, list[str]]) -> None:
    run, users = subs
    lambda_ = emulator_client("lambda", run.outputs)
    for _ in range(2):  # AWS may deliver an event twice
        lambda_.invoke(FunctionName=FUNCTION, InvocationType="Event", Payload=to_event({}))
    deadline = time.monotonic() + PATIENCE
    while checkpoint(run.outputs, "profiles").get("part") != "finished":
        assert time.monotonic() < deadline, f"{checkpoint(run.outputs, 'profiles')}\n{run.read_logs()[-3000:]}"
        time.sleep(0.2)
    seen, walked = checkpoint(run.outputs, "users"), checkpoint(run.outputs, "profiles")
    assert (seen["users"], seen["created"], seen["missing"]) == (USERS, 1, 1)
    assert (walked["profiles"], walked["orphans"]) == (USERS, 0)
    assert '"message":"reconciliation is running already"' in run.read_logs(), "the second start does nothing"
    assert runs(run.directory / "aws.log") >= 4
    key = {"user_id": {"S": users[0]}}
    assert "Item" in emulator_client("dynamodb", run.outputs).get_item(TableName=run.outputs.table, Key=key)
