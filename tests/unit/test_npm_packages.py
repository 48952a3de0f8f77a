"""npm packages of the example and the tests have exact versions, and their lock files work with any registry."""

import json
import re
from pathlib import Path

import pytest

from local.config import ROOT

# As in the Makefile: not below node_modules.
PATTERNS = ("examples/*/package.json", "tests/*/package.json", "tests/*/*/package.json")
FOLDERS = sorted(file.parent for pattern in PATTERNS for file in ROOT.glob(pattern))


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_npm_dependencies_have_exact_versions(folder: Path) -> None:
    package = json.loads((folder / "package.json").read_text())
    versions = {**package.get("dependencies", {}), **package.get("devDependencies", {})}
    assert versions
    assert not [name for name, version in versions.items() if not re.fullmatch(r"\d+\.\d+\.\d+", version)]


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_npm_lock_file_names_no_registry(folder: Path) -> None:
    locked = json.loads((folder / "package-lock.json").read_text())["packages"]
    assert len(locked) > 1
    assert not [name for name, package in locked.items() if "resolved" in package]
