"""The layer with the image library: the function that checks pictures has it, and no other carries it.

It is code, so it is not Terraform's. It is built anew when what it is made of has changed, which its description tells.
"""

import tempfile
from pathlib import Path
from typing import Final

from infra.deploy import archives, bytecode, runtime, wheels
from infra.deploy.stage import ROOT, Stage

_REQUIREMENTS: Final = ROOT / "requirements-pictures.txt"


def ensured(stage: Stage) -> tuple[str, bool]:
    """The ARN of the stage's layer, and whether it had to be built. Raises Failure."""
    lambda_, name, wanted = stage.client("lambda"), _name(stage), _fingerprint()
    there = lambda_.list_layer_versions(LayerName=name, MaxItems=1)["LayerVersions"]
    if there and there[0].get("Description") == wanted:
        return str(there[0]["LayerVersionArn"]), False
    made = lambda_.publish_layer_version(
        LayerName=name,
        Description=wanted,
        Content={"ZipFile": build()},
        CompatibleRuntimes=[runtime.CURRENT],
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


def _fingerprint() -> str:
    return f"{runtime.CURRENT} {archives.fingerprint(_REQUIREMENTS, Path(__file__))}"


def build() -> bytes:
    """Return the layer's archive. Raises Failure."""
    with tempfile.TemporaryDirectory() as name:
        layer = Path(name)
        libraries = layer / "python"
        wheels.install(_REQUIREMENTS, libraries)
        bytecode.compile_tree(libraries, "/opt/python")
        return archives.pack(layer)
