"""What is installed for development and what is deployed are the same versions."""

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
