"""The commands and programs of docs/files.md run against a stack, with the documented responses."""

import json
import os
import shutil
import subprocess
import sys
from typing import Any

import pytest

from local.config import ROOT
from local.user_client import UserClient
from tests.support.file_client import create_file, list_files
from tests.support.markdown import list_examples
from tests.support.shells import SHELLS, paste
from tests.support.stack import STACK_TIMEOUT, RunningStack
from tests.support.users import User, sign_up_and_sign_in

PAGE = "docs/files.md"
needs_node = pytest.mark.skipif(shutil.which("node") is None and "CI" not in os.environ, reason="needs Node.js")
UPLOAD_PROGRAM = """
const content = "Hemoglobin 14.2 g/dl\\n";
const stored = await uploadFile(new File([content], "blood-test.txt", { type: "text/plain" }), "lab-report");
const renamed = await renameFile(stored.id, "Blood test.txt");
const downloaded = await (await fetch(await getContentUrl(stored.id))).text();
const { files } = await getQuota();
await deleteFile(stored.id);
console.log(JSON.stringify([stored.status, renamed.name, downloaded === content, files, (await getQuota()).files]));
"""
LIST_PROGRAM = """
const names = [];
for await (const { name } of listFiles(2)) names.push(name);
console.log(JSON.stringify(names));
"""
ERROR_PROGRAM = """
const file = new File(["<html>"], "page.html", { type: "text/html" });
await uploadFile(file, "other").catch(({ message }) => console.log(JSON.stringify(message)));
"""


@pytest.fixture
def user(stack: RunningStack) -> User:
    return sign_up_and_sign_in(UserClient(stack.outputs))


def get_variables(user: User) -> dict[str, str]:
    return {"API": user.client.stack.api_url, "TOKEN": user.token}


def run_program(user: User, code: str, *command: str) -> str:
    done = subprocess.run(
        command, input=code, cwd=ROOT, env={**os.environ, **get_variables(user)},
        capture_output=True, text=True, timeout=STACK_TIMEOUT,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout


def run_javascript(user: User, program: str) -> Any:
    """Run a program that calls the functions of the page. Return the JSON that it prints."""
    (functions,) = list_examples(PAGE, "js")
    code = f"const {{ API, TOKEN }} = process.env;\n{functions}\n{program}"
    return json.loads(run_program(user, code, "node", "--input-type=module"))


@pytest.mark.parametrize("shell", SHELLS)
def test_commands_upload_rename_and_delete_a_file(user: User, shell: str) -> None:
    commands, (example,) = "".join(list_examples(PAGE, "sh")), list_examples(PAGE, "json")
    files_before = set(ROOT.iterdir())
    printed = paste(shell, commands, ROOT, STACK_TIMEOUT, **get_variables(user))
    assert set(ROOT.iterdir()) == files_before
    created, _, rest = printed.partition("}\n204\n")
    checked, _, rest = rest.partition("The content is identical.\n")
    renamed, _, rest = rest.partition("}\n")
    assert json.loads(created + "}")["status"] == "awaiting-upload"
    varying = {name: json.loads(example)[name] for name in ("id", "created_at", "updated_at", "version")}
    assert {**json.loads(checked), **varying} == json.loads(example)
    assert json.loads(renamed + "}")["name"] == "Chest X-ray.jpg"
    assert rest == "204\n"
    assert list_files(user) == []


def test_python_program_stores_an_available_file(user: User) -> None:
    (code,) = list_examples(PAGE, "python")
    assert run_program(user, code, sys.executable, "-") == "available\n"
    assert [file["name"] for file in list_files(user)] == ["sample.jpg"]


@needs_node
def test_javascript_functions_upload_and_delete_a_file(user: User) -> None:
    assert run_javascript(user, UPLOAD_PROGRAM) == ["available", "Blood test.txt", True, 1, 0]


@needs_node
def test_javascript_function_lists_all_pages(user: User) -> None:
    for number in range(5):
        create_file(user, name=f"{number}.txt")
    assert run_javascript(user, LIST_PROGRAM) == ["4.txt", "3.txt", "2.txt", "1.txt", "0.txt"]


@needs_node
def test_javascript_function_reports_the_violated_rule(user: User) -> None:
    message = run_javascript(user, ERROR_PROGRAM)
    assert message.startswith("content_type: must be one of application/pdf, ")
