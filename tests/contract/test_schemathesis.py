"""schemathesis tests the running API against its document, with all phases and checks."""

import copy
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from chalicelib.profiles.models import EDITABLE_FIELDS, READ_ONLY_FIELDS
from local.config import ROOT
from tests.support.file_bodies import announce
from tests.support.file_client import create_file, list_files, upload_file
from tests.support.stack import RunningStack, start_api
from tests.support.users import User, sign_up_and_sign_in
from tools import openapi

FILES = 4  # of the user of a run
CONFIGURATION = Path(__file__).parent / "schemathesis.toml"
DELETE_ACCOUNT, DELETE_FILE = "delete_user", "delete_file"


def restrict_document(document: dict[str, Any], file_ids: list[str]) -> dict[str, Any]:
    """Return the document without the parts whose validity depends on the stored profile; other tests cover those.

    Read-only fields are valid in a body only with their stored values, and null is valid only for unknown values.
    Only existing files are requested. The formats select the strategies of schemathesis_hooks.py.
    """
    for name in ("ProfileReplacement", "ProfilePatch"):
        fields = document["components"]["schemas"][name]["properties"]
        for field in READ_ONLY_FIELDS:
            del fields[field]
        for field in EDITABLE_FIELDS:
            (fields[field],) = (schema for schema in fields[field]["anyOf"] if schema != {"type": "null"})
        fields["name"]["format"] = "person-name"
    for name in ("CreateFileRequest", "FilePatch"):
        document["components"]["schemas"][name]["properties"]["name"]["format"] = "file-name"
    parameters = document["components"]["parameters"]
    parameters["user_id"]["schema"]["format"] = "user-id"
    parameters["cursor"]["schema"]["format"] = "cursor"
    for path, item in document["paths"].items():
        if "{file_id}" in path:  # OPTIONS looks no file up
            item["options"]["parameters"] = [copy.deepcopy(parameters["file_id"])]
    parameters["file_id"]["schema"]["enum"] = file_ids
    for name in ("If-Match", "If-None-Match"):
        parameters[name]["schema"]["format"] = "entity-tags"
    return document


def exclude(*operation_ids: str) -> list[str]:
    return [argument for operation_id in operation_ids for argument in ("--exclude-operation-id", operation_id)]


def run_schemathesis(user: User, document: Path, *arguments: str) -> str:
    """Run schemathesis as this user, and return its output. Fails if it reports a failure."""
    file_ids = [
        upload_file(user)["id"],
        *(create_file(user)["id"] for _ in range(FILES - 1)),
    ]  # the first one is available
    document.write_text(json.dumps(restrict_document(json.loads(openapi.OPENAPI_FILE.read_text()), file_ids)))
    process = subprocess.run(
        [
            Path(sys.executable).parent / "schemathesis", "--config-file", CONFIGURATION, "run", document,
            "--url", user.client.stack.api_url, "-H", f"Authorization: Bearer {user.token}",
            "--max-examples", "50", "--no-color", "--generation-database", "none", *arguments,
        ],
        cwd=ROOT, env=os.environ, capture_output=True, text=True,
    )  # fmt: skip
    assert process.returncode == 0, process.stdout[-20_000:]
    return process.stdout


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_api_conforms_to_its_document(user: User, tmp_path: Path) -> None:
    original = user.get().body
    output = run_schemathesis(user, tmp_path / "openapi.json", *exclude(DELETE_ACCOUNT, DELETE_FILE))
    assert "31 selected / 33 total" in output
    requested = [file for file in list_files(user) if file["sha256"] == announce()["sha256"]]
    changes = {(file["name"], file["category"]) for file in requested} - {("blood-test.txt", "lab-report")}
    assert changes, "no change of a file was accepted"
    current = user.get().body
    read_only = ("id", "email", "email_verified", "phone_number", "phone_number_verified", "created_at")
    assert [current[name] for name in read_only] == [original[name] for name in read_only]
    assert current["version"] > original["version"], "no change was accepted"


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_file_deletion_conforms_to_its_document(user: User, tmp_path: Path) -> None:
    """These files are not those of the other operations."""
    output = run_schemathesis(user, tmp_path / "openapi.json", "--include-operation-id", DELETE_FILE)
    assert "1 selected / 33 total" in output
    assert len(list_files(user)) < FILES, "no request was accepted"


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_account_deletion_conforms_to_its_document(stack: RunningStack, tmp_path: Path) -> None:
    """This user is not that of the other operations. With grace days, no request starts an erasure."""
    with start_api(stack.outputs, tmp_path / "grace", DELETION_GRACE_DAYS="14") as client:
        user = sign_up_and_sign_in(client)
        output = run_schemathesis(user, tmp_path / "openapi.json", "--include-operation-id", DELETE_ACCOUNT)
        assert "1 selected / 33 total" in output
        assert client.call("GET", "/users/me/deletion", user.token).status == 200, "no request was accepted"
