"""The operations of files."""

from typing import Any, Final

from chalicelib.api.parsing import PATCH_MEDIA_TYPES
from chalicelib.files.models import CreatedFile, CreateFileRequest, File, FileContent, FilePage, FilePatch
from tools.openapi.authenticated_operation import build_authenticated_operation, build_request_body
from tools.openapi.examples import (
    EXAMPLE_BUCKET_URL,
    EXAMPLE_CREATE_FILE,
    EXAMPLE_FILE,
    EXAMPLE_FILE_CONTENT,
    EXAMPLE_FILE_ID,
    EXAMPLE_SUB,
)
from tools.openapi.operation_errors import (
    CREATE_FILE_ERRORS,
    DELETE_FILE_ERRORS,
    GET_FILE_CONTENT_ERRORS,
    GET_FILE_ERRORS,
    LIST_FILES_ERRORS,
    UPDATE_FILE_ERRORS,
)
from tools.openapi.problem_responses import build_problem_references
from tools.openapi.references import ref
from tools.openapi.responses import build_json_response, build_response

_VERSION_HEADERS: Final = ("ETag", "Content-Location")
_EXAMPLE_CREATED_FILE: Final = {
    **EXAMPLE_FILE,
    "status": "awaiting-upload",
    "updated_at": EXAMPLE_FILE["created_at"],
    "version": 1,
    "upload": {
        "url": EXAMPLE_BUCKET_URL,
        "fields": {
            "Content-Type": EXAMPLE_FILE["content_type"],
            "x-amz-checksum-algorithm": "SHA256",
            "x-amz-checksum-sha256": "n4bQgYhMfWWaL+qgxVrQFaO/TxsrC4Is0V1sFbDwCgg=",
            "key": f"files/{EXAMPLE_SUB}/{EXAMPLE_FILE_ID}",
            "policy": "eyJleHBpcmF0aW9uIjogIjIwMjYtMTEtMjRUMjI6MTM6MDNaIn0=",
            "x-amz-algorithm": "AWS4-HMAC-SHA256",
            "x-amz-credential": "ASIAEXAMPLE/20261124/us-east-1/s3/aws4_request",
            "x-amz-date": "20261124T215803Z",
            "x-amz-signature": "0" * 64,
        },
        "expires_at": "2026-11-24T22:13:03.000Z",
        "limits": {
            "content_type": EXAMPLE_FILE["content_type"],
            "min_bytes": EXAMPLE_FILE["size"],
            "max_bytes": EXAMPLE_FILE["size"],
        },
    },
}
_EXAMPLE_PAGE: Final = {
    "items": [EXAMPLE_FILE],
    "next_cursor": None,
    "quota": {"bytes": EXAMPLE_FILE["size"], "bytes_max": 1_073_741_824, "files": 1, "files_max": 200},
}


def describe_post_file() -> dict[str, Any]:
    """Return the operation that creates a file."""
    return {
        **build_authenticated_operation(
            "post_file",
            "Create a file",
            "Reserves the size of the file in the quota, and returns a presigned POST for the content. Send all "
            "`fields` of `upload`, and then the file as `file`, to its `url` as multipart/form-data before "
            "`expires_at`. S3 accepts exactly the type, size and checksum of the request. After the upload the file is "
            "checked. Read it until its status is `available` or `rejected`. If the content does not arrive within 30 "
            "minutes, the file is deleted. The quota no longer counts a file when it is deleted, rejected or not "
            "uploaded in time.",
        ),
        "requestBody": build_request_body(CreateFileRequest, EXAMPLE_CREATE_FILE),
        "responses": {
            "201": build_json_response(
                "The file with its upload form.",
                CreatedFile,
                _EXAMPLE_CREATED_FILE,
                headers=("ETag", "Location"),
            ),
            **build_problem_references(CREATE_FILE_ERRORS),
        },
    }


def describe_get_files() -> dict[str, Any]:
    """Return the operation that lists the files."""
    return {
        **build_authenticated_operation(
            "get_files",
            "List the caller's files",
            "Returns the files, newest first, and the quota. Send `next_cursor` as `cursor` to get the next page. A "
            "file that is created between two requests is not on a later page, and no file is listed twice.",
        ),
        "parameters": [ref("parameters", "limit"), ref("parameters", "cursor")],
        "responses": {
            "200": build_json_response("A page of files.", FilePage, _EXAMPLE_PAGE),
            **build_problem_references(LIST_FILES_ERRORS),
        },
    }


def describe_get_file() -> dict[str, Any]:
    """Return the operation that reads a file."""
    return {
        **build_authenticated_operation(
            "get_file",
            "Get a file",
            "Returns name, type, size, category and status. While the status is `awaiting-upload` or `scanning`, "
            "`Retry-After` is the time after which to read the file again.",
        ),
        "parameters": [ref("parameters", "If-Match"), ref("parameters", "If-None-Match")],
        "responses": {
            "200": _build_file_response("The file.", "Retry-After"),
            "304": build_response("If-None-Match matches the current version.", *_VERSION_HEADERS, "Retry-After"),
            **build_problem_references(GET_FILE_ERRORS),
        },
    }


def describe_get_file_content() -> dict[str, Any]:
    """Return the operation that returns a link to the content."""
    return {
        **build_authenticated_operation(
            "get_file_content",
            "Get a URL of a file's content",
            "The URL is valid for five minutes. It downloads the content as an attachment with the file's name and "
            "type. A name without an extension of the type gets one: `report.hta` of the type `text/plain` is saved as "
            "`report.hta.txt`. Only a file with the status `available` has one.",
        ),
        "responses": {
            "200": build_json_response("The URL of the content.", FileContent, EXAMPLE_FILE_CONTENT),
            **build_problem_references(GET_FILE_CONTENT_ERRORS),
        },
    }


def describe_patch_file() -> dict[str, Any]:
    """Return the operation that changes name or category."""
    return {
        **build_authenticated_operation(
            "patch_file",
            "Change the name or category of a file",
            "The body is a JSON Merge Patch (RFC 7396), with either of the two media types. The content cannot be "
            "changed. If no value changes, the version does not change.",
        ),
        "parameters": [ref("parameters", "If-Match")],
        "requestBody": build_request_body(
            FilePatch, {"name": "Blood test.pdf"}, example_name="edit", media_types=PATCH_MEDIA_TYPES
        ),
        "responses": {
            "200": _build_file_response("The updated file."),
            **build_problem_references(UPDATE_FILE_ERRORS),
        },
    }


def describe_delete_file() -> dict[str, Any]:
    """Return the operation that deletes a file."""
    return {
        **build_authenticated_operation(
            "delete_file",
            "Delete a file",
            "Deletes the file with its content. The quota no longer counts it. A repeated request returns 404.",
        ),
        "parameters": [ref("parameters", "If-Match")],
        "responses": {
            "204": build_response("The file is deleted."),
            **build_problem_references(DELETE_FILE_ERRORS),
        },
    }


def _build_file_response(description: str, *headers: str) -> dict[str, Any]:
    return build_json_response(description, File, EXAMPLE_FILE, headers=(*_VERSION_HEADERS, *headers))
