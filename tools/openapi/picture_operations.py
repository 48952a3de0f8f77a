"""The operations of a picture."""

from typing import Any, Final

from chalicelib.pictures.models import CreateUploadRequest, PictureLink, PresignedUpload, SetPictureRequest
from tools.openapi.authenticated_operation import build_authenticated_operation, build_request_body
from tools.openapi.examples import EXAMPLE_BUCKET_URL, EXAMPLE_SUB, EXAMPLE_UPLOAD_ID
from tools.openapi.operation_errors import (
    CREATE_UPLOAD_ERRORS,
    DELETE_PICTURE_ERRORS,
    GET_PICTURE_ERRORS,
    SET_PICTURE_ERRORS,
)
from tools.openapi.problem_responses import build_problem_references
from tools.openapi.references import ref
from tools.openapi.responses import build_json_response, build_profile_response

_EXAMPLE_UPLOAD_REQUEST: Final = {"content_type": "image/jpeg", "size": 1_834_520}
_EXAMPLE_UPLOAD: Final = {
    "upload_id": EXAMPLE_UPLOAD_ID,
    "url": EXAMPLE_BUCKET_URL,
    "fields": {
        "Content-Type": "image/jpeg",
        "key": f"uploads/{EXAMPLE_SUB}/{EXAMPLE_UPLOAD_ID}",
        "policy": "eyJleHBpcmF0aW9uIjogIjIwMjYtMTEtMjNUMTc6MTc6NTFaIn0=",
        "x-amz-algorithm": "AWS4-HMAC-SHA256",
        "x-amz-credential": "ASIAEXAMPLE/20261123/us-east-1/s3/aws4_request",
        "x-amz-date": "20261123T171251Z",
        "x-amz-signature": "0" * 64,
    },
    "expires_at": "2026-11-23T17:17:51.000Z",
    "limits": {"content_type": "image/jpeg", "max_bytes": 5_242_880, "max_pixels": 25_000_000},
}
_EXAMPLE_PICTURE_LINK: Final = {
    "content_type": "image/jpeg",
    "size": 48213,
    "width": 1200,
    "height": 900,
    "updated_at": "2026-11-23T17:12:52.920Z",
    "url": f"{EXAMPLE_BUCKET_URL}pictures/{EXAMPLE_SUB}/{EXAMPLE_UPLOAD_ID}/1?X-Amz-Expires=300",
    "expires_at": "2026-11-23T17:17:51.000Z",
}


def describe_post_picture() -> dict[str, Any]:
    """Return the operation that creates an upload."""
    return {
        **build_authenticated_operation(
            "post_picture",
            "Create a presigned upload",
            "Send all `fields`, and then the file as `file`, to `url` as multipart/form-data before `expires_at`. "
            "Then send the `upload_id` with PUT. Returns 429 if the daily upload limit is reached.",
        ),
        "requestBody": build_request_body(CreateUploadRequest, _EXAMPLE_UPLOAD_REQUEST),
        "responses": {
            "200": build_json_response("Where and how to upload the file.", PresignedUpload, _EXAMPLE_UPLOAD),
            **build_problem_references(CREATE_UPLOAD_ERRORS),
        },
    }


def describe_put_picture() -> dict[str, Any]:
    """Return the operation that sets the picture."""
    return {
        **build_authenticated_operation(
            "put_picture",
            "Set the picture",
            "Sets an upload as the picture of the profile. The image is encoded again: upright, without metadata, its "
            "longer side at most 2048 pixels. An invalid file is deleted and rejected with 422. The call is "
            "idempotent. If-Match refers to the profile. One upload of a user is processed at a time, up to a daily "
            "limit (UTC).",
        ),
        "parameters": [ref("parameters", "If-Match")],
        "requestBody": build_request_body(SetPictureRequest, {"upload_id": EXAMPLE_UPLOAD_ID}),
        "responses": {
            "200": build_profile_response("The updated profile."),
            **build_problem_references(SET_PICTURE_ERRORS),
        },
    }


def describe_get_picture() -> dict[str, Any]:
    """Return the operation that returns a link to the picture."""
    return {
        **build_authenticated_operation(
            "get_picture", "Get the caller's picture", "Returns a URL of the image. The URL is valid for five minutes."
        ),
        "responses": {
            "200": build_json_response("The picture and its URL.", PictureLink, _EXAMPLE_PICTURE_LINK),
            **build_problem_references(GET_PICTURE_ERRORS),
        },
    }


def describe_delete_picture() -> dict[str, Any]:
    """Return the operation that deletes the picture."""
    return {
        **build_authenticated_operation(
            "delete_picture",
            "Delete the picture",
            "Changes nothing if the profile has no picture. If-Match refers to the profile.",
        ),
        "parameters": [ref("parameters", "If-Match")],
        "responses": {
            "200": build_profile_response("The updated profile."),
            **build_problem_references(DELETE_PICTURE_ERRORS),
        },
    }
