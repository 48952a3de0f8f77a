"""The operations of a profile."""

from collections.abc import Sequence
from typing import Any

from pydantic import BaseModel

from chalicelib.api.parsing import JSON_MEDIA_TYPE, PATCH_MEDIA_TYPES
from chalicelib.profiles.models import EDITABLE_FIELDS, ProfilePatch, ProfileReplacement
from tools.openapi.authenticated_operation import build_authenticated_operation, build_request_body
from tools.openapi.examples import EXAMPLE_PROFILE
from tools.openapi.operation_errors import READ_ERRORS, WRITE_ERRORS
from tools.openapi.problem_responses import build_problem_references
from tools.openapi.references import ref
from tools.openapi.responses import build_profile_response, build_response


def describe_get_user() -> dict[str, Any]:
    """Return the operation that reads the profile."""
    return {
        **build_authenticated_operation(
            "get_user",
            "Get the caller's profile",
            "Fields without a value are null. A profile that does not exist yet is created from the user pool.",
        ),
        "parameters": [ref("parameters", "If-Match"), ref("parameters", "If-None-Match")],
        "responses": {
            "200": build_profile_response("The profile."),
            "304": build_response("If-None-Match matches the current version.", "ETag", "Content-Location"),
            **build_problem_references(READ_ERRORS),
        },
    }


def describe_put_user() -> dict[str, Any]:
    """Return the operation that replaces the profile."""
    return _build_update_operation(
        "put_user",
        "Replace the editable fields",
        "All editable fields are required. `null` erases dob, gender and blood_group. name cannot be erased. "
        "Read-only fields are optional. Their values must be those that GET returned. "
        "If no value changes, the version does not change.",
        ProfileReplacement,
        {name: EXAMPLE_PROFILE[name] for name in EDITABLE_FIELDS},
    )


def describe_patch_user() -> dict[str, Any]:
    """Return the operation that updates single fields of the profile."""
    return _build_update_operation(
        "patch_user",
        "Update some of the editable fields",
        "The body is a JSON Merge Patch (RFC 7396), with either of the two media types. "
        "`null` erases dob, gender and blood_group. name cannot be erased.",
        ProfilePatch,
        {"name": "John Doe"},
        PATCH_MEDIA_TYPES,
    )


def _build_update_operation(
    operation_id: str,
    summary: str,
    description: str,
    model: type[BaseModel],
    example: Any,
    media_types: Sequence[str] = (JSON_MEDIA_TYPE,),
) -> dict[str, Any]:
    # If-None-Match is documented for reads only. The server also evaluates it for writes (RFC 9110, section 13.1.2),
    # but clients have no use for it there.
    return {
        **build_authenticated_operation(operation_id, summary, description),
        "parameters": [ref("parameters", "If-Match")],
        "requestBody": build_request_body(model, example, example_name="edit", media_types=media_types),
        "responses": {
            "200": build_profile_response("The updated profile."),
            **build_problem_references(WRITE_ERRORS),
        },
    }
