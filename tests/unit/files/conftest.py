"""Checkers of files over fakes."""

import pytest

from tests.support.file_check import FileCheckFixture


@pytest.fixture
def fixture() -> FileCheckFixture:
    return FileCheckFixture()


@pytest.fixture
def protected() -> FileCheckFixture:
    return FileCheckFixture(malware_protection=True)
