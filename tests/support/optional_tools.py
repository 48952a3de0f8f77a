"""Tools that are not installed on every machine. Tests that need one are skipped with a reason, except in CI."""

import os
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path

import pytest

from local import terraform_provider
from local.config import ROOT

# The smaller of the two Terraform modules. Both lock files have the same provider.
_MODULE = ROOT / "infra" / "account"
_PLUGIN_CACHE = ROOT / ".terraform-plugins"
NO_TERRAFORM = "needs Terraform: https://developer.hashicorp.com/terraform/install"
NO_PROVIDER = (
    "needs Terraform's AWS provider, and its registry cannot be reached: "
    "set TF_PLUGIN_DIR to a folder made by terraform providers mirror"
)
NO_NPM_PACKAGES = "needs npm packages: install Node.js 20.19 or newer, then run make test-all"
_MIN_NODE_VERSION = (20, 19)


def skip(reason: str) -> None:
    """Skip the test. Raises RuntimeError in CI, in which every test must run."""
    if os.environ.get("CI"):
        raise RuntimeError(f"CI must not skip tests: {reason}")
    pytest.skip(reason)


def can_get_provider(environ: Mapping[str, str], directory: Path) -> bool:
    """Return True if `terraform init` finds the AWS provider. `directory` is a scratch directory."""
    for name in ("main.tf", ".terraform.lock.hcl"):
        shutil.copy(_MODULE / name, directory)
    environment = {**environ, "TF_REGISTRY_DISCOVERY_RETRY": "0", "TF_REGISTRY_CLIENT_TIMEOUT": "10"}
    process = subprocess.run(
        ["terraform", "init", "-input=false"], cwd=directory, env=environment, capture_output=True, check=False
    )
    return process.returncode == 0


def terraform_environment(environ: Mapping[str, str], directory: Path) -> dict[str, str]:
    """Return an environment in which `terraform init` works. Skips the test if there is none.

    `directory` is a scratch directory. Providers are downloaded once for each checkout.
    """
    if shutil.which("terraform", path=environ.get("PATH")) is None:
        skip(NO_TERRAFORM)
    _PLUGIN_CACHE.mkdir(exist_ok=True)
    environment = terraform_provider.build_terraform_environment({"TF_PLUGIN_CACHE_DIR": str(_PLUGIN_CACHE), **environ})
    if not can_get_provider(environment, directory):
        skip(NO_PROVIDER)
    return environment


def require_npm_packages(directory: Path) -> Path:
    """Return the path of node_modules in a directory. Skips the test if packages are missing or Node.js is too old."""
    packages = directory / "node_modules"
    if not packages.is_dir() or get_node_version() < _MIN_NODE_VERSION:
        skip(NO_NPM_PACKAGES)
    return packages


def get_node_version() -> tuple[int, ...]:
    """Return the version of Node.js, or an empty tuple if it is not installed."""
    if shutil.which("node") is None:
        return ()
    text = subprocess.run(["node", "--version"], capture_output=True, text=True, check=True).stdout
    return tuple(int(part) for part in text.strip().removeprefix("v").split("."))
