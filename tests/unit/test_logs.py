import json
import logging
from typing import Any

import pytest
from botocore.exceptions import ClientError

from chalicelib import logs


def lines(capsys: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def test_an_event_is_one_json_line_with_its_context(capsys: pytest.CaptureFixture[str]) -> None:
    logs.configure("INFO")
    with logs.context(request_id="r-1"), logs.context(sub="s-1"):
        logs.event("profile created", version=1)
    logs.event("later")
    first, second = lines(capsys)
    assert first.pop("time").endswith("+00:00")
    assert first == {"level": "INFO", "message": "profile created", "request_id": "r-1", "sub": "s-1", "version": 1}
    assert "request_id" not in second


def test_an_exception_is_its_type_its_cause_and_its_place_never_its_message(
    capsys: pytest.CaptureFixture[str],
) -> None:
    try:
        try:
            raise ClientError({"Error": {"Code": "AccessDenied", "Message": "secret"}}, "PutItem")
        except ClientError as exc:
            raise ValueError("john@example.com") from exc
    except ValueError as exc:
        logs.failure("failed", exc)
    text = capsys.readouterr().out
    (line,) = map(json.loads, text.splitlines())
    assert (line["exception"], line["cause"]) == ("ValueError", "AccessDenied")
    assert line["stack"][0].startswith("test_logs.py:")
    assert "john@example.com" not in text
    assert "secret" not in text


def test_a_second_configuration_changes_the_level_and_doubles_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    logs.configure("INFO")
    logs.configure("ERROR")
    logs.event("quiet")
    logs.event("loud", logging.ERROR)
    logs.configure("INFO")
    assert [line["message"] for line in lines(capsys)] == ["loud"]
