"""The default rules of public OpenAPI linters report nothing about openapi.json, not even a hint."""

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.support.optional_tools import require_npm_packages
from tools import openapi

pytestmark = pytest.mark.slow
OPENAPI_TOOLS = Path(__file__).parent / "openapi_tools"


def lint(*command: str, **variables: str) -> Any:
    """Run a linter of the folder `openapi_tools`, and return its decoded JSON report."""
    name, *arguments = command
    program = require_npm_packages(OPENAPI_TOOLS) / ".bin" / name
    process = subprocess.run(
        [program, *arguments, openapi.OPENAPI_FILE], cwd=OPENAPI_TOOLS, env={**os.environ, **variables},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    try:
        return json.JSONDecoder().raw_decode(process.stdout)[0]  # Spectral appends a sentence
    except ValueError:
        pytest.fail(process.stdout + process.stderr)


def test_redocly_reports_nothing() -> None:
    offline = {"REDOCLY_TELEMETRY": "off", "REDOCLY_SUPPRESS_UPDATE_NOTICE": "true"}
    report = lint("redocly", "lint", "--extends", "recommended", "--format", "json", **offline)
    assert report["problems"] == []


def test_spectral_reports_nothing() -> None:
    assert lint("spectral", "lint", "--ruleset", "spectral.yaml", "--format", "json") == []
