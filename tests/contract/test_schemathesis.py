"""schemathesis tries the running API by its document: every phase, every check."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from chalicelib.models import EDITABLE, SERVER_OWNED
from local import openapi
from local.settings import ROOT
from tests.integration.conftest import User

CONFIGURATION = Path(__file__).parent / "schemathesis.toml"


def of_this_user(document: dict[str, Any]) -> dict[str, Any]:
    """The document less what depends on what is stored, which our own tests have.

    The server's fields are valid in a body only as they were answered, and null only where nothing is known.
    The formats name the strategies of hooks.py.
    """
    for name in ("ProfileReplacement", "ProfilePatch"):
        fields = document["components"]["schemas"][name]["properties"]
        for field in SERVER_OWNED:
            del fields[field]
        for field in EDITABLE:
            (fields[field],) = (it for it in fields[field]["anyOf"] if it != {"type": "null"})
        fields["name"]["format"] = "person-name"
    parameters = document["components"]["parameters"]
    parameters["user_id"]["schema"]["format"] = "user-id"
    for name in ("If-Match", "If-None-Match"):
        parameters[name]["schema"]["format"] = "entity-tags"
    return document


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_the_api_keeps_what_its_document_says(user: User, tmp_path: Path) -> None:
    before, document = user.get().body, tmp_path / "openapi.json"
    document.write_text(json.dumps(of_this_user(json.loads(openapi.FILE.read_text()))))
    done = subprocess.run(
        [
            Path(sys.executable).parent / "schemathesis", "--config-file", CONFIGURATION, "run", document,
            "--url", user.session.stack.api_url, "-H", f"Authorization: Bearer {user.token}",
            "--max-examples", "50", "--no-color", "--generation-database", "none",
        ],
        cwd=ROOT, env=os.environ, capture_output=True, text=True,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout[-20_000:]
    assert "14 selected / 14 total" in done.stdout
    after = user.get().body
    owned = ("id", "email", "email_verified", "phone_number", "phone_number_verified", "created_at")
    assert [after[name] for name in owned] == [before[name] for name in owned]
    assert after["version"] > before["version"], "some of it was accepted"
