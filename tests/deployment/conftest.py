"""Copies of the project, and the environment of Terraform."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from local import source_copy
from tests.support import optional_tools


@pytest.fixture(scope="session")
def terraform_environment(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Return an environment in which `terraform init` finds the AWS provider. Skips the test if there is none."""
    return optional_tools.terraform_environment(os.environ, tmp_path_factory.mktemp("provider"))


@pytest.fixture(scope="session")
def project(tmp_path_factory: pytest.TempPathFactory) -> Callable[[], Path]:
    """Copy the files of a checkout, without files that the project has generated."""

    def copy_project() -> Path:
        tree = tmp_path_factory.mktemp("project") / "tree"
        source_copy.copy_sources(tree)
        return tree

    return copy_project
