"""Requests about pictures to the API and to S3, and the objects that they leave in the bucket."""

from typing import Any, Final

import requests

from chalicelib.pictures.leases import LEASE_SECONDS
from local.emulator_clients import emulator_client
from local.user_client import ApiResponse
from tests.support.sample_images import make_image
from tests.support.users import User, header_names

PICTURE_PATH: Final = "/users/me/picture"
_TIMEOUT: Final = 20  # seconds


def create_upload(
    user: User, content_type: str = "image/jpeg", size: Any = 2000, path: str = PICTURE_PATH
) -> ApiResponse:
    return user.client.call("POST", path, user.token, {"content_type": content_type, "size": size})


def post_form(form: dict[str, Any], content: bytes, **overrides: str) -> requests.Response:
    """Send the form of an upload to S3 as a browser does."""
    return requests.post(form["url"], data={**form["fields"], **overrides}, files={"file": content}, timeout=_TIMEOUT)


def upload_file(user: User, content: bytes | None = None, content_type: str = "image/jpeg") -> str:
    """Upload a file, by default a valid image, and return the id of the upload."""
    form = create_upload(user, content_type).body
    response = post_form(form, make_image(content_type) if content is None else content)
    assert response.status_code == 204, response.text
    return str(form["upload_id"])


def set_picture(user: User, upload_id: Any, path: str = PICTURE_PATH, **headers: str) -> ApiResponse:
    return user.client.call("PUT", path, user.token, {"upload_id": upload_id}, header_names(headers))


def is_busy(response: ApiResponse) -> bool:
    """Return True if a PUT was rejected because another upload is being processed, with a time to retry."""
    busy = response.status == 409 and response.body["type"].endswith("#picture-busy")
    return busy and 1 <= int(response.headers["Retry-After"]) <= LEASE_SECONDS


def get_link(user: User) -> ApiResponse:
    return user.client.call("GET", PICTURE_PATH, user.token)


def delete_picture(user: User, **headers: str) -> ApiResponse:
    return user.client.call("DELETE", PICTURE_PATH, user.token, headers=header_names(headers))


def download_picture(user: User) -> bytes:
    """Return the content behind the link, which needs no token."""
    response = requests.get(get_link(user).body["url"], timeout=_TIMEOUT)
    assert response.status_code == 200, response.text
    return response.content


def list_stored_kinds(user: User) -> list[str]:
    """Return `uploads` or `pictures` for each object of a user in the bucket."""
    s3, bucket = emulator_client("s3", user.client.stack), user.client.stack.bucket
    kinds = []
    for kind in ("uploads", "pictures"):
        objects = s3.list_objects_v2(Bucket=bucket, Prefix=f"{kind}/{user.sub}/").get("Contents", [])
        kinds += [kind] * len(objects)
    return kinds
