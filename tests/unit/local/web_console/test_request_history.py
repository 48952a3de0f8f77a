"""The history of requests, from the log lines of the API and the embedded AWS."""

import json
from typing import Any

import pytest

from local.web_console.request_history import MAX_PREFLIGHTS, MAX_REQUESTS, RequestHistory

SUB = "3213c074-a82e-4d70-997d-b4aaf6c6ad6a"


class Changes:
    count = 0

    def __call__(self) -> None:
        self.count += 1


@pytest.fixture
def changes() -> Changes:
    return Changes()


@pytest.fixture
def history(changes: Changes) -> RequestHistory:
    return RequestHistory(changes)


def api_line(request: str = "GET /users/me", status: int = 200, **values: Any) -> str:
    return json.dumps({"request": request, "status": status, "ms": 1.5, "request_id": "id-1", **values}) + "\n"


def test_request_has_its_log_lines_and_its_user(history: RequestHistory, changes: Changes) -> None:
    log_line = {"level": "INFO", "message": "request", "request_id": "id-1", "sub": SUB}
    history.read_api_line(json.dumps(log_line))
    history.read_api_line(json.dumps({**log_line, "request_id": "id-2", "sub": "other"}))
    history.read_api_line(api_line())
    (entry,) = history.list_entries()
    assert (entry["method"], entry["path"], entry["status"], entry["sub"]) == ("GET", "/users/me", 200, SUB)
    assert entry["lines"] == [log_line]
    assert changes.count == 1


def test_problem_and_fault_are_shown(history: RequestHistory) -> None:
    problem = {"type": "x#unavailable", "status": 503, "detail": "Try again."}
    history.read_api_line(api_line(status=503, problem=problem, fault="unavailable", note="Try again."))
    (entry,) = history.list_entries()
    assert (entry["problem"], entry["fault"], entry["note"]) == (problem, "unavailable", "Try again.")


def test_requests_of_the_console_are_left_out(history: RequestHistory) -> None:
    history.read_api_line(api_line(console=True))
    assert history.list_entries() == []


def test_user_of_a_path_or_a_note_is_found(history: RequestHistory) -> None:
    history.read_api_line(api_line(f"GET /users/{SUB}", 403))
    history.read_aws_line(json.dumps({"request": "Cognito SignUp", "status": 200, "ms": 9, "note": f"user {SUB}"}))
    assert [entry["sub"] for entry in history.list_entries()] == [SUB, SUB]


def test_requests_to_cognito_and_s3_have_their_operation(history: RequestHistory) -> None:
    history.read_aws_line(json.dumps({"request": "Cognito SignUp", "status": 400, "ms": 9}))
    history.read_aws_line(json.dumps({"request": "S3 POST /bucket", "status": 204, "ms": 9}))
    upload, sign_up = history.list_entries()
    assert (sign_up["source"], sign_up["method"], sign_up["path"]) == ("cognito", "SignUp", "")
    assert (upload["source"], upload["method"], upload["path"]) == ("s3", "POST", "/bucket")


def test_function_has_the_lines_before_its_summary(history: RequestHistory) -> None:
    log_line = {"level": "INFO", "message": "profile created", "sub": SUB}
    summary = {"message": "function ran", "function": "healthtech-local-post_confirmation", "ms": 8, "error": False}
    for line in (log_line, {"_aws": {}, "ProfileCreated": 1}, summary, {**summary, "error": True}):
        history.read_aws_line(json.dumps(line))
    failed, succeeded = history.list_entries()
    assert (succeeded["method"], succeeded["path"]) == ("INVOKE", "post_confirmation")
    assert (succeeded["lines"], succeeded["sub"]) == ([log_line], SUB)
    assert (failed["status"], failed["lines"]) == (500, [])


def function_line(function: str = "pre_sign_up", **values: Any) -> str:
    name = f"healthtech-local-{function}"
    return json.dumps({"message": "function ran", "function": name, "ms": 8, "error": False, **values})


def cognito_line(operation: str = "SignUp", **values: Any) -> str:
    return json.dumps({"request": f"Cognito {operation}", "status": 200, "ms": 9, **values})


def test_function_has_its_request_id(history: RequestHistory) -> None:
    history.read_aws_line(function_line(request_id="id-1"))
    assert history.list_entries()[0]["request_id"] == "id-1"


def test_user_of_a_sign_up_is_that_of_its_trigger(history: RequestHistory) -> None:
    history.read_aws_line(function_line(call_id="call-1"))
    history.read_aws_line(function_line(call_id="call-2"))
    history.read_aws_line(cognito_line(note=f"user {SUB}", call_id="call-1"))
    assert [entry["sub"] for entry in history.list_entries()] == [SUB, None, SUB]


def test_upload_has_the_user_of_the_function_that_follows(history: RequestHistory) -> None:
    history.read_aws_line(json.dumps({"request": "S3 POST /bucket", "status": 204, "ms": 9, "call_id": "call-1"}))
    history.read_aws_line(json.dumps({"message": "file available", "sub": SUB}))
    history.read_aws_line(function_line("check_file", call_id="call-1"))
    assert [entry["sub"] for entry in history.list_entries()] == [SUB, SUB]


def test_request_has_the_user_in_its_line(history: RequestHistory) -> None:
    history.read_aws_line(cognito_line("ConfirmSignUp", sub=SUB))
    assert history.list_entries()[0]["sub"] == SUB


def test_sign_up_rejected_for_its_input_has_status_400(history: RequestHistory) -> None:
    history.read_aws_line(json.dumps({"level": "WARNING", "message": "sign-up rejected", "sub": ""}))
    history.read_aws_line(function_line(error=True))
    (entry,) = history.list_entries()
    assert (entry["status"], entry["sub"]) == (400, None)


def test_functions_of_the_console_are_left_out(history: RequestHistory) -> None:
    history.read_aws_line(json.dumps({"message": "profile created", "sub": SUB}))
    history.read_aws_line(function_line(console=True))
    history.read_aws_line(function_line())
    (entry,) = history.list_entries()
    assert entry["lines"] == []


def test_preflights_take_no_places_of_other_requests(history: RequestHistory) -> None:
    history.read_api_line(api_line("GET /users/first"))
    for _ in range(MAX_PREFLIGHTS + 5):
        history.read_api_line(api_line("OPTIONS /users/me"))
    history.read_api_line(api_line("GET /users/last"))
    paths = [entry["path"] for entry in history.list_entries()]
    assert (paths[0], paths[-1], len(paths)) == ("/users/last", "/users/first", MAX_PREFLIGHTS + 2)
    history.clear()
    assert history.list_entries() == []


@pytest.mark.parametrize("line", ["Serving on http://127.0.0.1:8000", "[1]", "", '{"level": "INFO"}', "{"])
def test_other_lines_are_ignored(history: RequestHistory, line: str) -> None:
    history.read_api_line(line)
    history.read_aws_line(line)
    assert history.list_entries() == []


def test_only_the_last_requests_are_stored(history: RequestHistory) -> None:
    for number in range(MAX_REQUESTS + 5):
        history.read_api_line(api_line(f"GET /users/{number}"))
    entries = history.list_entries()
    assert len(entries) == MAX_REQUESTS
    assert entries[0]["path"] == f"/users/{MAX_REQUESTS + 4}"
    history.clear()
    assert history.list_entries() == []
