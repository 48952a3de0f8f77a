import json
import logging
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from botocore.exceptions import ClientError

from chalicelib import logs


def lines(capsys: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def test_an_event_is_one_json_line_with_its_context(capsys: pytest.CaptureFixture[str]) -> None:
    with logs.context(request_id="r-1"), logs.context(sub="s-1"):
        logs.event("profile created", version=1)
    logs.event("later")
    first, second = lines(capsys)
    assert first.pop("timestamp").endswith("+00:00")
    assert first.pop("service") == "healthtech"
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
    assert line["exception_name"] == "ValueError"
    assert line["exception"].startswith("test_logs.py:")
    assert line["exception"].endswith("; caused by AccessDenied")
    assert "john@example.com" not in text
    assert "secret" not in text


def test_a_text_that_no_encoding_has_is_a_line_all_the_same(capsys: pytest.CaptureFixture[str]) -> None:
    logs.event("odd", said="\ud83d\u2028")
    (line,) = lines(capsys)
    assert line["said"] == "\ud83d\u2028"


def test_the_level_is_configured(capsys: pytest.CaptureFixture[str]) -> None:
    logs.configure("ERROR", "healthtech")
    logs.event("quiet")
    logs.event("loud", logging.ERROR)
    logs.configure("INFO", "healthtech")
    assert [line["message"] for line in lines(capsys)] == ["loud"]


def test_lines_of_concurrent_requests_keep_their_own_context(capsys: pytest.CaptureFixture[str]) -> None:
    ready = threading.Barrier(2)

    def request(number: str) -> None:
        with logs.context(request_id=number):
            ready.wait(5)
            logs.event("line", said_by=number)

    with ThreadPoolExecutor(2) as threads:
        list(threads.map(request, "ab"))
    assert all(line["request_id"] == line["said_by"] for line in lines(capsys))


def test_a_metric_is_a_line_in_the_embedded_format(capsys: pytest.CaptureFixture[str]) -> None:
    logs.configure("INFO", "healthtech-test")
    logs.count(logs.Metric.PROFILE_CREATED, 2)
    logs.configure("INFO", "healthtech")
    (line,) = lines(capsys)
    (described,) = line["_aws"]["CloudWatchMetrics"]
    assert described["Namespace"] == "HealthTech"
    assert described["Dimensions"] == [["service"]]
    assert described["Metrics"] == [{"Name": "ProfileCreated", "Unit": "Count"}]
    assert line["service"] == "healthtech-test"
    assert line["ProfileCreated"] == 2
