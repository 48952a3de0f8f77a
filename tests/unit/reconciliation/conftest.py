"""Users with files, for the tests of the scan."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.support.file_scan import FileScanFixture


@pytest.fixture
def fixture() -> Iterator[FileScanFixture]:
    with ThreadPoolExecutor(2) as threads:
        yield FileScanFixture(threads)
