"""The operations of deletion and export."""

from typing import Any, Final

from chalicelib.access.policy import MAX_SIGN_IN_AGE_SECONDS
from chalicelib.privacy.export import EXPORT_INTERVAL_SECONDS
from chalicelib.privacy.models import Export, ScheduledDeletion
from tools.openapi.authenticated_operation import build_authenticated_operation
from tools.openapi.examples import EXAMPLE_DELETION, EXAMPLE_EXPORT
from tools.openapi.operation_errors import (
    CANCEL_DELETION_ERRORS,
    DELETE_USER_ERRORS,
    EXPORT_ERRORS,
    GET_DELETION_ERRORS,
)
from tools.openapi.problem_responses import build_problem_references
from tools.openapi.responses import build_json_response, build_response

_RECENT_SIGN_IN: Final = (
    f"Requires a sign-in within the last {MAX_SIGN_IN_AGE_SECONDS // 60} minutes. A token refresh is not a sign-in."
)


def describe_delete_user() -> dict[str, Any]:
    """Return the operation that requests the deletion of the account."""
    return {
        **build_authenticated_operation(
            "delete_user",
            "Delete the caller's account",
            "Schedules the deletion of the account, the profile, the picture and the files, and revokes the user's "
            "tokens. The erasure starts at `erase_after`. Until then the user can sign in, read the profile, export "
            f"the data and cancel the deletion. The call is idempotent. {_RECENT_SIGN_IN}",
        ),
        "responses": {
            "202": build_json_response(
                "The deletion is scheduled.", ScheduledDeletion, EXAMPLE_DELETION, headers=("Location",)
            ),
            **build_problem_references(DELETE_USER_ERRORS),
        },
    }


def describe_get_deletion() -> dict[str, Any]:
    """Return the operation that reads the scheduled deletion."""
    return {
        **build_authenticated_operation(
            "get_deletion",
            "Get the scheduled deletion",
            "Returns when the account is erased, and the data that remains for some time. "
            "From the start of the erasure it returns 410.",
        ),
        "responses": {
            "200": build_json_response("The scheduled deletion.", ScheduledDeletion, EXAMPLE_DELETION),
            **build_problem_references(GET_DELETION_ERRORS),
        },
    }


def describe_delete_deletion() -> dict[str, Any]:
    """Return the operation that cancels the deletion."""
    return {
        **build_authenticated_operation(
            "delete_deletion",
            "Cancel the scheduled deletion",
            "The account remains. A deletion can be cancelled until the erasure starts.",
        ),
        "responses": {
            "204": build_response("The deletion is cancelled."),
            **build_problem_references(CANCEL_DELETION_ERRORS),
        },
    }


def describe_get_export() -> dict[str, Any]:
    """Return the operation that exports the data."""
    return {
        **build_authenticated_operation(
            "get_export",
            "Export the caller's data",
            "Returns all data of the user in this service as a file: account, profile, and links to the picture and "
            "the files. The file also describes how the data is processed. "
            f"At most one export in {EXPORT_INTERVAL_SECONDS} seconds. {_RECENT_SIGN_IN}",
        ),
        "responses": {
            "200": build_json_response(
                "All data of the user.", Export, EXAMPLE_EXPORT, headers=("Content-Disposition", "Repr-Digest")
            ),
            **build_problem_references(EXPORT_ERRORS),
        },
    }
