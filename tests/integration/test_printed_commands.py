"""The commands that `make run` prints work when a user pastes them into a shell."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from local.config import ROOT
from tests.support.shells import SHELLS, paste
from tests.support.stack import STACK_TIMEOUT, RunningStack, start_stack


def get_printed_commands(stack: RunningStack) -> str:
    return stack.console_output.read_text().partition("in this folder\n")[2].partition("Ready in")[0]


def paste_printed_commands(stack: RunningStack, shell: str) -> list[Any]:
    """Paste the commands. Return the JSON documents that they print."""
    output = paste(shell, get_printed_commands(stack), ROOT, STACK_TIMEOUT)
    decoder, documents = json.JSONDecoder(), []
    while output := output.lstrip():
        document, end = decoder.raw_decode(output)
        documents.append(document)
        output = output[end:]
    return documents


@pytest.mark.slow
@pytest.mark.parametrize("shell", SHELLS)
def test_printed_commands_work_when_pasted(tmp_path: Path, shell: str) -> None:
    """They sign Jane up, confirm her, sign in, read and edit. In a second run they do not sign up again."""
    with start_stack(tmp_path) as first:
        _, confirmed, read, edited = paste_printed_commands(first, shell)
        assert (confirmed, read["name"], edited["name"]) == ({}, "Jane Roe", "Jane R. Roe")
        first.stop()
    with start_stack(tmp_path) as second:
        read, edited = paste_printed_commands(second, shell)
        assert read == edited


@pytest.mark.slow
def test_printed_commands_confirm_an_unconfirmed_user(tmp_path: Path) -> None:
    with start_stack(tmp_path) as first:
        sign_up, *_ = get_printed_commands(first).partition("cognito ConfirmSignUp")
        paste("bash", sign_up, ROOT, STACK_TIMEOUT)
        first.stop()
    with start_stack(tmp_path) as second:
        confirmed, read, _ = paste_printed_commands(second, "bash")
        assert (confirmed, read["name"]) == ({}, "Jane Roe")


def test_printed_commands_have_no_comments(stack: RunningStack) -> None:
    assert not re.search(r"(^|\s)#", get_printed_commands(stack), re.MULTILINE)
