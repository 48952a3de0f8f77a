"""The operation that returns the documentation of the problem types."""

from typing import Any

from tools.openapi.operation_errors import COMMON_ERRORS
from tools.openapi.problem_responses import build_problem_references
from tools.openapi.responses import build_response


def describe_get_problems() -> dict[str, Any]:
    """Return the operation."""
    page = {"text/html": {"schema": {"type": "string"}}}
    return {
        "operationId": "get_problems",
        "summary": "Get the documentation of the problem types",
        "description": "Returns a page with one section per problem type. "
        "The `type` of a problem is the URL of its section.",
        "tags": ["problems"],
        "security": [],
        "responses": {
            "200": {**build_response("An HTML page."), "content": page},
            **build_problem_references(COMMON_ERRORS),
        },
    }
