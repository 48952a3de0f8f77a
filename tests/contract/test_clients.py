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

pytestmark = pytest.mark.slow
TYPESCRIPT = Path(__file__).parent / "typescript"
TOOLS = TYPESCRIPT / "node_modules" / ".bin"
EDITED = ["Jane R. Roe", "Other", 412, "Precondition Failed"]
FLOW = """
import json, sys
from client import AuthenticatedClient
from client.api.users import get_user, patch_user, put_user
from client.models import Gender, Problem, ProfilePatch, ProfileReplacement

api = AuthenticatedClient(base_url=sys.argv[1], token=sys.argv[2])
read = get_user.sync_detailed("me", client=api)
tag = read.headers["ETag"]
body = ProfileReplacement.from_dict({**read.parsed.to_dict(), "name": "Jane R. Roe"})
put = put_user.sync("me", client=api, body=body, if_match=tag)
patched = patch_user.sync("me", client=api, body=ProfilePatch(gender=Gender.OTHER))
late = put_user.sync("me", client=api, body=body, if_match=tag)
assert isinstance(late, Problem)
print(json.dumps([put.name, patched.gender, late.status, late.title]))
"""


def run(directory: Path, *command: str | Path) -> str:
    found = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    environment = {**os.environ, "PATH": found}
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


@pytest.mark.skipif(not TOOLS.exists() and "CI" not in os.environ, reason="needs npm")
def test_a_typescript_client_is_made_and_works(user: User, tmp_path: Path) -> None:
    for name in ("flow.ts", "process.d.ts", "tsconfig.json", "package.json"):
        shutil.copy(TYPESCRIPT / name, tmp_path)
    (tmp_path / "node_modules").symlink_to(TYPESCRIPT / "node_modules")
    run(tmp_path, TOOLS / "openapi-typescript", openapi.FILE, "--output", "api.ts")
    run(tmp_path, TOOLS / "tsc")
    edited = run(tmp_path, "node", "out/flow.js", user.session.stack.api_url, user.token)
    assert json.loads(edited) == EDITED
