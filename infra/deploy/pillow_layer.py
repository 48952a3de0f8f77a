"""The Lambda layer with Pillow, the image library. Only the function `check_picture` uses it.

The layer contains code, so Terraform does not manage it. Its description has a fingerprint of its sources. A new
version is published when the fingerprint changes.
"""

import tempfile
from pathlib import Path
from typing import Final

from infra.deploy import archives, precompile, runtime, wheels
from infra.deploy.chalice_config import ROOT
from infra.deploy.stage import Stage

_REQUIREMENTS: Final = ROOT / "requirements-pictures.txt"


def ensure_layer(stage: Stage) -> tuple[str, bool]:
    """Publish the layer unless its latest version is current. Return its ARN, and whether it was published.

    Raises DeployError if the packages cannot be installed.
    """
    lambda_, name, fingerprint = stage.client("lambda"), _layer_name(stage), _compute_fingerprint()
    latest = lambda_.list_layer_versions(LayerName=name, MaxItems=1)["LayerVersions"]
    if latest and latest[0].get("Description") == fingerprint:
        return str(latest[0]["LayerVersionArn"]), False
    published = lambda_.publish_layer_version(
        LayerName=name,
        Description=fingerprint,
        Content={"ZipFile": build_layer()},
        CompatibleRuntimes=[runtime.CURRENT],
        CompatibleArchitectures=["x86_64"],  # the default architecture of the functions
    )
    return str(published["LayerVersionArn"]), True


def delete_versions(stage: Stage, keep: str | None = None) -> None:
    """Delete all versions of the layer except one ARN. A function with a deleted version attached still runs."""
    lambda_, name = stage.client("lambda"), _layer_name(stage)
    pages = lambda_.get_paginator("list_layer_versions").paginate(LayerName=name)
    for version in [version for page in pages for version in page["LayerVersions"]]:
        if version["LayerVersionArn"] != keep:
            lambda_.delete_layer_version(LayerName=name, VersionNumber=version["Version"])


def _layer_name(stage: Stage) -> str:
    return f"{stage.app}-{stage.name}-pictures"


def _compute_fingerprint() -> str:
    return f"{runtime.CURRENT} {archives.compute_fingerprint(_REQUIREMENTS, Path(__file__))}"


def build_layer() -> bytes:
    """Return the archive of the layer. Raises DeployError if the packages cannot be installed."""
    with tempfile.TemporaryDirectory() as name:
        layer = Path(name)
        libraries = layer / "python"
        wheels.install_wheels(_REQUIREMENTS, libraries)
        precompile.add_bytecode(libraries, "/opt/python")
        return archives.build_archive(layer)
