"""schemathesis tries the running API by its document: every phase, every check."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from local import openapi
from local.settings import ROOT
from tests.integration.conftest import User

CONFIGURATION = Path(__file__).parent / "schemathesis.toml"


@pytest.mark.timeout(300)
def test_the_api_keeps_what_its_document_says(user: User) -> None:
    before = user.get().body
    done = subprocess.run(
        [
            Path(sys.executable).parent / "schemathesis", "--config-file", CONFIGURATION, "run", openapi.FILE,
            "--url", user.session.stack.api_url, "-H", f"Authorization: Bearer {user.token}",
            "--max-examples", "50", "--no-color", "--generation-database", "none",
        ],
        cwd=ROOT, env=os.environ, capture_output=True, text=True,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout[-20_000:]
    assert "8 selected / 8 total" in done.stdout
    after = user.get().body
    owned = ("id", "email", "email_verified", "phone_number", "phone_number_verified", "created_at")
    assert [after[name] for name in owned] == [before[name] for name in owned]
    assert after["version"] > before["version"], "some of it was accepted"
