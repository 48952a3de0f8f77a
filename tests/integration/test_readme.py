"""The README's examples of the API do what it says they do."""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from local.session import Session
from local.settings import ROOT
from tests.images import as_taken, picture
from tests.integration.conftest import PATIENCE, Run
from tests.readme import examples

COMMANDS = examples("The API", "sh")
ANSWERS = [json.loads(answer) for answer in examples("The API", "json")]


@pytest.fixture(scope="module")
def answers(run: Run) -> list[Any]:
    """What each command of the section prints, in their order; the token's own is not printed."""
    script = f"API={run.stack.api_url}\n" + "echo ,\n".join(COMMANDS)
    script = script.replace("make -s token", f"LOCAL_DIR={run.directory} make -s token")
    done = subprocess.run(
        ["bash", "-euc", script], cwd=ROOT, capture_output=True, text=True, timeout=PATIENCE, check=True
    )
    found: list[Any] = json.loads(f"[{done.stdout.lstrip().removeprefix(',')}]")
    return found


def test_get_answers_what_the_readme_shows(answers: list[Any]) -> None:
    mine = ("id", "created_at", "updated_at")
    assert list(answers[0]) == list(ANSWERS[0])
    assert {**answers[0], **{name: ANSWERS[0][name] for name in mine}} == ANSWERS[0]


def test_patch_answers_the_profile_with_the_change(answers: list[Any]) -> None:
    assert answers[2] == {
        **answers[1],
        "name": "John A. Doe",
        "updated_at": answers[2]["updated_at"],
        "version": answers[1]["version"] + 1,
    }


def example(run: Run, language: str, command: str, *arguments: str) -> str:
    """Run the section's example in this language, told the address and a token as variables."""
    (code,) = examples("The API", language)
    token = Session(run.stack).sign_in("john@example.com", "StrongPass123!")["IdToken"]
    keyword = "const " if language == "js" else ""
    told = "".join(
        f"{keyword}{name} = {json.dumps(value)}\n" for name, value in (("API", run.stack.api_url), ("TOKEN", token))
    )
    done = subprocess.run(
        [command, *arguments], input=told + code, capture_output=True, text=True, timeout=PATIENCE, check=True
    )
    return str(done.stdout).strip()


@pytest.mark.skipif(shutil.which("node") is None and "CI" not in os.environ, reason="needs Node.js")
@pytest.mark.usefixtures("answers")
def test_the_javascript_example_edits_what_it_has_read(run: Run) -> None:
    assert example(run, "js", "node", "--input-type=module") == "Other"


@pytest.mark.usefixtures("answers")
def test_the_python_example_edits_what_it_has_read(run: Run) -> None:
    assert example(run, "python", sys.executable, "-") == "Male"


def test_script_example_reads_the_table(run: Run, tmp_path: Path) -> None:
    (code,) = examples("Run it", "python")
    (tmp_path / ".local").symlink_to(run.directory)
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, timeout=PATIENCE, check=True
    )
    assert int(done.stdout) >= 1


def test_put_answers_the_profile_as_it_is_then(answers: list[Any]) -> None:
    assert (answers[1]["name"], answers[1]["gender"], answers[1]["blood_group"]) == ("John Doe", "Male", "A+")
    assert answers[1]["version"] == answers[0]["version"] + 1


def test_a_refusal_reads_as_the_readme_shows(answers: list[Any]) -> None:
    mine = ("request_id", "type")
    assert answers[3]["type"].partition("#")[2] == ANSWERS[1]["type"].partition("#")[2]
    assert {**answers[3], **{name: ANSWERS[1][name] for name in mine}} == ANSWERS[1]


def test_the_picture_s_commands_make_it_the_picture(run: Run, answers: list[Any], tmp_path: Path) -> None:
    (tmp_path / "me.jpg").write_bytes(picture(size=(320, 240), **as_taken(orientation=6)))
    (commands,), (shown,) = examples("Pictures", "sh"), examples("Pictures", "json")
    token = Session(run.stack).sign_in("john@example.com", "StrongPass123!")["IdToken"]
    done = subprocess.run(
        ["bash", "-euc", commands], cwd=tmp_path, env={**os.environ, "API": run.stack.api_url, "TOKEN": token},
        capture_output=True, text=True, timeout=PATIENCE, check=True,
    )  # fmt: skip
    told, meant = json.loads(done.stdout), json.loads(shown)
    assert list(told) == list(meant)
    mine = {"size": 0, "updated_at": ""}  # the size is the encoder's, which gets better
    assert {**told["picture"], **mine} == {**meant["picture"], **mine}


def test_every_local_path_the_readme_names_is_there() -> None:
    (layout,) = examples("Layout", "")
    assert layout
    for name in re.findall(r"^\s*((?:[\w.]+/?)(?:, [\w.]+)*)(?:  |$)", layout, re.MULTILINE):
        for part in name.split(", "):
            assert (ROOT / part).exists() or (ROOT / "chalicelib" / part).exists(), part
