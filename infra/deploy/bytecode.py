"""The deployment package with its modules compiled, which Chalice leaves out.

Lambda can't keep what Python compiles: every cold start would compile every module again, which takes longer than to
run it. https://docs.python.org/3/library/py_compile.html#py_compile.PycInvalidationMode
"""

import compileall
import importlib.util
import py_compile
import sys
import tempfile
import zipfile
from pathlib import Path

from chalice.deploy import packager


def extend() -> None:
    """Let Chalice's packages be compiled: for the Python that runs Chalice, which is what it deploys for."""
    create = packager.LambdaDeploymentPackager.create_deployment_package

    def extended(self: packager.LambdaDeploymentPackager, project_dir: str, python_version: str) -> str:
        filename: str = create(self, project_dir, python_version)
        add_to(Path(filename))
        return filename

    packager.LambdaDeploymentPackager.create_deployment_package = extended  # type: ignore[method-assign]


def add_to(archive: Path) -> None:
    """Add the bytecode of each module of a zip archive, unless it is there. It is never out of date:
    the sources in the archive do not change."""
    tag = f".{sys.implementation.cache_tag}.pyc"
    with zipfile.ZipFile(archive, "a", zipfile.ZIP_DEFLATED) as package, tempfile.TemporaryDirectory() as name:
        if any(it.endswith(tag) for it in package.namelist()):
            return
        directory = Path(name)
        modules = [it for it in package.namelist() if it.endswith(".py")]
        package.extractall(directory, modules)
        compileall.compile_dir(
            directory, quiet=1, stripdir=name, prependdir="/var/task", workers=1,
            invalidation_mode=py_compile.PycInvalidationMode.UNCHECKED_HASH,
        )  # fmt: skip
        for module in modules:
            compiled = Path(importlib.util.cache_from_source(str(directory / module)))
            if compiled.exists():  # a template that is no Python has none
                package.write(compiled, compiled.relative_to(directory))
