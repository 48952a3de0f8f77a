"""The layer with the image library: the function that checks pictures has it, and no other carries it.

It is code, so it is not Terraform's. It is built anew when what it is made of has changed, which its description tells.
"""

import hashlib
import os
import sys
import tempfile
from pathlib import Path
from typing import Final

from infra.deploy import archives, bytecode
from infra.deploy.console import Failure
from infra.deploy.processes import run
from infra.deploy.stage import ROOT, Stage

_REQUIREMENTS: Final = ROOT / "requirements-pictures.txt"
# Lambda's Python 3.11 is on Amazon Linux 2 with glibc 2.26, later ones are on Amazon Linux 2023 with 2.34.
# https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtimes.html
_OLD: Final = ("manylinux2014_x86_64", "manylinux_2_17_x86_64")
_NEW: Final = (*_OLD, "manylinux_2_27_x86_64", "manylinux_2_28_x86_64")
_AMAZON_LINUX_2023: Final = (3, 12)


def ensured(stage: Stage) -> tuple[str, bool]:
    """The ARN of the stage's layer, and whether it had to be built. Raises Failure."""
    lambda_, name, wanted = stage.client("lambda"), _name(stage), _fingerprint()
    there = lambda_.list_layer_versions(LayerName=name, MaxItems=1)["LayerVersions"]
    if there and there[0].get("Description") == wanted:
        return str(there[0]["LayerVersionArn"]), False
    made = lambda_.publish_layer_version(
        LayerName=name,
        Description=wanted,
        Content={"ZipFile": _built()},
        CompatibleRuntimes=[_runtime()],
        CompatibleArchitectures=["x86_64"],  # what the functions run on, as none is configured
    )
    return str(made["LayerVersionArn"]), True


def remove(stage: Stage, but: str | None = None) -> None:
    """Remove the layer's versions, but this one. Who has one attached keeps it."""
    lambda_, name = stage.client("lambda"), _name(stage)
    pages = lambda_.get_paginator("list_layer_versions").paginate(LayerName=name)
    for version in [it for page in pages for it in page["LayerVersions"] if it["LayerVersionArn"] != but]:
        lambda_.delete_layer_version(LayerName=name, VersionNumber=version["Version"])


def _name(stage: Stage) -> str:
    return f"{stage.app}-{stage.name}-pictures"


def _runtime() -> str:
    """That of the Python which runs this, as Chalice chooses it."""
    return f"python{sys.version_info.major}.{sys.version_info.minor}"


def _fingerprint() -> str:
    content = _REQUIREMENTS.read_bytes() + Path(__file__).read_bytes()
    return f"{_runtime()} {hashlib.sha256(content).hexdigest()}"


def _built() -> bytes:
    """The zip archive."""
    platforms = _NEW if sys.version_info >= _AMAZON_LINUX_2023 else _OLD
    with tempfile.TemporaryDirectory() as name:
        layer = Path(name)
        libraries = layer / "python"
        done = run(
            [
                sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-compile",
                "--only-binary=:all:", *(f"--platform={platform}" for platform in platforms), "--no-deps",
                f"--target={libraries}", f"--requirement={_REQUIREMENTS}",
            ],
            ROOT, os.environ,
        )  # fmt: skip
        if done.returncode != 0:
            raise Failure(f"pip: {done.stderr.strip()}")
        bytecode.compile_tree(libraries, "/opt/python")
        return archives.pack(layer)
