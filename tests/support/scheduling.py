"""Spread the test files over pytest-xdist's processes. A plugin: `pytest -p tests.support.scheduling -n 2`.

A file stays whole, so that its fixtures are made once. All tests that run Terraform stay together: they share one
deployed stage, and Terraform's plugin cache takes one process at a time.
"""

import pytest
from xdist.remote import Producer
from xdist.scheduler import LoadScopeScheduling

_TERRAFORM = ("tests/deployment/cloud/", "tests/deployment/test_terraform.py")


class FileScheduling(LoadScopeScheduling):  # type: ignore[misc]  # xdist is not typed
    """Distribute files, and those that run Terraform as one."""

    def _split_scope(self, nodeid: str) -> str:
        return "terraform" if nodeid.startswith(_TERRAFORM) else nodeid.partition("::")[0]


@pytest.hookimpl
def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> FileScheduling:
    """https://pytest-xdist.readthedocs.io/en/stable/how-to.html#writing-custom-schedulers"""
    return FileScheduling(config, log)
