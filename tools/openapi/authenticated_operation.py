"""The common parts of operations that require an ID token."""

from collections.abc import Sequence
from typing import Any

from pydantic import BaseModel

from chalicelib.api.parsing import JSON_MEDIA_TYPE
from tools.openapi.references import schema_ref


def build_authenticated_operation(operation_id: str, summary: str, description: str) -> dict[str, Any]:
    """Return an operation that requires an ID token, without parameters, body and responses."""
    return {
        "operationId": operation_id,
        "summary": summary,
        "description": description,
        "tags": ["users"],
        "security": [{"idToken": []}],
    }


def build_request_body(
    model: type[BaseModel],
    example: Any,
    *,
    example_name: str = "example",
    media_types: Sequence[str] = (JSON_MEDIA_TYPE,),
) -> dict[str, Any]:
    """Return a required request body."""
    content = {"schema": schema_ref(model), "examples": {example_name: {"value": example}}}
    return {"required": True, "content": dict.fromkeys(media_types, content)}
