"""The operations of each path."""

from collections.abc import Callable
from typing import Any, Final

from chalicelib.api.middleware import HEAD, OPTIONS
from tools.openapi.file_operations import (
    describe_delete_file,
    describe_get_file,
    describe_get_file_content,
    describe_get_files,
    describe_patch_file,
    describe_post_file,
)
from tools.openapi.operation_errors import COMMON_ERRORS
from tools.openapi.picture_operations import (
    describe_delete_picture,
    describe_get_picture,
    describe_post_picture,
    describe_put_picture,
)
from tools.openapi.privacy_operations import (
    describe_delete_deletion,
    describe_delete_user,
    describe_get_deletion,
    describe_get_export,
)
from tools.openapi.problem_responses import build_problem_references, build_problem_responses
from tools.openapi.problem_type_operations import describe_get_problems
from tools.openapi.profile_operations import describe_get_user, describe_patch_user, describe_put_user
from tools.openapi.responses import build_response

# Path -> method -> function that returns the operation. HEAD and OPTIONS are derived.
_OPERATIONS: Final[dict[str, dict[str, Callable[[], dict[str, Any]]]]] = {
    "/users/{user_id}": {
        "GET": describe_get_user,
        "PUT": describe_put_user,
        "PATCH": describe_patch_user,
        "DELETE": describe_delete_user,
    },
    "/users/{user_id}/deletion": {"GET": describe_get_deletion, "DELETE": describe_delete_deletion},
    "/users/{user_id}/export": {"GET": describe_get_export},
    "/users/{user_id}/picture": {
        "POST": describe_post_picture,
        "PUT": describe_put_picture,
        "GET": describe_get_picture,
        "DELETE": describe_delete_picture,
    },
    "/users/{user_id}/files": {"POST": describe_post_file, "GET": describe_get_files},
    "/users/{user_id}/files/{file_id}": {
        "GET": describe_get_file,
        "PATCH": describe_patch_file,
        "DELETE": describe_delete_file,
    },
    "/users/{user_id}/files/{file_id}/content": {"GET": describe_get_file_content},
    "/problems": {"GET": describe_get_problems},
}


def build_operation(path: str, method: str) -> dict[str, Any]:
    """Return the operation. Raises KeyError if it has no description."""
    if method == OPTIONS:
        return _describe_options(path)
    if method == HEAD:
        return _describe_head(_OPERATIONS[path]["GET"]())
    return _OPERATIONS[path][method]()


def _describe_options(path: str) -> dict[str, Any]:
    headers = ("Allow", "Accept-Patch") if "PATCH" in _OPERATIONS[path] else ("Allow",)
    name = path.replace("/{user_id}", "").replace("{file_id}", "file").strip("/").replace("/", "_")
    return {
        "operationId": f"options_{name}",
        "summary": "List the methods of this resource",
        "description": "Returns the supported methods in `Allow`. Browsers send this request as a CORS preflight.",
        "tags": [path.split("/")[1]],
        "security": [],
        "responses": {
            "204": build_response("The supported methods.", *headers),
            **build_problem_references(COMMON_ERRORS),
        },
    }


def _describe_head(get: dict[str, Any]) -> dict[str, Any]:
    responses = {status: _resolve_ref(response) for status, response in get["responses"].items()}
    return {
        **get,
        "operationId": get["operationId"].replace("get", "head"),
        "summary": f"{get['summary']}: headers only",
        "description": "Returns the headers of the GET response, without a body.",
        "responses": {
            status: {name: part for name, part in response.items() if name != "content"}
            for status, response in responses.items()
        },
    }


def _resolve_ref(response: dict[str, Any]) -> dict[str, Any]:
    if "$ref" not in response:
        return response
    resolved: dict[str, Any] = build_problem_responses()[response["$ref"].rpartition("/")[2]]
    return resolved
