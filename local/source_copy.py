"""Copy the files of a checkout, without files that running the project creates."""

import shutil
from pathlib import Path
from typing import Final

from local.config import ROOT

_DIRECTORIES: Final = ("chalicelib", "infra", "local", "tools", ".chalice", "tests", "examples")
_GENERATED: Final = (
    "__pycache__", "deployed", "deployments", "dist", "node_modules", ".terraform", "*.tfstate*", "*.tfvars",
)  # fmt: skip


def copy_sources(destination: Path) -> None:
    """Copy the sources into a directory. Create the directory if it does not exist."""
    for name in _DIRECTORIES:
        shutil.copytree(ROOT / name, destination / name, ignore=shutil.ignore_patterns(*_GENERATED))
    for file in (ROOT / "app.py", ROOT / "Makefile", *ROOT.glob("requirements*")):
        shutil.copy(file, destination)
