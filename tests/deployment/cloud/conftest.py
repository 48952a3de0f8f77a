"""The stage `dev`, deployed by `make deploy` from a copy of the checkout to an embedded AWS of its own."""

import functools
import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from infra.deploy import runtime
from local.config import LocalSettings
from local.emulator import READY_PATH
from local.emulator_clients import emulator_client
from local.ports import allocate_port
from local.processes import ChildProcess
from local.stack import Stack
from local.user_client import UserClient
from tests.support.personal_data import assert_no_personal_data
from tests.support.users import User, sign_up_and_sign_in

STAGE = "dev"
ORIGIN = "https://app.example.com"
BUCKET = "healthtech-pictures-of-dev"
VARIABLES = f"""\
cors_allow_origins = ["{ORIGIN}"]
picture_bucket     = "{BUCKET}"

picture_uploads_per_day = 200
"""
MAKE_TIMEOUT = 400  # seconds for a make
UNSUITABLE_PYTHON = (
    f"needs a Python that Lambda runs, and .venv has {runtime.CURRENT}: "
    "make clean, then make PYTHON=python3.13 test-all"
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What takes the stage down comes after all that needs it."""
    here = [item for item in items if Path(__file__).parent in item.path.parents]
    last = [item for item in here if item.get_closest_marker("last")]
    items[:] = [item for item in items if item not in last] + last
    for item in here:
        if item.get_closest_marker("timeout") is None:
            item.add_marker(pytest.mark.timeout(MAKE_TIMEOUT))
        item.add_marker(pytest.mark.slow)
        if runtime.CURRENT not in runtime.SUPPORTED:
            item.add_marker(pytest.mark.skip(UNSUITABLE_PYTHON))


@dataclass
class DeployedStage:
    """An embedded AWS, a checkout, and what is deployed from the one to the other."""

    tree: Path
    aws: LocalSettings
    environment: dict[str, str]

    @property
    def directory(self) -> Path:
        """Where the embedded AWS keeps its state."""
        return self.aws.state_directory

    @property
    def endpoint(self) -> str:
        return self.aws.aws_endpoint_url

    def command(self, *arguments: str, **more: str) -> tuple[list[str], dict[str, Any]]:
        """A make as an operator types it, and how to start it. The environment is there already."""
        made = ["make", "INSTALLED=", *arguments]
        return made, {"cwd": self.tree, "env": {**self.environment, **more}, "text": True}

    def make(self, *arguments: str, **more: str) -> subprocess.CompletedProcess[str]:
        command, where = self.command(*arguments, **more)
        return subprocess.run(command, **where, capture_output=True, timeout=MAKE_TIMEOUT)

    def terraform(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """By hand, in the stage's workspace."""
        environment = {**self.environment, "TF_WORKSPACE": STAGE}
        return subprocess.run(
            ["terraform", "-chdir=infra", *arguments],
            cwd=self.tree, env=environment, capture_output=True, text=True, timeout=MAKE_TIMEOUT,
        )  # fmt: skip

    def client(self, service: str) -> Any:
        return emulator_client(service, self.aws)

    @property
    def outputs(self) -> dict[str, Any]:
        told = json.loads(self.terraform("output", "-json").stdout)
        return {name: output["value"] for name, output in told.items()}

    @property
    def api_ids(self) -> list[str]:
        return [str(api["id"]) for api in self.client("apigateway").get_rest_apis()["items"]]

    @property
    def stack(self) -> Stack:
        """What clients need to know."""
        outputs, (api_id,) = self.outputs, self.api_ids
        return Stack(
            api_url=f"{self.endpoint}/restapis/{api_id}/{STAGE}/_user_request_",
            aws_endpoint_url=self.endpoint,
            aws_access_key_id=self.aws.access_key.id,
            aws_secret_access_key=self.aws.access_key.secret,
            region=outputs["region"],
            user_pool_id=outputs["user_pool_id"],
            user_pool_client_id=outputs["user_pool_client_id"],
            table=outputs["table"],
            bucket=outputs["picture_bucket"],
        )


@contextmanager
def embedded_aws(directory: Path) -> Iterator[LocalSettings]:
    """An embedded AWS with nothing in it."""
    local = LocalSettings(allocate_port(), allocate_port(), directory, dict(os.environ))
    log = local.state_directory / "aws.log"
    # An account with AWS's usual limit: the embedded AWS takes one that fits the machine.
    environment = {**local.environment(), "LAMBDA_ACCOUNT_CONCURRENCY": "1000"}
    child = ChildProcess("the embedded AWS", [sys.executable, "-m", "local.emulator"], environment, log, lambda _: None)
    try:
        child.wait_until_serving(local.aws_endpoint_url + READY_PATH)
        yield local
    finally:
        child.stop()
    assert_no_personal_data(log.read_text())


def prepare_checkout(
    tree: Path, aws: LocalSettings, terraform_environment: dict[str, str], variables: str
) -> DeployedStage:
    """A checkout before its first deploy."""
    (tree / "infra" / f"{STAGE}.tfvars").write_text(variables)
    (tree / ".venv").symlink_to(sys.prefix)
    terraform = {name: value for name, value in terraform_environment.items() if name.startswith("TF_")}
    environment = {**aws.tool_environment(), **terraform}
    return DeployedStage(tree, aws, environment)


@pytest.fixture(scope="session")
def aws(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalSettings]:
    with embedded_aws(tmp_path_factory.mktemp("aws")) as local:
        yield local


@pytest.fixture(scope="session")
def bare_cloud(terraform_environment: dict[str, str], aws: LocalSettings, project: Callable[[], Path]) -> DeployedStage:
    return prepare_checkout(project(), aws, terraform_environment, VARIABLES)


@pytest.fixture(scope="session")
def first_deploy(bare_cloud: DeployedStage) -> subprocess.CompletedProcess[str]:
    return bare_cloud.make("deploy", f"STAGE={STAGE}")


@pytest.fixture(scope="session")
def cloud(bare_cloud: DeployedStage, first_deploy: subprocess.CompletedProcess[str]) -> DeployedStage:
    assert first_deploy.returncode == 0, first_deploy.stdout + first_deploy.stderr
    return bare_cloud


@pytest.fixture(scope="session")
def session(cloud: DeployedStage) -> UserClient:
    return UserClient(cloud.stack)


@pytest.fixture(scope="session")
def new_user(session: UserClient) -> Callable[..., User]:
    """Sign a user up, confirm them and sign them in."""
    return functools.partial(sign_up_and_sign_in, session)


@pytest.fixture(scope="session")
def user(new_user: Callable[..., User]) -> User:
    return new_user()
