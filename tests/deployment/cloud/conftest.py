"""The stage that all tests of this directory share, and its users."""

import functools
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from infra.deploy import runtime
from local.config import LocalSettings
from local.user_client import UserClient
from tests.support.deployed_stage import (
    MAKE_TIMEOUT,
    STAGE,
    TFVARS,
    DeployedStage,
    prepare_checkout,
    start_empty_aws,
)
from tests.support.token_forger import TokenForger
from tests.support.users import User, UserFactory, sign_in_again, sign_up_and_sign_in

UNSUPPORTED_PYTHON = (
    f"needs a Python that Lambda runs, and .venv has {runtime.CURRENT}: "
    "make clean, then make PYTHON=python3.13 test-all"
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Run tests with the marker `last`, which destroy the stage, after the others."""
    of_this_directory = [item for item in items if Path(__file__).parent in item.path.parents]
    last = [item for item in of_this_directory if item.get_closest_marker("last")]
    items[:] = [item for item in items if item not in last] + last
    for item in of_this_directory:
        if item.get_closest_marker("timeout") is None:
            item.add_marker(pytest.mark.timeout(MAKE_TIMEOUT))
        item.add_marker(pytest.mark.slow)
        if runtime.CURRENT not in runtime.SUPPORTED:
            item.add_marker(pytest.mark.skip(UNSUPPORTED_PYTHON))


@pytest.fixture(scope="session")
def aws(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalSettings]:
    with start_empty_aws(tmp_path_factory.mktemp("aws")) as aws:
        yield aws


@pytest.fixture(scope="session")
def empty_stage(
    terraform_environment: dict[str, str], aws: LocalSettings, project: Callable[[], Path]
) -> DeployedStage:
    """Return a prepared checkout before its first deploy."""
    return prepare_checkout(project(), aws, terraform_environment, TFVARS)


@pytest.fixture(scope="session")
def first_deploy_result(empty_stage: DeployedStage) -> subprocess.CompletedProcess[str]:
    return empty_stage.make("deploy", f"STAGE={STAGE}")


@pytest.fixture(scope="session")
def deployed_stage(empty_stage: DeployedStage, first_deploy_result: subprocess.CompletedProcess[str]) -> DeployedStage:
    assert first_deploy_result.returncode == 0, first_deploy_result.stdout + first_deploy_result.stderr
    return empty_stage


@pytest.fixture(scope="session")
def user_client(deployed_stage: DeployedStage) -> UserClient:
    return UserClient(deployed_stage.stack)


@pytest.fixture(scope="session")
def signed_up_user(user_client: UserClient) -> UserFactory:
    """Sign a user up, confirm them and sign them in."""
    return functools.partial(sign_up_and_sign_in, user_client)


@pytest.fixture(scope="session")
def first_user(signed_up_user: UserFactory) -> User:
    return signed_up_user()


@pytest.fixture(scope="module")
def user(first_user: User) -> User:
    """Return the first user, with tokens that do not expire during the tests of this module."""
    return sign_in_again(first_user)


@pytest.fixture(scope="module")
def other_user(signed_up_user: UserFactory) -> User:
    return signed_up_user(name="Another Person")


@pytest.fixture(scope="module")
def token_forger(deployed_stage: DeployedStage, user: User) -> TokenForger:
    return TokenForger(deployed_stage.directory, user)
