"""The README's examples of the API do what it says they do."""

import json
import os
import re
import shutil
import subprocess
import sys
from typing import Any

import pytest

from local.session import Session
from local.settings import ROOT
from tests.integration.conftest import PATIENCE, Run
from tests.readme import examples
from tests.support.shells import SHELLS, paste

COMMANDS = examples("The API", "sh")
ANSWERS = [json.loads(answer) for answer in examples("The API", "json")]


@pytest.fixture(scope="module", params=SHELLS)
def answers(run: Run, request: pytest.FixtureRequest) -> list[Any]:
    """What each command of the section prints, in their order; the token's own is not printed."""
    script = "echo ,\n".join(COMMANDS).replace("http://127.0.0.1:8000", run.stack.api_url)
    printed = paste(request.param, script, ROOT, PATIENCE, LOCAL_DIR=str(run.directory))
    found: list[Any] = json.loads(f"[{printed.lstrip().removeprefix(',')}]")
    return found


def test_get_answers_what_the_readme_shows(answers: list[Any]) -> None:
    mine = ("id", "created_at", "updated_at", "version")
    assert list(answers[0]) == list(ANSWERS[0])
    assert {**answers[0], **{name: ANSWERS[0][name] for name in mine}} == ANSWERS[0]


def test_patch_answers_the_profile_with_the_change(answers: list[Any]) -> None:
    assert answers[2] == {
        **answers[1],
        "name": "John A. Doe",
        "updated_at": answers[2]["updated_at"],
        "version": answers[1]["version"] + 1,
    }


def api_and_token(run: Run) -> dict[str, str]:
    """The variables that the first commands of the section set."""
    token = Session(run.stack).sign_in("john@example.com", "StrongPass123!")["IdToken"]
    return {"API": run.stack.api_url, "TOKEN": token}


def example(run: Run, language: str, command: str, *arguments: str) -> str:
    """Run the section's example in this language, with the two variables of its first command."""
    (code,) = examples("The API", language)
    done = subprocess.run(
        [command, *arguments], input=code, env={**os.environ, **api_and_token(run)},
        capture_output=True, text=True, timeout=PATIENCE, check=True,
    )  # fmt: skip
    return str(done.stdout).strip()


@pytest.mark.skipif(shutil.which("node") is None and "CI" not in os.environ, reason="needs Node.js")
@pytest.mark.usefixtures("answers")
def test_the_javascript_example_edits_what_it_has_read(run: Run) -> None:
    assert example(run, "js", "node", "--input-type=module") == "Other"


@pytest.mark.usefixtures("answers")
def test_the_python_example_edits_what_it_has_read(run: Run) -> None:
    assert example(run, "python", sys.executable, "-") == "Male"


def test_put_answers_the_profile_as_it_is_then(answers: list[Any]) -> None:
    assert (answers[1]["name"], answers[1]["gender"], answers[1]["blood_group"]) == ("John Doe", "Male", "A+")
    assert answers[1]["version"] == answers[0]["version"] + 1


def test_a_refusal_reads_as_the_readme_shows(answers: list[Any]) -> None:
    mine = ("request_id", "type")
    assert answers[3]["type"].partition("#")[2] == ANSWERS[1]["type"].partition("#")[2]
    assert {**answers[3], **{name: ANSWERS[1][name] for name in mine}} == ANSWERS[1]


@pytest.mark.parametrize("shell", SHELLS)
def test_the_picture_s_commands_make_it_the_picture(run: Run, shell: str) -> None:
    commands, (shown,) = "".join(examples("Pictures", "sh")), examples("Pictures", "json")
    before = set(ROOT.iterdir())
    printed = paste(shell, commands, ROOT, PATIENCE, **api_and_token(run))
    assert set(ROOT.iterdir()) == before
    upload, _, rest = printed.partition("}\n204\n")
    assert json.loads(upload + "}")["limits"]["max_bytes"] == 5 * 1024 * 1024
    told, meant = json.loads(rest), json.loads(shown)
    assert list(told) == list(meant)
    mine = {"size": 0, "updated_at": ""}  # the size is the encoder's, which gets better
    assert {**told["picture"], **mine} == {**meant["picture"], **mine}


def test_the_picture_s_commands_show_why_a_file_is_refused(run: Run) -> None:
    commands = "".join(examples("Pictures", "sh")).replace("PICTURE=local/sample.jpg", "PICTURE=README.md")
    printed = paste("bash", commands, ROOT, PATIENCE, **api_and_token(run))
    problem = json.loads(printed.partition("}\n204\n")[2])
    assert problem["status"] == 422
    assert problem["errors"] == [
        {"pointer": "/upload_id", "detail": "the file must be a JPEG image, to match the content_type of the upload"}
    ]


def test_every_local_path_the_readme_names_is_there() -> None:
    (layout,) = examples("Layout", "")
    assert layout
    for name in re.findall(r"^\s*((?:[\w.]+/?)(?:, [\w.]+)*)(?:  |$)", layout, re.MULTILINE):
        for part in name.split(", "):
            assert (ROOT / part).exists() or (ROOT / "chalicelib" / part).exists(), part
