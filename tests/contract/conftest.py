"""A user of the running stack, for clients that know the API by its document alone."""

from collections.abc import Iterator

import pytest

from local.aws import CONFIRMATION_CODE
from local.session import Session
from tests.integration.conftest import PASSWORD, Run, User, attributes, new_email, running


@pytest.fixture(scope="package")
def run(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Run]:
    with running(tmp_path_factory.mktemp("local")) as run:
        yield run


@pytest.fixture
def user(run: Run) -> User:
    session, email = Session(run.stack), new_email()
    sub = session.sign_up(email, PASSWORD, attributes(email))
    session.confirm(email, CONFIRMATION_CODE)
    return User(session, email, sub, session.sign_in(email, PASSWORD))
