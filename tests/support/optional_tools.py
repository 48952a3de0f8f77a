"""Tools that a machine may lack. Tests that need one are skipped with a reason, except in CI."""

import os
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path

import pytest

from local import terraform_provider
from local.settings import ROOT

# The smaller of the two modules, with the provider that both are locked to.
_MODULE = ROOT / "infra" / "account"
_PLUGIN_CACHE = ROOT / ".terraform-plugins"
NO_TERRAFORM = "needs Terraform: https://developer.hashicorp.com/terraform/install"
NO_PROVIDER = (
    "needs Terraform's AWS provider, and its registry can't be reached: "
    "set TF_PLUGIN_DIR to a folder made by terraform providers mirror"
)
NO_NPM_PACKAGES = "needs npm packages: install Node.js 20.19 or newer, then run make test-all"
_OLDEST_NODE = (20, 19)


def skip(reason: str) -> None:
    """Skip the test. Raises RuntimeError in CI, where every test must run."""
    if os.environ.get("CI"):
        raise RuntimeError(f"CI must not skip tests: {reason}")
    pytest.skip(reason)


def can_get_provider(environ: Mapping[str, str], directory: Path) -> bool:
    """Tell whether `terraform init` gets the AWS provider from where the environment tells it to look."""
    for name in ("main.tf", ".terraform.lock.hcl"):
        shutil.copy(_MODULE / name, directory)
    environment = {**environ, "TF_REGISTRY_DISCOVERY_RETRY": "0", "TF_REGISTRY_CLIENT_TIMEOUT": "10"}
    done = subprocess.run(
        ["terraform", "init", "-input=false"], cwd=directory, env=environment, capture_output=True, check=False
    )
    return done.returncode == 0


def terraform_environment(environ: Mapping[str, str], directory: Path) -> dict[str, str]:
    """Return an environment in which `terraform init` works. Skips the test where there is none.

    `directory` is a scratch directory. Providers are downloaded once a checkout.
    """
    if shutil.which("terraform", path=environ.get("PATH")) is None:
        skip(NO_TERRAFORM)
    _PLUGIN_CACHE.mkdir(exist_ok=True)
    environment = terraform_provider.init_environment({"TF_PLUGIN_CACHE_DIR": str(_PLUGIN_CACHE), **environ})
    if not can_get_provider(environment, directory):
        skip(NO_PROVIDER)
    return environment


def require_npm_packages(directory: Path) -> Path:
    """Return the folder's node_modules. Skips the test where packages are missing or Node.js is too old for them."""
    packages = directory / "node_modules"
    if not packages.is_dir() or node_version() < _OLDEST_NODE:
        skip(NO_NPM_PACKAGES)
    return packages


def node_version() -> tuple[int, ...]:
    """Return the version of Node.js, or an empty tuple where there is none."""
    if shutil.which("node") is None:
        return ()
    text = subprocess.run(["node", "--version"], capture_output=True, text=True, check=True).stdout
    return tuple(int(part) for part in text.strip().removeprefix("v").split("."))
