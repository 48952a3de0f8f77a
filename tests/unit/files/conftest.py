"""Checkers of files over fakes."""

import pytest

from tests.support.file_check import FileCheckBench


@pytest.fixture
def bench() -> FileCheckBench:
    return FileCheckBench()


@pytest.fixture
def protected() -> FileCheckBench:
    return FileCheckBench(malware_protection=True)
