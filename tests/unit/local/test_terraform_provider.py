"""Directories that are searched for Terraform's AWS provider."""

import platform
from pathlib import Path

import pytest

from local.terraform_provider import build_terraform_environment, find_plugin_directory

MACHINE = {"x86_64": "amd64", "aarch64": "arm64"}.get(platform.machine(), platform.machine())
SYSTEM = f"{platform.system().lower()}_{MACHINE}"


def add_provider(mirror: Path, system: str = SYSTEM) -> Path:
    """Add an unpacked provider to a mirror, and return the mirror."""
    (mirror / "registry.terraform.io/hashicorp/aws/5.100.0" / system).mkdir(parents=True)
    return mirror


@pytest.mark.parametrize("name", ["TF_PLUGIN_DIR", "TF_PLUGIN_CACHE_DIR"])
def test_provider_is_found_by_environment_variable(name: str, tmp_path: Path) -> None:
    mirror = add_provider(tmp_path / "mirror")
    assert find_plugin_directory({"HOME": "/nowhere", name: str(mirror)}, []) == mirror


@pytest.mark.skipif(platform.system() == "Darwin", reason="these are Terraform's directories on Linux")
@pytest.mark.parametrize("directory", [".terraform.d/plugins", ".local/share/terraform/plugins"])
def test_provider_is_found_in_the_home_directory(directory: str, tmp_path: Path) -> None:
    mirror = add_provider(tmp_path / directory)
    assert find_plugin_directory({"HOME": str(tmp_path)}, []) == mirror


def test_provider_is_found_among_optional_software(tmp_path: Path) -> None:
    (tmp_path / "another").mkdir()
    mirror = add_provider(tmp_path / "plugins")
    assert find_plugin_directory({"HOME": "/nowhere"}, [tmp_path / "missing", tmp_path]) == mirror


def test_provider_archive_is_found(tmp_path: Path) -> None:
    archive = tmp_path / f"registry.terraform.io/hashicorp/aws/terraform-provider-aws_5.100.0_{SYSTEM}.zip"
    archive.parent.mkdir(parents=True)
    archive.touch()
    assert find_plugin_directory({"HOME": "/nowhere", "TF_PLUGIN_DIR": str(tmp_path)}, []) == tmp_path


def test_provider_of_another_system_is_not_used(tmp_path: Path) -> None:
    mirror = add_provider(tmp_path, "plan9_386")
    assert find_plugin_directory({"HOME": "/nowhere", "TF_PLUGIN_DIR": str(mirror)}, []) is None


def test_init_uses_the_found_provider_and_no_cache(tmp_path: Path) -> None:
    environ = {"HOME": "/nowhere", "TF_PLUGIN_CACHE_DIR": str(add_provider(tmp_path))}
    assert build_terraform_environment(environ) == {"HOME": "/nowhere", "TF_CLI_ARGS_init": f"-plugin-dir={tmp_path}"}


def test_init_keeps_arguments_of_the_user(tmp_path: Path) -> None:
    environ = {"TF_PLUGIN_DIR": str(add_provider(tmp_path)), "TF_CLI_ARGS_init": "-upgrade"}
    assert build_terraform_environment(environ) == environ
