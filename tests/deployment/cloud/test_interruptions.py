"""`make deploy` and `make destroy`, interrupted by Ctrl-C at each of their steps and repeated."""

import json
import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.support.deployed_stage import (
    BUCKET,
    MAKE_TIMEOUT,
    NAME,
    STAGE,
    DeployedStage,
    prepare_checkout,
    start_empty_aws,
)

pytestmark = pytest.mark.timeout(3 * MAKE_TIMEOUT)
# A line of the output and the seconds from this line to Ctrl-C.
DEPLOY = [
    (f"Stage {STAGE}", 4),  # Terraform plans or applies the changes
    ("  ok  API logs", 1),  # pip installs the layer
    ("  ok  configuration", 5),  # Chalice uploads
    ("  ok  code", 2),  # Terraform attaches the triggers
]
DESTROY = [(f"Stage {STAGE}", 3), ("  ok  code", 3)]


@pytest.fixture(scope="module")
def stage(
    tmp_path_factory: pytest.TempPathFactory, terraform_environment: dict[str, str], project: Callable[[], Path]
) -> Iterator[DeployedStage]:
    """Return a checkout and an embedded AWS for this module only, before the first deploy."""
    with start_empty_aws(tmp_path_factory.mktemp("aws")) as aws:
        variables = f'picture_bucket = "{BUCKET}"\ndeletion_protection = false\n'
        yield prepare_checkout(project(), aws, terraform_environment, variables)


def interrupt(stage: DeployedStage, target: str, line: str, seconds: float) -> None:
    """Run make and send Ctrl-C some seconds after a line of its output."""
    command, options = stage.make_command(target, f"STAGE={STAGE}")
    with subprocess.Popen(
        command, **options, stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True
    ) as process:
        assert process.stdout is not None
        lines = []
        for output in process.stdout:
            lines.append(output)
            if output.startswith(line):
                break
        else:
            raise AssertionError(f"{line!r} is not in {lines}")
        time.sleep(seconds)
        os.killpg(process.pid, signal.SIGINT)
        rest, errors = process.communicate(timeout=MAKE_TIMEOUT)
    assert process.returncode != 0, f"ended before Ctrl-C: {lines} {rest}"
    assert "Interrupted. Run the same command again" in errors
    assert "Traceback" not in errors


def test_interrupted_deploy_is_completed_by_the_next_run(stage: DeployedStage) -> None:
    for line, seconds in DEPLOY:
        interrupt(stage, "deploy", line, seconds)
    done = stage.make("deploy", f"STAGE={STAGE}")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "8 functions and the API" in done.stdout
    assert len(stage.api_ids) == 1
    assert len(stage.client("cognito-idp").list_user_pools(MaxResults=60)["UserPools"]) == 1
    (layer,) = stage.client("lambda").list_layers()["Layers"]
    assert len(stage.client("lambda").list_layer_versions(LayerName=layer["LayerName"])["LayerVersions"]) == 1
    rules = [rule["Name"] for rule in stage.client("events").list_rules()["Rules"]]
    assert sorted(rules) == [f"{NAME}-key-disabled", f"{NAME}-reconcile-event"]


def test_interrupted_destroy_is_completed_by_the_next_run(stage: DeployedStage) -> None:
    for line, seconds in DESTROY:
        interrupt(stage, "destroy", line, seconds)
    done = stage.make("destroy", f"STAGE={STAGE}")
    assert done.returncode == 0, done.stdout + done.stderr
    assert not stage.api_ids
    assert not stage.client("lambda").list_functions()["Functions"]
    assert not stage.client("logs").describe_log_groups()["logGroups"]
    assert not stage.client("events").list_rules()["Rules"]
    assert_stage_is_unknown(stage)


def test_destroy_interrupted_at_its_end_is_completed(stage: DeployedStage) -> None:
    """AWS has no resources any more, but the checkout still knows the stage."""
    config_file = stage.tree / ".chalice" / "config.json"
    config = json.loads(config_file.read_text())
    config["stages"][STAGE] = {}
    config_file.write_text(json.dumps(config))
    workspace = subprocess.run(
        ["terraform", "-chdir=infra", "workspace", "new", STAGE],
        cwd=stage.tree, env=stage.environment, capture_output=True, text=True,
    )  # fmt: skip
    assert workspace.returncode == 0, workspace.stderr
    done = stage.make("destroy", f"STAGE={STAGE}")
    assert done.stderr.splitlines()[0] == f"The stage {STAGE} is not deployed."
    assert_stage_is_unknown(stage)


def assert_stage_is_unknown(stage: DeployedStage) -> None:
    """Check that the checkout has no record of the stage."""
    workspaces = subprocess.run(
        ["terraform", "-chdir=infra", "workspace", "list"],
        cwd=stage.tree, env=stage.environment, capture_output=True, text=True, check=True,
    ).stdout  # fmt: skip
    assert STAGE not in workspaces.replace("*", "").split()
    assert STAGE not in json.loads((stage.tree / ".chalice" / "config.json").read_text())["stages"]
    assert not (stage.tree / ".chalice" / "deployed" / f"{STAGE}.json").exists()
