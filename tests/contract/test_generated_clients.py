"""Clients that public generators make from openapi.json use a profile, files, the export and the deletion."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.optional_tools import require_npm_packages
from tests.support.users import User
from tools import openapi

pytestmark = pytest.mark.slow
TYPESCRIPT = Path(__file__).parent / "typescript"
EXPECTED_OUTPUT = [
    *("Jane R. Roe", "Other", "Unknown", None, 412, "Precondition Failed"),
    *("awaiting-upload", 2000, ["blood-test.pdf"], 1, "Blood test.pdf", 409, 204),
    *("healthtech-export/1", "Jane R. Roe", [], "scheduled", ["account", "profile", "picture", "files"]),
]
PROGRAM = """
import json, sys
from client import AuthenticatedClient
from client.api.users import (
    delete_file, delete_user, get_export, get_file_content, get_files, get_user, patch_file, patch_user, post_file,
    put_user,
)
from client.models import (
    BloodGroup, CreateFileRequest, FileCategory, FilePatch, FileType, Gender, Problem, ProfilePatch, ProfileReplacement
)

api = AuthenticatedClient(base_url=sys.argv[1], token=sys.argv[2])
current = get_user.sync_detailed("me", client=api)
etag = current.headers["ETag"]
body = ProfileReplacement.from_dict({**current.parsed.to_dict(), "name": "Jane R. Roe"})
put = put_user.sync("me", client=api, body=body, if_match=etag)
changes = ProfilePatch(gender=Gender.OTHER, blood_group=BloodGroup.UNKNOWN, dob=None)
patched = patch_user.sync("me", client=api, body=changes)
stale = put_user.sync("me", client=api, body=body, if_match=etag)
assert isinstance(stale, Problem)
new_file = CreateFileRequest("blood-test.pdf", FileType.APPLICATIONPDF, 2000, "0" * 64, FileCategory.LAB_REPORT)
file = post_file.sync("me", client=api, body=new_file)
page = get_files.sync("me", client=api, limit=10)
renamed = patch_file.sync("me", file.id, client=api, body=FilePatch(name="Blood test.pdf"), if_match='"1"')
content = get_file_content.sync("me", file.id, client=api)
deleted = delete_file.sync_detailed("me", file.id, client=api)
export = get_export.sync("me", client=api)
deletion = delete_user.sync("me", client=api)
print(json.dumps([
    put.name, patched.gender, patched.blood_group, patched.dob, stale.status, stale.title,
    file.status, file.upload.limits.max_bytes, [item.name for item in page.items], page.quota.files,
    renamed.name, content.status, deleted.status_code,
    export.format_, export.profile.name, export.files, deletion.status, deletion.deletes,
]))
"""


def run_command(directory: Path, *command: str | Path, **variables: str) -> str:
    """Run a command with the programs of the virtual environment, and return its output."""
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    environment = {**os.environ, "PATH": path, **variables}
    process = subprocess.run(command, cwd=directory, env=environment, capture_output=True, text=True)
    assert process.returncode == 0, process.stdout + process.stderr
    return process.stdout


def test_generated_python_client_edits_and_deletes(user: User, tmp_path: Path) -> None:
    generator = Path(sys.executable).parent / "openapi-python-client"
    log = run_command(
        tmp_path, generator, "generate", "--path", openapi.OPENAPI_FILE, "--meta", "none", "--output-path", "client",
        "--fail-on-warning",
    )  # fmt: skip
    assert "Warning" not in log
    (tmp_path / "flow.py").write_text(PROGRAM)
    output = run_command(tmp_path, sys.executable, "-W", "error", "flow.py", user.client.stack.api_url, user.token)
    assert json.loads(output) == EXPECTED_OUTPUT


# By the generator's program in tests/contract/typescript: the command that generates a client.
GENERATORS = {
    "openapi-typescript": ("openapi-typescript", "openapi.json", "--output", "client.ts"),
    "hey-api": ("openapi-ts", "--file", "hey-api.config.js"),
    "orval": ("orval", "--config", "orval.config.js"),
}


@pytest.mark.parametrize("generator", GENERATORS)
def test_generated_typescript_client_edits_and_deletes(generator: str, user: User, tmp_path: Path) -> None:
    binaries = require_npm_packages(TYPESCRIPT) / ".bin"
    for file in TYPESCRIPT.glob("*.*"):
        shutil.copy(file, tmp_path)
    shutil.copy(TYPESCRIPT / f"{generator}.ts", tmp_path / "flow.ts")
    shutil.copy(openapi.OPENAPI_FILE, tmp_path)
    (tmp_path / "node_modules").symlink_to(TYPESCRIPT / "node_modules")
    api_url = user.client.stack.api_url
    command, *arguments = GENERATORS[generator]
    run_command(tmp_path, binaries / command, *arguments, API_URL=api_url)
    run_command(tmp_path, binaries / "tsc")
    output = run_command(tmp_path, "node", "out/flow.js", api_url, user.token)
    assert json.loads(output) == EXPECTED_OUTPUT
