"""A user of the running stack, for clients that know the API by its document alone."""

import pytest

from local.session import Session
from tests.integration.conftest import Run, User, signed_up


@pytest.fixture
def user(run: Run) -> User:
    return signed_up(Session(run.stack))
