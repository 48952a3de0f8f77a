"""A client of the application's routes, and no pauses between attempts to reach AWS.

AWS is a closed port here. A request that reaches it is answered with 503.
"""

from collections.abc import Iterator
from types import SimpleNamespace

import botocore.endpoint
import pytest

from app import app
from tests.support.in_process import ApiClient


@pytest.fixture
def api() -> ApiClient:
    return ApiClient(app)


@pytest.fixture(autouse=True, scope="session")
def _no_pauses_between_attempts() -> Iterator[None]:
    """Retry failed calls immediately. botocore waits up to one second before a second attempt."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(botocore.endpoint, "time", SimpleNamespace(sleep=lambda seconds: None))
        yield
