import pytest

from chalicelib.errors import ApiError, FieldError, Invalid, MethodNotAllowed, Unavailable


def concrete(kind: type[ApiError]) -> list[ApiError]:
    """An error of this class and of each one below it, without those of `chalice local`."""
    own: ApiError = kind(["GET", "PUT"]) if kind is MethodNotAllowed else kind()
    children = [child for child in kind.__subclasses__() if child.__module__.startswith("chalicelib.")]
    return [own, *(error for child in children for error in concrete(child))]


@pytest.mark.parametrize("error", concrete(ApiError), ids=lambda error: type(error).__name__)
def test_every_error_is_a_problem_detail(error: ApiError) -> None:
    problem = error.problem("request-1", "https://api.example.com/problems")
    assert problem["type"] == f"https://api.example.com/problems#{error.slug}"
    assert problem["status"] == error.status
    assert problem["title"] == error.title
    assert problem["detail"].endswith(".")
    assert problem["request_id"] == "request-1"
    assert "errors" not in problem


def test_an_invalid_body_names_its_fields() -> None:
    problem = Invalid(errors=[FieldError("/dob", "is required")]).problem("", "")
    assert problem["errors"] == [{"pointer": "/dob", "detail": "is required"}]


def test_headers_tell_what_the_status_asks_for() -> None:
    assert MethodNotAllowed(["GET", "PUT"]).headers == {"Allow": "GET, PUT"}
    assert Unavailable().headers == {"Retry-After": "1"}
