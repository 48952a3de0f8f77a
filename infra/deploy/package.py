"""The deployment package that `chalice deploy` and `chalice package` make.

Chalice's own packager has four shortcomings here. It packs `__pycache__` and compiles nothing
(https://github.com/aws/chalice/issues/1065). It writes its archive in place and reuses what lies there, also half of an
archive. It keeps file modes that Lambda may not be able to read. It goes on with a warning where a dependency is
missing, and asks for no hash where it downloads wheels for another platform than its own. This packager installs
checked wheels, builds the archive aside, and puts it in place when it is complete.
"""

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import click
from chalice.deploy.packager import BaseLambdaDeploymentPackager, LambdaDeploymentPackager

from infra.deploy import archives, bytecode, wheels
from infra.deploy.console import Failure

_LOCATION: Final = "/var/task"  # where Lambda unpacks the package
_list_application = BaseLambdaDeploymentPackager._iter_app_filenames


def install() -> None:
    """Let Chalice's command make packages this way."""
    BaseLambdaDeploymentPackager._iter_app_filenames = _list_sources  # type: ignore[method-assign]
    LambdaDeploymentPackager.create_deployment_package = _create  # type: ignore[method-assign]


def _list_sources(self: BaseLambdaDeploymentPackager, project_dir: str) -> Iterator[tuple[str, str]]:
    """Yield the path and the archive name of each file of the application. Chalice hashes the same files."""
    for path, name in _list_application(self, project_dir):
        if "__pycache__" not in Path(name).parts:
            yield path, name


def _create(self: LambdaDeploymentPackager, project_dir: str, python_version: str) -> str:
    """Return the archive's path. An archive of the same sources and dependencies is reused."""
    chalices = Path(self.deployment_package_filename(project_dir, python_version))  # there may be half an archive
    archive = chalices.with_suffix(f".{archives.fingerprint(Path(__file__))[:8]}.zip")
    if archive.exists():
        self._ui.write("Reusing existing deployment package.\n")
        return str(archive)
    self._ui.write("Creating deployment package.\n")
    with tempfile.TemporaryDirectory() as name:
        directory = Path(name)
        try:
            wheels.install(Path(project_dir, "requirements.txt"), directory)
        except Failure as failure:
            raise click.ClickException(str(failure)) from failure  # which Chalice's command shows without a traceback
        _copy_application(self, project_dir, directory)
        bytecode.compile_tree(directory, _LOCATION)
        archive.parent.mkdir(parents=True, exist_ok=True)
        archives.write(archives.pack(directory), archive)
    return str(archive)


def _copy_application(packager: LambdaDeploymentPackager, project_dir: str, directory: Path) -> None:
    for path, name in packager._iter_app_filenames(project_dir):
        target = directory / name
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, target)
    vendor = Path(project_dir, packager._VENDOR_DIR)
    if vendor.is_dir():
        shutil.copytree(vendor, directory, dirs_exist_ok=True)
