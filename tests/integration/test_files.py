"""Files from the announcement to the deletion, through the API, S3 and the function that checks files."""

import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import replace
from typing import Any, Final
from urllib.parse import urlsplit

import pytest
import requests
from botocore.exceptions import ClientError

from chalicelib.files.models import FileType
from chalicelib.files.storage import SCAN_TAG, build_object_key
from local.emulator_clients import emulator_client
from local.malware_scan import EICAR_TEST_STRING
from local.user_client import ApiResponse
from tests.support.aws import create_iam_user
from tests.support.file_client import FILES_PATH, announce_and_upload, announce_file, call_file, wait_for_check
from tests.support.picture_client import post_form
from tests.support.sample_files import HTML, SAMPLES, make_pdf
from tests.support.stack import RunningStack, wait_until
from tests.support.stored_files import FileStore
from tests.support.users import User, UserFactory

TIMEOUT: Final = 10  # seconds
CLEAN_TAG: Final = (
    f"<Tagging><TagSet><Tag><Key>{SCAN_TAG}</Key><Value>NO_THREATS_FOUND</Value></Tag></TagSet></Tagging>"
)
# The contents of a text, and the end of their check. The scanner of the embedded AWS understands these markers.
UNCLEAN: Final = {
    "infected": (EICAR_TEST_STRING, "malware"),
    "unsupported": (b"local-malware-scan=UNSUPPORTED", "unsupported"),
    "failed": (b"local-malware-scan=FAILED", "unsupported"),
    "denied": (b"local-malware-scan=ACCESS_DENIED", "unsupported"),
    "not scanned": (b"local-malware-scan=NEVER", None),
}


def upload_text(user: User, content: bytes) -> str:
    return announce_and_upload(user, content, content_type="text/plain")


def change(user: User, file_id: str, patch: Any, **headers: str) -> ApiResponse:
    return user.client.call("PATCH", f"{FILES_PATH}/{file_id}", user.token, patch, headers)


def get_quota(user: User) -> dict[str, int]:
    quota: dict[str, int] = user.client.call("GET", FILES_PATH, user.token).body["quota"]
    return quota


def download(user: User, file_id: str) -> requests.Response:
    """Download a file as a browser does, without a token."""
    link = call_file(user, file_id, path="/content")
    assert link.status == 200, link.body
    return requests.get(link.body["url"], timeout=TIMEOUT)


def test_file_is_uploaded_checked_downloaded_and_deleted(signed_up_user: UserFactory, store: FileStore) -> None:
    user, content = signed_up_user(), make_pdf()
    created = announce_file(user, content, name="Результаты.pdf")
    file_id = created.body["id"]
    assert created.status == 201
    assert (created.body["status"], created.headers["ETag"]) == ("awaiting-upload", '"1"')
    assert created.headers["Location"].endswith(f"{user.sub}/files/{file_id}")
    assert call_file(user, file_id).headers["Retry-After"] == "2"
    assert post_form(created.body["upload"], content).status_code == 204
    assert wait_for_check(user, file_id)["status"] == "available"
    downloaded = download(user, file_id)
    assert downloaded.content == content
    assert downloaded.headers["Content-Type"] == "application/pdf"
    assert downloaded.headers["Content-Disposition"].startswith("attachment; ")
    assert downloaded.headers["Content-Disposition"].endswith(
        "%D0%A0%D0%B5%D0%B7%D1%83%D0%BB%D1%8C%D1%82%D0%B0%D1%82%D1%8B.pdf"
    )
    renamed = change(user, file_id, {"name": "Results.pdf", "category": "referral"})
    assert (renamed.status, renamed.body["name"], renamed.body["category"]) == (200, "Results.pdf", "referral")
    assert 'filename="Results.pdf"' in download(user, file_id).headers["Content-Disposition"]
    assert get_quota(user)["bytes"] == len(content)
    assert call_file(user, file_id, "DELETE").status == 204
    assert [call_file(user, file_id, path=path).status for path in ("", "/content")] == [404, 404]
    assert (get_quota(user)["files"], get_quota(user)["bytes"]) == (0, 0)
    assert store.get_file(user.sub, file_id) is None


@pytest.mark.parametrize("file_type", FileType)
def test_file_of_each_type_is_available_unchanged(user: User, file_type: FileType) -> None:
    file_id = announce_and_upload(user, SAMPLES[file_type], content_type=file_type)
    assert wait_for_check(user, file_id)["status"] == "available"
    downloaded = download(user, file_id)
    assert (downloaded.content, downloaded.headers["Content-Type"]) == (SAMPLES[file_type], file_type)


def test_checked_file_has_no_retry_after(user: User) -> None:
    file_id = announce_and_upload(user)
    wait_for_check(user, file_id)
    assert "Retry-After" not in call_file(user, file_id).headers


def test_changes_follow_the_version(user: User) -> None:
    file_id = announce_and_upload(user, make_pdf())
    etag = f'"{wait_for_check(user, file_id)["version"]}"'
    assert change(user, file_id, {"name": "a.pdf"}, **{"If-Match": '"99"'}).status == 412
    assert change(user, file_id, {"name": "a.pdf"}, **{"If-Match": etag}).status == 200
    assert change(user, file_id, {"name": "b.pdf"}, **{"If-Match": etag}).status == 412
    current = user.client.call("GET", f"{FILES_PATH}/{file_id}", user.token)
    unchanged = user.client.call(
        "GET", f"{FILES_PATH}/{file_id}", user.token, headers={"If-None-Match": current.headers["ETag"]}
    )
    assert (unchanged.status, current.body["name"]) == (304, "a.pdf")


def test_file_of_another_user_is_not_accessible(user: User, other_user: User) -> None:
    file_id = announce_and_upload(user)
    wait_for_check(user, file_id)
    assert [call_file(other_user, file_id, path=path).status for path in ("", "/content")] == [404, 404]
    assert call_file(other_user, file_id, "DELETE").status == 404
    assert change(other_user, file_id, {"name": "x.pdf"}).status == 404
    foreign = f"/users/{user.sub}/files/{file_id}"
    assert other_user.client.call("GET", foreign, other_user.token).status == 403
    assert call_file(user, file_id).status == 200


def test_link_of_a_deleted_file_has_no_content(user: User) -> None:
    file_id = announce_and_upload(user, make_pdf())
    wait_for_check(user, file_id)
    url = call_file(user, file_id, path="/content").body["url"]
    assert requests.get(url, timeout=TIMEOUT).status_code == 200
    call_file(user, file_id, "DELETE")
    assert requests.get(url, timeout=TIMEOUT).status_code in (403, 404)


def test_upload_after_the_deletion_is_deleted(user: User, store: FileStore) -> None:
    """The form is still valid."""
    created = announce_file(user, content := make_pdf())
    call_file(user, created.body["id"], "DELETE")
    assert post_form(created.body["upload"], content).status_code == 204
    wait_until(lambda: store.list_contents(user.sub, created.body["id"]) == [])


def test_upload_after_the_deletion_keeps_the_deleted_content(user: User, store: FileStore) -> None:
    """It can be restored."""
    created = announce_file(user, content := make_pdf())
    file_id = str(created.body["id"])
    assert post_form(created.body["upload"], content).status_code == 204
    wait_for_check(user, file_id)
    contents = store.list_contents(user.sub, file_id)
    call_file(user, file_id, "DELETE")
    assert post_form(created.body["upload"], content).status_code == 204
    assert len(store.list_contents(user.sub, file_id)) >= len(contents) == 1
    wait_until(lambda: store.list_contents(user.sub, file_id) == contents)


def test_infected_file_is_rejected_deleted_and_counted(
    stack: RunningStack, signed_up_user: UserFactory, store: FileStore
) -> None:
    user = signed_up_user()
    infected_before = stack.read_logs().count('"FileInfected":1')
    file_id = upload_text(user, EICAR_TEST_STRING)
    file = wait_for_check(user, file_id)
    assert (file["status"], file["rejection"]) == ("rejected", "malware")
    wait_until(lambda: store.list_versions(user.sub, file_id) == [])
    wait_until(lambda: stack.read_logs().count('"FileInfected":1') > infected_before)
    response = call_file(user, file_id, path="/content")
    assert (response.status, response.body["type"].rpartition("#")[2]) == (410, "file-rejected")
    assert (get_quota(user)["files"], get_quota(user)["bytes"]) == (0, 0)
    assert "ttl" in (store.get_file(user.sub, file_id) or {})


def test_infected_file_is_rejected_after_another_upload(user: User, store: FileStore) -> None:
    created = announce_file(user, EICAR_TEST_STRING, content_type="text/plain")
    file_id = created.body["id"]
    post_form(created.body["upload"], EICAR_TEST_STRING)
    wait_for_check(user, file_id)
    assert post_form(created.body["upload"], EICAR_TEST_STRING).status_code == 204
    wait_until(lambda: store.list_versions(user.sub, file_id) == [])
    assert call_file(user, file_id).body["status"] == "rejected"


def test_rejected_file_can_be_deleted(user: User, store: FileStore) -> None:
    file_id = upload_text(user, EICAR_TEST_STRING)
    wait_for_check(user, file_id)
    before = get_quota(user)
    assert call_file(user, file_id, "DELETE").status == 204
    assert get_quota(user) == before
    assert store.get_file(user.sub, file_id) is None


@pytest.mark.parametrize(
    ("content", "content_type"),
    [
        (HTML, "application/pdf"),
        (HTML, "text/plain"),
        (SAMPLES[FileType.PDF], "image/png"),
        (SAMPLES[FileType.PNG][:-5], "image/png"),
    ],
    ids=["HTML as PDF", "HTML as text", "PDF as PNG", "truncated PNG"],
)
def test_other_content_than_announced_is_rejected(
    user: User, store: FileStore, content: bytes, content_type: str
) -> None:
    file_id = announce_and_upload(user, content, content_type=content_type)
    file = wait_for_check(user, file_id)
    assert (file["status"], file["rejection"]) == ("rejected", "content-mismatch")
    wait_until(lambda: store.list_versions(user.sub, file_id) == [])


@pytest.fixture
def iam_s3(stack: RunningStack) -> Iterator[Any]:
    """Return the S3 client of an IAM user that may use every action of S3."""
    outputs = stack.outputs
    with create_iam_user(outputs, [("s3:*", "*")]) as (key_id, secret):
        yield emulator_client("s3", replace(outputs, aws_access_key_id=key_id, aws_secret_access_key=secret))


def list_readers(stack: RunningStack, iam_s3: Any, key: str) -> list[Callable[[], int]]:
    """Return requests that try to read an object: links made now, and calls of the root user and of an IAM user."""
    bucket = stack.outputs.bucket
    clients = [emulator_client("s3", stack.outputs), iam_s3]
    urls = [
        client.generate_presigned_url(method, Params={"Bucket": bucket, "Key": key})
        for client in clients
        for method in ("get_object", "head_object")
    ]

    def follow(url: str) -> int:
        method = "HEAD" if url in urls[1::2] else "GET"
        return requests.request(method, url, timeout=TIMEOUT).status_code

    def copy(client: Any) -> int:
        """Copy the object to a key that has no policy."""
        with suppress(ClientError):
            client.copy_object(Bucket=bucket, Key="uploads/copy", CopySource={"Bucket": bucket, "Key": key})
            client.delete_object(Bucket=bucket, Key="uploads/copy")
            return 200
        return 403

    return [
        *(lambda url=url: follow(url) for url in urls),
        *(lambda client=client: copy(client) for client in clients),
    ]


@pytest.mark.parametrize("kind", UNCLEAN)
def test_unclean_file_cannot_be_read_by_any_caller(
    stack: RunningStack, user: User, store: FileStore, iam_s3: Any, kind: str
) -> None:
    """The links are made before the upload."""
    content, rejection = UNCLEAN[kind]
    created = announce_file(user, content, content_type="text/plain")
    file_id = created.body["id"]
    readers = list_readers(stack, iam_s3, build_object_key(user.sub, file_id))
    assert post_form(created.body["upload"], content).status_code == 204
    statuses = set[int]()
    deadline = time.monotonic() + (TIMEOUT if rejection else 1)
    while time.monotonic() < deadline:
        statuses |= {read() for read in readers} | {call_file(user, file_id, path="/content").status}
        if rejection and store.list_versions(user.sub, file_id) == []:
            break
    statuses |= {read() for read in readers}
    assert statuses <= {403, 404, 409, 410}
    file = call_file(user, file_id).body
    assert (file["status"], file["rejection"]) == ("rejected" if rejection else "scanning", rejection)


def test_available_file_is_readable_by_its_link_only(stack: RunningStack, user: User) -> None:
    file_id = announce_and_upload(user, make_pdf())
    wait_for_check(user, file_id)
    url = urlsplit(call_file(user, file_id, path="/content").body["url"])
    without_signature = f"{url.scheme}://{url.netloc}{url.path}"
    assert requests.get(url.geturl(), timeout=TIMEOUT).status_code == 200
    assert requests.get(without_signature, timeout=TIMEOUT).status_code in (400, 403)
    changed = url.geturl().replace("response-content-type=application%2Fpdf", "response-content-type=text%2Fhtml")
    assert changed != url.geturl()
    assert requests.get(changed, timeout=TIMEOUT).status_code == 403


@pytest.mark.parametrize("field", ["tagging", "x-amz-tagging", "Tagging", "x-amz-meta-scan", "acl"])
def test_client_cannot_add_a_field_to_the_form(user: User, store: FileStore, field: str) -> None:
    created = announce_file(user, content := make_pdf())
    response = post_form(created.body["upload"], content, **{field: CLEAN_TAG})
    assert response.status_code == 403, response.text
    assert store.list_versions(user.sub, created.body["id"]) == []


def test_owner_of_all_permissions_cannot_set_the_scan_tag(
    stack: RunningStack, user: User, store: FileStore, iam_s3: Any
) -> None:
    file_id = upload_text(user, b"local-malware-scan=NEVER")
    tags = {"TagSet": [{"Key": SCAN_TAG, "Value": "NO_THREATS_FOUND"}]}
    for client in (emulator_client("s3", stack.outputs), iam_s3):
        with pytest.raises(ClientError, match="AccessDenied"):
            client.put_object_tagging(
                Bucket=stack.outputs.bucket, Key=build_object_key(user.sub, file_id), Tagging=tags
            )
    assert call_file(user, file_id, path="/content").status == 409


def replace_content(user: User, content: bytes, **overrides: str) -> tuple[requests.Response, str]:
    """Announce a PDF, and upload another content or other fields."""
    created = announce_file(user, make_pdf())
    return post_form(created.body["upload"], content, **overrides), created.body["id"]


@pytest.mark.parametrize(
    ("content", "overrides", "code"),
    [
        (make_pdf()[::-1], {}, "BadDigest"),
        (make_pdf()[:-1], {}, "EntityTooSmall"),
        (make_pdf() + b"x", {}, "EntityTooLarge"),
        (make_pdf(), {"Content-Type": "text/html"}, "AccessDenied"),
        (make_pdf(), {"x-amz-checksum-sha256": "A" * 43 + "="}, "AccessDenied"),
        (make_pdf(), {"key": "files/other/key"}, "AccessDenied"),
    ],
    ids=["other content", "shorter", "longer", "type", "checksum", "key"],
)
def test_s3_rejects_content_that_was_not_announced(
    user: User, store: FileStore, content: bytes, overrides: dict[str, str], code: str
) -> None:
    response, file_id = replace_content(user, content, **overrides)
    assert response.status_code in (400, 403)
    assert f"<Code>{code}</Code>" in response.text
    assert store.list_versions(user.sub, file_id) == []
    assert call_file(user, file_id).body["status"] == "awaiting-upload"
