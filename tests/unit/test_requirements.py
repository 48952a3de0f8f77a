"""What is pinned: the versions of development and of deployment are the same, with hashes and commits."""

import re

import pytest

from local.settings import ROOT


def pins(name: str) -> dict[str, str]:
    """Return the versions in a requirements file, by the normalized names of the packages."""
    found = re.findall(r"^([\w.-]+)==([\w.]+)", (ROOT / name).read_text(), re.MULTILINE)
    return {re.sub(r"[-_.]+", "-", package).lower(): version for package, version in found}


@pytest.mark.parametrize("name", ["requirements", "requirements-pictures"])
def test_deployed_versions_are_those_of_development(name: str) -> None:
    deployed, development = pins(f"{name}.txt"), pins("constraints.txt")
    assert deployed
    assert deployed == {package: development.get(package) for package in deployed}
    assert deployed == {**deployed, **pins(f"{name}.in")}, "make lock"


@pytest.mark.parametrize("name", ["requirements.txt", "requirements-pictures.txt"])
def test_every_deployed_package_has_hashes(name: str) -> None:
    lines = (ROOT / name).read_text().splitlines()
    versions = [index for index, line in enumerate(lines) if "==" in line]
    assert all(lines[index + 1].strip().startswith("--hash=sha256:") for index in versions)


def test_every_wheel_of_the_platforms_has_a_hash() -> None:
    """A compiled package has far more files than one platform's: pip-compile lists those of all."""
    hashes = re.search(r"(?s)pydantic-core==\S+ (.*?)\n +#", (ROOT / "requirements.txt").read_text())
    assert hashes is not None
    assert hashes[1].count("--hash=") > 50


def test_every_action_is_pinned_to_a_commit_and_names_its_version() -> None:
    workflows = (ROOT / ".github" / "workflows").glob("*.yml")
    used = [line.strip("- ") for file in workflows for line in file.read_text().splitlines() if "uses:" in line]
    assert used
    assert not [line for line in used if not re.fullmatch(r"uses: [\w/-]+@[0-9a-f]{40} # v[\d.]+", line.strip())]
