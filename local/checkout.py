"""A copy of what a checkout has, without what running it leaves behind."""

import shutil
from pathlib import Path

from local.settings import ROOT


def copy(tree: Path) -> None:
    """Into a directory, which is made."""
    for name in ("chalicelib", "infra", "local", "tools", ".chalice", "tests"):
        unwanted = shutil.ignore_patterns(
            "__pycache__", "deployed", "deployments", "node_modules", ".terraform", "*.tfstate*", "*.tfvars"
        )
        shutil.copytree(ROOT / name, tree / name, ignore=unwanted)
    for file in (ROOT / "app.py", ROOT / "Makefile", *ROOT.glob("requirements*")):
        shutil.copy(file, tree)
