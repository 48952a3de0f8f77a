"""The examples of docs/api.md, docs/pictures.md and the README run against a stack, with the documented responses."""

import json
import os
import re
import shutil
import subprocess
import sys
from typing import Any

import pytest

from local.config import ROOT
from local.user_client import UserClient
from tests.support.markdown import ACCOUNT_SECTIONS, README, list_examples
from tests.support.shells import SHELLS, paste
from tests.support.stack import STACK_TIMEOUT, RunningStack, wait_until
from tests.support.users import User, sign_up_and_sign_in

API_PAGE, PICTURES_PAGE = "docs/api.md", "docs/pictures.md"
COMMANDS = list_examples(API_PAGE, "sh", without=ACCOUNT_SECTIONS)
RESPONSES = [json.loads(response) for response in list_examples(API_PAGE, "json", without=ACCOUNT_SECTIONS)]
TRANSCRIPT_PAGES = (README, "docs/getting-started.md")
# Values that differ in each run.
VARYING = re.compile(r"us-east-1_\w+|client \w+|[0-9a-f]{8}-[0-9a-f-]{27}|127\.0\.0\.1:\d+|\d+ characters|[\d.]+ s\b")


def run_in_stack(shell: str, commands: str, stack: RunningStack) -> str:
    """Run commands of a page against the stack, and return their output."""
    commands = commands.replace("http://127.0.0.1:8000", stack.outputs.api_url)
    return paste(shell, commands, ROOT, STACK_TIMEOUT, LOCAL_DIR=str(stack.directory))


def api_variables(stack: RunningStack) -> dict[str, str]:
    """Return the variables that the first commands of the page set."""
    token = UserClient(stack.outputs).sign_in("john@example.com", "StrongPass123!")["IdToken"]
    return {"API": stack.outputs.api_url, "TOKEN": token}


def run_example(stack: RunningStack, language: str, command: str, *arguments: str) -> str:
    """Run the page's example in this language."""
    (code,) = list_examples(API_PAGE, language)
    done = subprocess.run(
        [command, *arguments], input=code, env={**os.environ, **api_variables(stack)},
        capture_output=True, text=True, timeout=STACK_TIMEOUT, check=True,
    )  # fmt: skip
    return str(done.stdout).strip()


@pytest.fixture(scope="module", params=SHELLS)
def responses(stack: RunningStack, request: pytest.FixtureRequest) -> list[Any]:
    """The output of each command of the page, in order. The first commands set variables and print nothing."""
    printed = run_in_stack(request.param, "echo ,\n".join(COMMANDS), stack)
    documents: list[Any] = json.loads(f"[{printed.lstrip().removeprefix(',')}]")
    return documents


def test_get_returns_the_documented_profile(responses: list[Any]) -> None:
    varying = ("id", "created_at", "updated_at", "version")
    assert list(responses[0]) == list(RESPONSES[0])
    assert {**responses[0], **{name: RESPONSES[0][name] for name in varying}} == RESPONSES[0]


def test_put_returns_the_new_profile(responses: list[Any]) -> None:
    assert (responses[1]["name"], responses[1]["gender"], responses[1]["blood_group"]) == ("John Doe", "Male", "A+")
    assert responses[1]["version"] == responses[0]["version"] + 1


def test_patch_returns_the_profile_with_the_change(responses: list[Any]) -> None:
    assert responses[2] == {
        **responses[1],
        "name": "John A. Doe",
        "updated_at": responses[2]["updated_at"],
        "version": responses[1]["version"] + 1,
    }


def test_rejection_matches_the_documented_problem(responses: list[Any]) -> None:
    varying = ("request_id", "type")
    assert responses[3]["type"].partition("#")[2] == RESPONSES[1]["type"].partition("#")[2]
    assert {**responses[3], **{name: RESPONSES[1][name] for name in varying}} == RESPONSES[1]


def test_list_matches_the_documented_page(responses: list[Any]) -> None:
    assert get_shape({**responses[4], "items": []}) == get_shape(RESPONSES[2])
    varying = {"bytes": 0, "files": 0}
    assert {**responses[4]["quota"], **varying} == RESPONSES[2]["quota"]


@pytest.mark.skipif(shutil.which("node") is None and "CI" not in os.environ, reason="needs Node.js")
@pytest.mark.usefixtures("responses")
def test_javascript_example_edits_the_profile(stack: RunningStack) -> None:
    assert run_example(stack, "js", "node", "--input-type=module") == "Other"


@pytest.mark.usefixtures("responses")
def test_python_example_edits_the_profile(stack: RunningStack) -> None:
    assert run_example(stack, "python", sys.executable, "-") == "Male"


@pytest.fixture
def user(stack: RunningStack) -> User:
    return sign_up_and_sign_in(UserClient(stack.outputs))


def run_account_example(shell: str, section: str, user: User) -> tuple[Any, Any]:
    """Run the command of a section as a user. Return its response, and the documented one."""
    (command,), (documented,) = (list_examples(API_PAGE, language, section) for language in ("sh", "json"))
    printed = paste(shell, command, ROOT, STACK_TIMEOUT, API=user.client.stack.api_url, TOKEN=user.token)
    return json.loads(printed), json.loads(documented)


def get_shape(value: Any) -> Any:
    """Return a value with the types of its leaves, so that values of another user or day are equal."""
    if isinstance(value, dict):
        return {name: get_shape(inner) for name, inner in value.items()}
    return [get_shape(inner) for inner in value] if isinstance(value, list) else type(value).__name__


@pytest.mark.parametrize("shell", SHELLS)
def test_export_example_returns_the_documented_data(user: User, shell: str) -> None:
    exported, documented = run_account_example(shell, "Export", user)
    assert get_shape(exported) == get_shape(documented)
    assert (exported["format"], exported["processing"]) == (documented["format"], documented["processing"])
    assert exported["account"]["attributes"]["email"] == user.email


@pytest.mark.parametrize("shell", SHELLS)
def test_deletion_example_erases_the_account(user: User, shell: str) -> None:
    deletion, documented = run_account_example(shell, "Account deletion", user)
    assert get_shape(deletion) == get_shape(documented)
    assert (deletion["status"], deletion["deletes"]) == (documented["status"], documented["deletes"])
    varying = {"until": ""}
    assert [{**entry, **varying} for entry in deletion["keeps"]] == [
        {**entry, **varying} for entry in documented["keeps"]
    ]
    wait_until(lambda: user.get().status == 410)


@pytest.mark.parametrize("shell", SHELLS)
def test_readme_request_returns_the_documented_profile(stack: RunningStack, shell: str) -> None:
    (request,) = (block for block in list_examples(README, "sh") if "curl" in block)
    (documented,) = list_examples(README, "json")
    printed = json.loads(run_in_stack(shell, request, stack))
    assert list(printed) == list(json.loads(documented))
    assert printed["email"] == "john@example.com"


@pytest.mark.parametrize("page", TRANSCRIPT_PAGES)
def test_documented_output_of_make_run_is_real(stack: RunningStack, page: str) -> None:
    """Each line of the transcript is in the output. The page may leave lines out."""
    (transcript,) = (block for block in list_examples(page, "") if "all on this machine" in block)
    printed = {VARYING.sub("*", line).rstrip() for line in stack.console_output.read_text().splitlines()}
    documented = [VARYING.sub("*", line).rstrip() for line in transcript.splitlines()]
    assert [line for line in documented if line and line not in printed] == []


@pytest.mark.parametrize("shell", SHELLS)
def test_getting_started_request_succeeds(stack: RunningStack, shell: str) -> None:
    (request,) = (block for block in list_examples("docs/getting-started.md", "sh") if "curl" in block)
    assert json.loads(run_in_stack(shell, request, stack))["email"] == "john@example.com"


@pytest.mark.parametrize("shell", SHELLS)
def test_picture_commands_set_the_picture(stack: RunningStack, shell: str) -> None:
    commands, (example,) = "".join(list_examples(PICTURES_PAGE, "sh")), list_examples(PICTURES_PAGE, "json")
    files_before = set(ROOT.iterdir())
    printed = paste(shell, commands, ROOT, STACK_TIMEOUT, **api_variables(stack))
    assert set(ROOT.iterdir()) == files_before
    upload, _, rest = printed.partition("}\n204\n")
    assert json.loads(upload + "}")["limits"]["max_bytes"] == 5 * 1024 * 1024
    profile, documented = json.loads(rest), json.loads(example)
    assert list(profile) == list(documented)
    varying = {"size": 0, "updated_at": ""}  # the size depends on the version of the encoder
    assert {**profile["picture"], **varying} == {**documented["picture"], **varying}


def test_picture_commands_show_why_a_file_is_rejected(stack: RunningStack) -> None:
    commands = "".join(list_examples(PICTURES_PAGE, "sh")).replace("PICTURE=local/sample.jpg", "PICTURE=README.md")
    printed = paste("bash", commands, ROOT, STACK_TIMEOUT, **api_variables(stack))
    problem = json.loads(printed.partition("}\n204\n")[2])
    assert problem["status"] == 422
    assert problem["errors"] == [
        {"pointer": "/upload_id", "detail": "the file must be a JPEG image, to match the content_type of the upload"}
    ]
