"""Install Python packages for Lambda: wheels for its platform, each verified by its hash."""

import os
import re
import sys
from pathlib import Path
from typing import Final

from infra.deploy.chalice_config import ROOT
from infra.deploy.progress import DeployError
from infra.deploy.subprocesses import run

# Python 3.12 and newer runtimes are on Amazon Linux 2023 with glibc 2.34. The default architecture is x86_64.
# https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtimes.html
# pip does not infer compatible older platforms, so all of them are listed.
_PLATFORMS: Final = ("manylinux2014_x86_64", *(f"manylinux_2_{minor}_x86_64" for minor in range(17, 35)))
_HASH_MISMATCH: Final = re.compile(r"^ +(\S+==\S+) from ", re.MULTILINE)


def install_wheels(requirements: Path, directory: Path) -> None:
    """Install all packages of a requirements file into a directory, for the running version of Python.

    Raises DeployError if pip fails, or if a package has no hash, a different hash, or no wheel.
    """
    done = run(
        [
            sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-compile",
            "--no-deps", "--require-hashes", "--only-binary=:all:",
            *(f"--platform={platform}" for platform in _PLATFORMS),
            f"--target={directory}", f"--requirement={requirements}",
        ],
        ROOT, os.environ,
    )  # fmt: skip
    if done.returncode != 0:
        raise DeployError(_describe_failure(done.stderr, requirements.name))


def _describe_failure(errors: str, requirements: str) -> str:
    """Return a message about packages with a different hash, or the error lines of pip."""
    if mismatches := _HASH_MISMATCH.findall(errors):
        return (
            f"{', '.join(mismatches)}: the download does not match the hash in {requirements}. Nothing was packaged.\n"
            "After a change of a version, run make lock. Otherwise the package may have been tampered with."
        )
    lines = [line for line in errors.splitlines() if line.startswith("ERROR:")]
    return f"pip could not install {requirements}: " + ("\n".join(lines) or errors.strip())
