"""Pinned versions: those of development and deployment are equal, packages have hashes, and actions have commits."""

import re

import pytest

from local.config import ROOT


def read_pins(name: str) -> dict[str, str]:
    """Return the versions in a requirements file, by the normalized names of the packages."""
    pins = re.findall(r"^([\w.-]+)==([\w.]+)", (ROOT / name).read_text(), re.MULTILINE)
    return {re.sub(r"[-_.]+", "-", package).lower(): version for package, version in pins}


@pytest.mark.parametrize("name", ["requirements", "requirements-pictures"])
def test_deployed_versions_are_those_of_development(name: str) -> None:
    deployed, development = read_pins(f"{name}.txt"), read_pins("constraints.txt")
    assert deployed
    assert deployed == {package: development.get(package) for package in deployed}
    assert deployed == {**deployed, **read_pins(f"{name}.in")}, "make lock"


@pytest.mark.parametrize("name", ["requirements.txt", "requirements-pictures.txt"])
def test_every_deployed_package_has_hashes(name: str) -> None:
    lines = (ROOT / name).read_text().splitlines()
    versions = [index for index, line in enumerate(lines) if "==" in line]
    assert all(lines[index + 1].strip().startswith("--hash=sha256:") for index in versions)


def test_wheels_of_all_platforms_have_hashes() -> None:
    """pip-compile lists the hashes of all files of a compiled package, not only of the platform that it runs on."""
    hashes = re.search(r"(?s)pydantic-core==\S+ (.*?)\n +#", (ROOT / "requirements.txt").read_text())
    assert hashes is not None
    assert hashes[1].count("--hash=") > 50


def test_every_action_is_pinned_to_a_commit_with_its_version() -> None:
    workflows = (ROOT / ".github" / "workflows").glob("*.yml")
    used = [line.strip("- ") for file in workflows for line in file.read_text().splitlines() if "uses:" in line]
    assert used
    assert not [line for line in used if not re.fullmatch(r"uses: [\w/-]+@[0-9a-f]{40} # v[\d.]+", line.strip())]
