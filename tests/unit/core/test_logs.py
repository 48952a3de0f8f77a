"""Log lines: their format and context, and no message of an exception in them."""

import json
import logging
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from chalicelib.core import logs
from tests.support.aws import client_error


def read_lines(capsys: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def test_event_is_one_json_line_with_its_context(capsys: pytest.CaptureFixture[str]) -> None:
    with logs.log_context(request_id="r-1"), logs.log_context(sub="s-1"):
        logs.event("profile created", version=1)
    logs.event("later")
    first, second = read_lines(capsys)
    assert first.pop("timestamp").endswith("+00:00")
    assert first.pop("service") == "healthtech"
    assert first == {"level": "INFO", "message": "profile created", "request_id": "r-1", "sub": "s-1", "version": 1}
    assert "request_id" not in second


def test_exception_is_logged_without_its_message(capsys: pytest.CaptureFixture[str]) -> None:
    """The line has the type, the cause and the position in the code instead."""
    access_denied = client_error("AccessDenied", message="secret")
    try:
        raise ValueError("john@example.com") from access_denied
    except ValueError as exc:
        logs.error("failed", exc)
    text = capsys.readouterr().out
    (line,) = map(json.loads, text.splitlines())
    assert line["exception_name"] == "ValueError"
    assert line["exception"].startswith("test_logs.py:")
    assert line["exception"].endswith("; caused by AccessDenied")
    assert "john@example.com" not in text
    assert "secret" not in text


def test_lone_surrogates_are_logged(capsys: pytest.CaptureFixture[str]) -> None:
    logs.event("odd", text="\ud83d\u2028")
    (line,) = read_lines(capsys)
    assert line["text"] == "\ud83d\u2028"


def test_level_below_the_configured_one_is_not_logged(capsys: pytest.CaptureFixture[str]) -> None:
    logs.configure("ERROR", "healthtech")
    logs.event("quiet")
    logs.event("loud", logging.ERROR)
    logs.configure("INFO", "healthtech")
    assert [line["message"] for line in read_lines(capsys)] == ["loud"]


def test_concurrent_requests_have_separate_contexts(capsys: pytest.CaptureFixture[str]) -> None:
    ready = threading.Barrier(2)

    def request(number: str) -> None:
        with logs.log_context(request_id=number):
            ready.wait(5)
            logs.event("line", logged_by=number)

    with ThreadPoolExecutor(2) as threads:
        list(threads.map(request, "ab"))
    assert all(line["request_id"] == line["logged_by"] for line in read_lines(capsys))
