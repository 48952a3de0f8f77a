"""The default rules of public OpenAPI linters report nothing about openapi.json, not even a hint."""

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest

from local import openapi
from tests.support.optional_tools import require_npm_packages

pytestmark = pytest.mark.slow
OPENAPI_TOOLS = Path(__file__).parent / "openapi_tools"


def lint(*command: str, **variables: str) -> Any:
    """Run a linter of the folder `openapi_tools` and return its report, decoded from JSON."""
    name, *arguments = command
    program = require_npm_packages(OPENAPI_TOOLS) / ".bin" / name
    done = subprocess.run(
        [program, *arguments, openapi.FILE], cwd=OPENAPI_TOOLS, env={**os.environ, **variables},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    try:
        return json.JSONDecoder().raw_decode(done.stdout)[0]  # Spectral adds a sentence
    except ValueError:
        pytest.fail(done.stdout + done.stderr)


def test_redocly_reports_nothing() -> None:
    offline = {"REDOCLY_TELEMETRY": "off", "REDOCLY_SUPPRESS_UPDATE_NOTICE": "true"}
    report = lint("redocly", "lint", "--extends", "recommended", "--format", "json", **offline)
    assert report["problems"] == []


def test_spectral_reports_nothing() -> None:
    assert lint("spectral", "lint", "--ruleset", "spectral.yaml", "--format", "json") == []
