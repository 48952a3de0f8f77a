"""What the function that checks pictures may answer, and how the API takes it. AWS's answers, without AWS."""

import io
import json
from typing import Any

import pytest

from chalicelib.checking import Order, Outcome, PictureChecker
from chalicelib.errors import ApiError, BackendFailed, Unavailable

ORDER = Order(upload="uploads/u-1/1", picture="pictures/u-1/1/2")


class Lambda:
    """Answers as Lambda does."""

    def __init__(self, told: Any, error: str | None = None) -> None:
        self._answer = {"Payload": io.BytesIO(json.dumps(told).encode()), **({"FunctionError": error} if error else {})}

    def invoke(self, **_: Any) -> dict[str, Any]:
        return self._answer


def checked(told: Any, error: str | None = None) -> Outcome:
    return PictureChecker(Lambda(told, error), "check_picture").check(ORDER)  # type: ignore[arg-type]


def test_an_order_says_whose_it_is() -> None:
    assert ORDER.sub == "u-1"


@pytest.mark.parametrize("verdict", ["kept", "refused", "missing"])
def test_a_verdict_is_handed_on(verdict: str) -> None:
    assert checked({"verdict": verdict}).verdict == verdict


@pytest.mark.parametrize(
    ("told", "error", "raised"),
    [
        ({"verdict": "unavailable"}, None, Unavailable),
        ({"verdict": "failed"}, None, BackendFailed),
        # https://docs.aws.amazon.com/lambda/latest/dg/python-exceptions.html
        (
            {"errorType": "Sandbox.Timedout", "errorMessage": "RequestId: 1 Error: Task timed out"},
            "Unhandled",
            Unavailable,
        ),
        ({"errorMessage": "2026-11-23T10:00:00Z 1 Task timed out after 8.00 seconds"}, "Unhandled", Unavailable),
        ({"errorType": "Runtime.ExitError", "errorMessage": "signal: killed"}, "Unhandled", BackendFailed),
        ({"errorType": "ModuleNotFoundError", "errorMessage": "No module named 'PIL'"}, "Unhandled", BackendFailed),
    ],
)
def test_a_check_that_was_not_done_is_no_verdict(told: Any, error: str | None, raised: type[ApiError]) -> None:
    with pytest.raises(ApiError) as caught:
        checked(told, error)
    assert type(caught.value) is raised
