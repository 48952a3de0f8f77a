"""Python packages for Lambda: wheels for its platform, each checked against the hash in its requirements file."""

import os
import re
import sys
from pathlib import Path
from typing import Final

from infra.deploy.console import Failure
from infra.deploy.processes import run
from infra.deploy.stage import ROOT

# Lambda's Python 3.12 and newer are on Amazon Linux 2023, with glibc 2.34, and no architecture is configured.
# https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtimes.html
# pip takes each platform literally, so the older ones are listed too.
_PLATFORMS: Final = ("manylinux2014_x86_64", *(f"manylinux_2_{minor}_x86_64" for minor in range(17, 35)))
_HASH_MISMATCH: Final = re.compile(r"^ +(\S+==\S+) from ", re.MULTILINE)


def install(requirements: Path, directory: Path) -> None:
    """Install all packages of a requirements file into a directory, for the version of the Python that runs this.

    Raises Failure, also where a package has no hash, another hash or no wheel.
    """
    done = run(
        [
            sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-compile",
            "--no-deps", "--require-hashes", "--only-binary=:all:", *(f"--platform={it}" for it in _PLATFORMS),
            f"--target={directory}", f"--requirement={requirements}",
        ],
        ROOT, os.environ,
    )  # fmt: skip
    if done.returncode != 0:
        raise Failure(_explain(done.stderr, requirements.name))


def _explain(errors: str, requirements: str) -> str:
    """Return one line about what pip has refused, or all of pip's error lines."""
    if mismatches := _HASH_MISMATCH.findall(errors):
        return (
            f"{', '.join(mismatches)}: the download does not have the hash in {requirements}. Nothing was packaged.\n"
            "After a change of a version, run make lock. Otherwise somebody may have tampered with the package."
        )
    lines = [line for line in errors.splitlines() if line.startswith("ERROR:")]
    return f"pip could not install {requirements}: " + ("\n".join(lines) or errors.strip())
