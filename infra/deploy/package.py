"""Patch the packager of Chalice, which builds the deployment package for `chalice deploy` and `chalice package`.

Chalice's own packager has four shortcomings here:

- It includes `__pycache__` and compiles nothing: https://github.com/aws/chalice/issues/1065
- It writes the archive in place and reuses an existing file, even an incomplete one.
- It preserves file modes that Lambda may not be able to read.
- It only warns about a missing dependency, and checks no hash of wheels for another platform.

This packager installs wheels by their hashes, builds the archive in a temporary file, and renames it when it is
complete.
"""

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import click
from chalice.deploy.packager import BaseLambdaDeploymentPackager, LambdaDeploymentPackager

from infra.deploy import archives, precompile, wheels
from infra.deploy.progress import DeployError

_PACKAGE_LOCATION: Final = "/var/task"  # where Lambda unpacks the package
_list_application = BaseLambdaDeploymentPackager._iter_app_filenames


def patch_packager() -> None:
    """Replace the two methods of Chalice that list and package the application."""
    BaseLambdaDeploymentPackager._iter_app_filenames = _list_sources  # type: ignore[method-assign]
    LambdaDeploymentPackager.create_deployment_package = _create_package  # type: ignore[method-assign]


def _list_sources(self: BaseLambdaDeploymentPackager, project_dir: str) -> Iterator[tuple[str, str]]:
    """Yield the path and the archive name of each file of the application. Chalice hashes the same files."""
    for path, name in _list_application(self, project_dir):
        if "__pycache__" not in Path(name).parts:
            yield path, name


def _create_package(self: LambdaDeploymentPackager, project_dir: str, python_version: str) -> str:
    """Return the path of the archive. An archive of the same sources and dependencies is reused."""
    default_path = Path(self.deployment_package_filename(project_dir, python_version))  # may be incomplete
    archive = default_path.with_suffix(f".{archives.compute_fingerprint(Path(__file__))[:8]}.zip")
    if archive.exists():
        self._ui.write("Reusing existing deployment package.\n")
        return str(archive)
    self._ui.write("Creating deployment package.\n")
    with tempfile.TemporaryDirectory() as name:
        directory = Path(name)
        try:
            wheels.install_wheels(Path(project_dir, "requirements.txt"), directory)
        except DeployError as error:
            raise click.ClickException(str(error)) from error  # Chalice shows it without a traceback
        _copy_application(self, project_dir, directory)
        precompile.add_bytecode(directory, _PACKAGE_LOCATION)
        archive.parent.mkdir(parents=True, exist_ok=True)
        archives.write_atomically(archives.build_archive(directory), archive)
    return str(archive)


def _copy_application(packager: LambdaDeploymentPackager, project_dir: str, directory: Path) -> None:
    for path, name in packager._iter_app_filenames(project_dir):
        target = directory / name
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, target)
    vendor = Path(project_dir, packager._VENDOR_DIR)
    if vendor.is_dir():
        shutil.copytree(vendor, directory, dirs_exist_ok=True)
