"""Clients that public generators make of openapi.json, on their way from a sign-up to an edited profile."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from local import openapi
from tests.integration.conftest import User
from tests.support.optional_tools import require_npm_packages

pytestmark = pytest.mark.slow
TYPESCRIPT = Path(__file__).parent / "typescript"
EDITED = ["Jane R. Roe", "Other", "Unknown", None, 412, "Precondition Failed"]
FLOW = """
import json, sys
from client import AuthenticatedClient
from client.api.users import get_user, patch_user, put_user
from client.models import BloodGroup, Gender, Problem, ProfilePatch, ProfileReplacement

api = AuthenticatedClient(base_url=sys.argv[1], token=sys.argv[2])
read = get_user.sync_detailed("me", client=api)
tag = read.headers["ETag"]
body = ProfileReplacement.from_dict({**read.parsed.to_dict(), "name": "Jane R. Roe"})
put = put_user.sync("me", client=api, body=body, if_match=tag)
changes = ProfilePatch(gender=Gender.OTHER, blood_group=BloodGroup.UNKNOWN, dob=None)
patched = patch_user.sync("me", client=api, body=changes)
late = put_user.sync("me", client=api, body=body, if_match=tag)
assert isinstance(late, Problem)
print(json.dumps([put.name, patched.gender, patched.blood_group, patched.dob, late.status, late.title]))
"""


def run(directory: Path, *command: str | Path, **variables: str) -> str:
    found = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    environment = {**os.environ, "PATH": found, **variables}
    done = subprocess.run(command, cwd=directory, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_a_python_client_is_made_and_works(user: User, tmp_path: Path) -> None:
    generator = Path(sys.executable).parent / "openapi-python-client"
    told = run(
        tmp_path, generator, "generate", "--path", openapi.FILE, "--meta", "none", "--output-path", "client",
        "--fail-on-warning",
    )  # fmt: skip
    assert "Warning" not in told
    (tmp_path / "flow.py").write_text(FLOW)
    edited = run(tmp_path, sys.executable, "-W", "error", "flow.py", user.session.stack.api_url, user.token)
    assert json.loads(edited) == EDITED


# The program of each generator in tests/contract/typescript, and the command that generates its client.
GENERATORS = {
    "openapi-typescript": ("openapi-typescript", "openapi.json", "--output", "client.ts"),
    "hey-api": ("openapi-ts", "--file", "hey-api.config.js"),
    "orval": ("orval", "--config", "orval.config.js"),
}


@pytest.mark.parametrize("generator", GENERATORS)
def test_typescript_client_compiles_and_works(generator: str, user: User, tmp_path: Path) -> None:
    binaries = require_npm_packages(TYPESCRIPT) / ".bin"
    for file in TYPESCRIPT.glob("*.*"):
        shutil.copy(file, tmp_path)
    shutil.copy(TYPESCRIPT / f"{generator}.ts", tmp_path / "flow.ts")
    shutil.copy(openapi.FILE, tmp_path)
    (tmp_path / "node_modules").symlink_to(TYPESCRIPT / "node_modules")
    api_url = user.session.stack.api_url
    command, *arguments = GENERATORS[generator]
    run(tmp_path, binaries / command, *arguments, API_URL=api_url)
    run(tmp_path, binaries / "tsc")
    edited = run(tmp_path, "node", "out/flow.js", api_url, user.token)
    assert json.loads(edited) == EDITED
