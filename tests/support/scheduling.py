"""A pytest plugin that distributes test files over the processes of pytest-xdist.

Use it with `pytest -p tests.support.scheduling -n 2`. All tests of a file run in one process, so that its fixtures are
created once. All tests that run Terraform do as well: they share one deployed stage, and Terraform's plugin cache
supports one process at a time. The tests of the web console share the stack whose data they delete.
"""

import pytest
from xdist.remote import Producer
from xdist.scheduler import LoadScopeScheduling

_TERRAFORM = ("tests/deployment/cloud/", "tests/deployment/test_terraform.py")
_CONSOLE = "tests/integration/web_console/"


class FileScheduling(LoadScopeScheduling):  # type: ignore[misc]  # xdist is not typed
    """Distributes files, and as one unit the files that run Terraform and those of the console."""

    def _split_scope(self, nodeid: str) -> str:
        if nodeid.startswith(_TERRAFORM):
            return "terraform"
        return _CONSOLE if nodeid.startswith(_CONSOLE) else nodeid.partition("::")[0]


@pytest.hookimpl
def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> FileScheduling:
    """Return the scheduler.

    https://pytest-xdist.readthedocs.io/en/stable/how-to.html#writing-custom-schedulers
    """
    return FileScheduling(config, log)
