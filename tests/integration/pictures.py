"""A person's way with their picture, through the API and S3 as a client sees them; and what it leaves in the bucket."""

from typing import Any

import requests

from chalicelib.pictures.leases import LEASE_SECONDS
from local.emulator_clients import emulator_client
from local.user_client import ApiResponse
from tests.support.sample_images import make_image
from tests.support.users import User

PICTURE_PATH = "/users/me/picture"


def create_upload(
    user: User, content_type: str = "image/jpeg", size: Any = 2000, path: str = PICTURE_PATH
) -> ApiResponse:
    return user.client.call("POST", path, user.token, {"content_type": content_type, "size": size})


def post_form(upload: dict[str, Any], content: bytes, **changed: str) -> requests.Response:
    """The form, as browsers send it."""
    return requests.post(upload["url"], data={**upload["fields"], **changed}, files={"file": content}, timeout=20)


def upload_file(user: User, content: bytes | None = None, content_type: str = "image/jpeg") -> str:
    """The id of an upload that has arrived."""
    upload = create_upload(user, content_type).body
    sent = post_form(upload, make_image(content_type) if content is None else content)
    assert sent.status_code == 204, sent.text
    return str(upload["upload_id"])


def set_picture(user: User, upload_id: Any, path: str = PICTURE_PATH, **headers: str) -> ApiResponse:
    more = {name.replace("_", "-"): value for name, value in headers.items()}
    return user.client.call("PUT", path, user.token, {"upload_id": upload_id}, more)


def is_busy(answer: ApiResponse) -> bool:
    """Whether a PUT was refused because another upload is being processed, with the time to come back."""
    busy = answer.status == 409 and answer.body["type"].endswith("#picture-busy")
    return busy and 1 <= int(answer.headers["Retry-After"]) <= LEASE_SECONDS


def get_link(user: User) -> ApiResponse:
    return user.client.call("GET", PICTURE_PATH, user.token)


def delete_picture(user: User, **headers: str) -> ApiResponse:
    more = {name.replace("_", "-"): value for name, value in headers.items()}
    return user.client.call("DELETE", PICTURE_PATH, user.token, headers=more)


def download_picture(user: User) -> bytes:
    """The picture, as anybody with its URL gets it."""
    answer = requests.get(get_link(user).body["url"], timeout=20)
    assert answer.status_code == 200, answer.text
    return answer.content


def list_stored_kinds(user: User) -> list[str]:
    """What the bucket has of a user: `uploads` and `pictures`, once for each object."""
    s3, bucket = emulator_client("s3", user.client.stack), user.client.stack.bucket
    found = []
    for kind in ("uploads", "pictures"):
        listed = s3.list_objects_v2(Bucket=bucket, Prefix=f"{kind}/{user.sub}/").get("Contents", [])
        found += [kind] * len(listed)
    return found
