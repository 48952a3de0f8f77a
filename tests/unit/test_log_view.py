import json
from collections.abc import Mapping

import pytest

from local.log_view import LogView

REQUEST = {"request": "GET /users/me", "status": 401, "ms": 1.5, "note": "The token has expired."}
PROBLEM = {"level": "WARNING", "message": "sign-up refused"}


def shown(view: LogView, event: Mapping[str, object], capsys: pytest.CaptureFixture[str]) -> str:
    view(json.dumps(event) + "\n")
    out, err = capsys.readouterr()
    return out + err


@pytest.mark.parametrize("line", ["", "text", "5", "null", "[]", '"text"', "{}", '{"message":"request"}', "{"])
def test_other_lines_are_not_shown(line: str, capsys: pytest.CaptureFixture[str]) -> None:
    view = LogView()
    view.live = True
    view(line + "\n")
    assert capsys.readouterr() == ("", "")


def test_a_request_is_shown_with_its_note(capsys: pytest.CaptureFixture[str]) -> None:
    view = LogView()
    view.live = True
    assert shown(view, REQUEST, capsys) == "  401  GET /users/me  1.5 ms  The token has expired.\n"


def test_control_characters_of_a_request_are_escaped(capsys: pytest.CaptureFixture[str]) -> None:
    """A terminal obeys them."""
    view = LogView()
    view.live = True
    line = shown(view, {**REQUEST, "request": "GET /\x1b[2J", "note": "/\x07 is not a known field"}, capsys)
    assert line == "  401  GET /\\x1b[2J  1.5 ms  /\\x07 is not a known field\n"


def test_requests_are_not_shown_before_it_is_live(capsys: pytest.CaptureFixture[str]) -> None:
    assert shown(LogView(), REQUEST, capsys) == ""


@pytest.mark.parametrize("is_live", [True, False])
def test_a_problem_is_shown_at_any_time(capsys: pytest.CaptureFixture[str], is_live: bool) -> None:
    view = LogView()
    view.live = is_live
    assert "sign-up refused" in shown(view, PROBLEM, capsys)
