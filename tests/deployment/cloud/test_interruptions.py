"""`make deploy` and `make destroy`, interrupted by Ctrl-C at each of their steps and run again."""

import json
import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.deployment.cloud.conftest import BUCKET, MAKE_TIMEOUT, STAGE, DeployedStage, embedded_aws, prepare_checkout

pytestmark = pytest.mark.timeout(3 * MAKE_TIMEOUT)
# A line of the output, and how many seconds after it Ctrl-C is pressed.
DEPLOY = [
    (f"Stage {STAGE}", 4),  # Terraform plans or applies
    ("  ok  API logs", 1),  # pip installs the layer
    ("  ok  configuration", 5),  # Chalice uploads
    ("  ok  code", 2),  # Terraform attaches the triggers
]
DESTROY = [(f"Stage {STAGE}", 3), ("  ok  code", 3)]


@pytest.fixture(scope="module")
def cloud(
    tmp_path_factory: pytest.TempPathFactory, terraform_environment: dict[str, str], project: Callable[[], Path]
) -> Iterator[DeployedStage]:
    """One of these tests alone, where nothing is deployed yet."""
    with embedded_aws(tmp_path_factory.mktemp("aws")) as aws:
        variables = f'picture_bucket = "{BUCKET}"\ndeletion_protection = false\n'
        yield prepare_checkout(project(), aws, terraform_environment, variables)


def interrupt(cloud: DeployedStage, target: str, line: str, seconds: float) -> None:
    """Run make and press Ctrl-C some time after a line."""
    command, where = cloud.command(target, f"STAGE={STAGE}")
    with subprocess.Popen(
        command, **where, stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True
    ) as process:
        assert process.stdout is not None
        told = []
        for output in process.stdout:
            told.append(output)
            if output.startswith(line):
                break
        else:
            raise AssertionError(f"{line!r} is not in {told}")
        time.sleep(seconds)
        os.killpg(process.pid, signal.SIGINT)
        rest, errors = process.communicate(timeout=MAKE_TIMEOUT)
    assert process.returncode != 0, f"over before Ctrl-C: {told} {rest}"
    assert "Interrupted. Run the same command again" in errors
    assert "Traceback" not in errors


def test_interrupted_deploy_is_completed_by_the_next_run(cloud: DeployedStage) -> None:
    for line, seconds in DEPLOY:
        interrupt(cloud, "deploy", line, seconds)
    done = cloud.make("deploy", f"STAGE={STAGE}")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "6 functions and the API" in done.stdout
    assert len(cloud.api_ids) == 1
    assert len(cloud.client("cognito-idp").list_user_pools(MaxResults=60)["UserPools"]) == 1
    (layer,) = cloud.client("lambda").list_layers()["Layers"]
    assert len(cloud.client("lambda").list_layer_versions(LayerName=layer["LayerName"])["LayerVersions"]) == 1
    rules = [rule["Name"] for rule in cloud.client("events").list_rules()["Rules"]]
    assert sorted(rules) == [f"healthtech-{STAGE}-key-disabled", f"healthtech-{STAGE}-reconcile-event"]


def test_interrupted_destroy_is_completed_by_the_next_run(cloud: DeployedStage) -> None:
    for line, seconds in DESTROY:
        interrupt(cloud, "destroy", line, seconds)
    done = cloud.make("destroy", f"STAGE={STAGE}")
    assert done.returncode == 0, done.stdout + done.stderr
    assert not cloud.api_ids
    assert not cloud.client("lambda").list_functions()["Functions"]
    assert not cloud.client("logs").describe_log_groups()["logGroups"]
    assert not cloud.client("events").list_rules()["Rules"]
    assert_forgotten(cloud)


def test_destroy_interrupted_at_its_end_is_completed(cloud: DeployedStage) -> None:
    """Nothing is left on AWS, and the checkout still knows the stage."""
    config = cloud.tree / ".chalice" / "config.json"
    stages = json.loads(config.read_text())
    stages["stages"][STAGE] = {}
    config.write_text(json.dumps(stages))
    made = subprocess.run(
        ["terraform", "-chdir=infra", "workspace", "new", STAGE],
        cwd=cloud.tree, env=cloud.environment, capture_output=True, text=True,
    )  # fmt: skip
    assert made.returncode == 0, made.stderr
    done = cloud.make("destroy", f"STAGE={STAGE}")
    assert done.stderr.splitlines()[0] == f"The stage {STAGE} is not deployed."
    assert_forgotten(cloud)


def assert_forgotten(cloud: DeployedStage) -> None:
    """The checkout knows nothing of the stage."""
    workspaces = subprocess.run(
        ["terraform", "-chdir=infra", "workspace", "list"],
        cwd=cloud.tree, env=cloud.environment, capture_output=True, text=True, check=True,
    ).stdout  # fmt: skip
    assert STAGE not in workspaces.replace("*", "").split()
    assert STAGE not in json.loads((cloud.tree / ".chalice" / "config.json").read_text())["stages"]
    assert not (cloud.tree / ".chalice" / "deployed" / f"{STAGE}.json").exists()
