"""A stack behind a fault proxy for each module that uses it."""

from collections.abc import Iterator

import pytest

from tests.resilience.faulty_stack import FaultyStack, start_faulty_stack


@pytest.fixture(scope="module")
def faulty(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FaultyStack]:
    with start_faulty_stack(tmp_path_factory.mktemp("faults"), seed=7) as faulty:
        yield faulty
