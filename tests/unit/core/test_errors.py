"""Errors as problem details (RFC 9457)."""

import pytest

from chalicelib.core.errors import ApiError, FieldError, MethodNotAllowed, ServiceUnavailable, UnprocessableContent


def list_errors(error_class: type[ApiError]) -> list[ApiError]:
    """Return an error of each subclass, without those of `chalice local`."""
    children = [child for child in error_class.__subclasses__() if child.__module__.startswith("chalicelib.")]
    errors = [child(["GET", "PUT"]) if child is MethodNotAllowed else child() for child in children]
    return [*errors, *(error for child in children for error in list_errors(child))]


@pytest.mark.parametrize("error", list_errors(ApiError), ids=lambda error: type(error).__name__)
def test_every_error_is_a_problem_detail(error: ApiError) -> None:
    problem = error.to_problem("request-1", "https://api.example.com/problems")
    assert problem["type"] == f"https://api.example.com/problems#{error.slug}"
    assert problem["status"] == error.status
    assert problem["title"] == error.title
    assert problem["detail"].endswith(".")
    assert problem["request_id"] == "request-1"
    assert "errors" not in problem


def test_problem_of_invalid_body_names_its_fields() -> None:
    problem = UnprocessableContent(errors=[FieldError("/dob", "is required")]).to_problem("", "")
    assert problem["errors"] == [{"pointer": "/dob", "detail": "is required"}]


def test_errors_have_the_headers_of_their_status() -> None:
    assert MethodNotAllowed(["GET", "PUT"]).headers == {"Allow": "GET, PUT"}
    assert ServiceUnavailable().headers == {"Retry-After": "1"}
