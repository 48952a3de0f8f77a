"""A person's way with their picture, through the API and S3 as a client sees them; and what it leaves in the bucket."""

from typing import Any

import requests

from chalicelib.picture_leases import LEASE_SECONDS
from local.session import Answer
from local.stack import client
from tests.images import picture
from tests.integration.conftest import User

PATH = "/users/me/picture"


def ask(user: User, content_type: str = "image/jpeg", size: Any = 2000, path: str = PATH) -> Answer:
    return user.session.call("POST", path, user.token, {"content_type": content_type, "size": size})


def send(upload: dict[str, Any], content: bytes, **changed: str) -> requests.Response:
    """The form, as browsers send it."""
    return requests.post(upload["url"], data={**upload["fields"], **changed}, files={"file": content}, timeout=20)


def uploaded(user: User, content: bytes | None = None, content_type: str = "image/jpeg") -> str:
    """The id of an upload that has arrived."""
    upload = ask(user, content_type).body
    sent = send(upload, picture(content_type) if content is None else content)
    assert sent.status_code == 204, sent.text
    return str(upload["upload_id"])


def choose(user: User, upload_id: Any, path: str = PATH, **headers: str) -> Answer:
    more = {name.replace("_", "-"): value for name, value in headers.items()}
    return user.session.call("PUT", path, user.token, {"upload_id": upload_id}, more)


def is_busy(answer: Answer) -> bool:
    """Whether a PUT was refused because another upload is being processed, with the time to come back."""
    busy = answer.status == 409 and answer.body["type"].endswith("#picture-busy")
    return busy and 1 <= int(answer.headers["Retry-After"]) <= LEASE_SECONDS


def show(user: User) -> Answer:
    return user.session.call("GET", PATH, user.token)


def remove(user: User, **headers: str) -> Answer:
    more = {name.replace("_", "-"): value for name, value in headers.items()}
    return user.session.call("DELETE", PATH, user.token, more=more)


def shown(user: User) -> bytes:
    """The picture, as anybody with its URL gets it."""
    answer = requests.get(show(user).body["url"], timeout=20)
    assert answer.status_code == 200, answer.text
    return answer.content


def kept(user: User) -> list[str]:
    """What the bucket has of a user: `uploads` and `pictures`, once for each object."""
    s3, bucket = client("s3", user.session.stack), user.session.stack.bucket
    found = []
    for kind in ("uploads", "pictures"):
        listed = s3.list_objects_v2(Bucket=bucket, Prefix=f"{kind}/{user.sub}/").get("Contents", [])
        found += [kind] * len(listed)
    return found
