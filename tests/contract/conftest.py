"""A user of the running stack, for clients that know the API by its document alone."""

from collections.abc import Iterator

import pytest

from local.session import Session
from tests.integration.conftest import Run, User, running, signed_up


@pytest.fixture(scope="package")
def run(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Run]:
    with running(tmp_path_factory.mktemp("local")) as run:
        yield run


@pytest.fixture
def user(run: Run) -> User:
    return signed_up(Session(run.stack))
