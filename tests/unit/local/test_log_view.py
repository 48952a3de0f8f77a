"""Log lines that `make run` shows in its console."""

import json
from collections.abc import Mapping

import pytest

from local.log_view import LogView

REQUEST = {"request": "GET /users/me", "status": 401, "ms": 1.5, "note": "The token has expired."}
PROBLEM = {"level": "WARNING", "message": "botocore is not tuned"}


def show(view: LogView, event: Mapping[str, object], capsys: pytest.CaptureFixture[str]) -> str:
    """Return the output of the console for a log line."""
    view(json.dumps(event) + "\n")
    out, err = capsys.readouterr()
    return out + err


@pytest.mark.parametrize("line", ["", "text", "5", "null", "[]", '"text"', "{}", '{"message":"request"}', "{"])
def test_other_lines_are_not_shown(line: str, capsys: pytest.CaptureFixture[str]) -> None:
    view = LogView()
    view.show_requests = True
    view(line + "\n")
    assert capsys.readouterr() == ("", "")


def test_request_is_shown_with_its_note(capsys: pytest.CaptureFixture[str]) -> None:
    view = LogView()
    view.show_requests = True
    assert show(view, REQUEST, capsys) == "  401  GET /users/me  1.5 ms  The token has expired.\n"


def test_control_characters_of_a_request_are_escaped(capsys: pytest.CaptureFixture[str]) -> None:
    """A terminal would interpret them."""
    view = LogView()
    view.show_requests = True
    line = show(view, {**REQUEST, "request": "GET /\x1b[2J", "note": "/\x07 is not a known field"}, capsys)
    assert line == "  401  GET /\\x1b[2J  1.5 ms  /\\x07 is not a known field\n"


def test_requests_before_the_view_is_live_are_not_shown(capsys: pytest.CaptureFixture[str]) -> None:
    assert show(LogView(), REQUEST, capsys) == ""


@pytest.mark.parametrize("is_live", [True, False])
def test_problem_is_shown_also_before_the_view_is_live(capsys: pytest.CaptureFixture[str], is_live: bool) -> None:
    view = LogView()
    view.show_requests = is_live
    assert "botocore is not tuned" in show(view, PROBLEM, capsys)


@pytest.mark.parametrize("message", ["file rejected", "picture rejected", "sign-up rejected"])
def test_rejection_of_a_client_input_is_not_shown(message: str, capsys: pytest.CaptureFixture[str]) -> None:
    view = LogView()
    view.show_requests = True
    assert show(view, {"level": "WARNING", "message": message}, capsys) == ""
