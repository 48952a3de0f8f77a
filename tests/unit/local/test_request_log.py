"""Requests of clients to the embedded AWS are logged with the reason of a rejection, without personal data."""

import asyncio
import json
from typing import Any

import pytest

from chalicelib.core.errors import ApiError, FieldError, Forbidden, ServiceUnavailable, UnprocessableContent
from local.request_log import find_rejection_reason, log_client_requests

UPLOAD_FORM = {"content-type": "multipart/form-data; boundary=x"}
REJECTED_SIGN_UP = {
    "__type": "UserLambdaValidationException",
    "message": "PreSignUp failed with error name is required.",
}


def target_header(operation: str) -> dict[str, str]:
    return {"x-amz-target": f"AWSCognitoIdentityProviderService.{operation}"}


def log_request(
    headers: dict[str, str],
    response: Any,
    capsys: pytest.CaptureFixture[str],
    *,
    status: int = 200,
    method: str = "POST",
    path: str = "/",
    query: str = "",
) -> dict[str, Any] | None:
    """Return the log line of a request with this response, or None."""
    body = response if isinstance(response, bytes) else json.dumps(response).encode()
    messages: list[dict[str, Any]] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": status, "headers": []})
        await send({"type": "http.response.body", "body": body[:5], "more_body": True})
        await send({"type": "http.response.body", "body": body[5:]})

    async def send(message: dict[str, Any]) -> None:
        messages.append(message)

    scope = {
        "type": "http", "method": method, "path": path, "query_string": query.encode(),
        "headers": [(name.encode(), text.encode()) for name, text in headers.items()],
    }  # fmt: skip
    asyncio.run(log_client_requests(app)(scope, None, send))
    assert b"".join(message.get("body", b"") for message in messages) == body
    line = capsys.readouterr().out
    if not line:
        return None
    event = {**json.loads(line), "ms": 0}
    assert event.pop("call_id")
    return event


@pytest.mark.parametrize(
    ("operation", "response", "note"),
    [
        ("SignUp", {"UserSub": "2df44964"}, "user 2df44964"),
        ("InitiateAuth", {"ChallengeName": "PASSWORD_VERIFIER", "Session": "s"}, "challenge PASSWORD_VERIFIER"),
        ("RespondToAuthChallenge", {"AuthenticationResult": {"IdToken": "eyJ"}}, "tokens issued"),
    ],
)
def test_public_operation_is_logged(
    capsys: pytest.CaptureFixture[str], operation: str, response: Any, note: str
) -> None:
    expected = {"request": f"Cognito {operation}", "status": 200, "ms": 0, "note": note}
    assert log_request(target_header(operation), response, capsys) == expected


def test_rejection_by_a_trigger_is_logged_with_its_text(capsys: pytest.CaptureFixture[str]) -> None:
    line = log_request(target_header("SignUp"), REJECTED_SIGN_UP, capsys, status=400)
    assert line is not None
    assert line["note"] == "UserLambdaValidationException: PreSignUp failed with error name is required."


def test_error_with_a_fixed_text_is_logged_with_it(capsys: pytest.CaptureFixture[str]) -> None:
    error = {"__type": "com.amazonaws#UserNotConfirmedException", "message": "User is not confirmed."}
    line = log_request(target_header("RespondToAuthChallenge"), error, capsys, status=400)
    assert line is not None
    assert line["note"] == "UserNotConfirmedException: User is not confirmed."


def test_error_text_that_may_have_a_value_is_not_logged(capsys: pytest.CaptureFixture[str]) -> None:
    error = {"__type": "InvalidParameterException", "message": "Value 'mary' at 'username' failed"}
    line = log_request(target_header("SignUp"), error, capsys, status=400)
    assert line is not None
    assert line["note"] == "InvalidParameterException"


def test_rejected_upload_is_logged_with_the_code_of_s3(capsys: pytest.CaptureFixture[str]) -> None:
    response = b"<Error><Code>EntityTooLarge</Code></Error>"
    expected = {"request": "S3 POST /pictures", "status": 400, "ms": 0, "note": "EntityTooLarge"}
    assert log_request(UPLOAD_FORM, response, capsys, status=400, path="/pictures") == expected


def test_presigned_download_is_logged_without_its_query(capsys: pytest.CaptureFixture[str]) -> None:
    query = "X-Amz-Credential=a&X-Amz-Signature=b"
    line = log_request({}, b"picture", capsys, method="GET", path="/pictures/1", query=query)
    assert line == {"request": "S3 GET /pictures/1", "status": 200, "ms": 0}


@pytest.mark.parametrize(
    ("method", "headers"),
    [
        ("POST", {**target_header("AdminGetUser"), "authorization": "AWS4-HMAC-SHA256 Credential=a"}),
        ("OPTIONS", target_header("SignUp")),
        ("GET", {}),
    ],
    ids=["signed", "preflight", "other"],
)
def test_other_requests_are_not_logged(
    capsys: pytest.CaptureFixture[str], method: str, headers: dict[str, str]
) -> None:
    assert log_request(headers, {}, capsys, method=method) is None


def problem_body(error: ApiError) -> str:
    return json.dumps(error.to_problem("request-1", "/problems"))


def validation_body(*errors: tuple[str, str]) -> str:
    return problem_body(UnprocessableContent(errors=[FieldError(pointer, detail) for pointer, detail in errors]))


@pytest.mark.parametrize(
    ("status", "body", "reason"),
    [
        (422, validation_body(("/name", "is required"), ("/dob", "is wrong")), "/name is required; /dob is wrong"),
        (404, '{"Code": "NotFoundError", "Message": "NotFoundError"}', ""),
        (404, "[]", ""),
        (422, validation_body(("", "must be a JSON object")), "the body must be a JSON object"),
        (403, problem_body(Forbidden()), "You can only access your own data."),
        (401, json.dumps({"detail": "A token is required.", "reason": "It has expired."}), "It has expired."),
        (404, "", ""),
        (400, "not from the application", ""),
        (200, '{"name": "Mary", "detail": "Mary"}', ""),
        (503, problem_body(ServiceUnavailable()), ""),
    ],
    ids=["fields", "chalice", "list", "body", "detail", "token", "head", "text", "success", "fault"],
)
def test_reason_of_a_rejection_is_found(status: int, body: str, reason: str) -> None:
    assert find_rejection_reason(status, body) == reason


def test_reason_with_many_errors_is_shortened() -> None:
    reason = find_rejection_reason(422, validation_body(*((f"/{number:0>1000}", "is wrong") for number in range(100))))
    assert reason.endswith("; and 95 more")
    assert len(reason) < 600


def send_cognito_request(messages: list[dict[str, Any]], headers: list[tuple[bytes, bytes]]) -> list[Any]:
    """Send a request to a logging application, and return the messages that the application has received."""
    received: list[Any] = []
    rest = list(messages)

    async def receive() -> Any:
        return rest.pop(0)

    async def app(scope: Any, receive: Any, send: Any) -> None:
        received.extend([await receive() for _ in messages])
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"{}"})

    async def send(message: Any) -> None:
        pass

    scope = {"type": "http", "method": "POST", "path": "/", "query_string": b"", "headers": headers}
    asyncio.run(log_client_requests(app, lambda body: body.decode())(scope, receive, send))
    return received


def test_user_of_the_body_is_logged(capsys: pytest.CaptureFixture[str]) -> None:
    messages: list[dict[str, Any]] = [
        {"type": "http.request", "body": b"su", "more_body": True},
        {"type": "http.request", "body": b"b-1"},
        {"type": "http.disconnect"},
    ]
    headers = [(name.encode(), text.encode()) for name, text in target_header("ConfirmSignUp").items()]
    assert send_cognito_request(messages, headers) == messages
    assert json.loads(capsys.readouterr().out)["sub"] == "sub-1"
