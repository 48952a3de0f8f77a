"""Uploads and scan results that arrive after the check of a file, and downloads."""

from typing import Any, Final

import pytest
import requests

from chalicelib.files.models import FileType
from tests.support.file_client import (
    FILES_PATH,
    announce_and_upload,
    announce_file,
    call_file,
    report_scan,
    wait_for_check,
)
from tests.support.picture_client import post_form
from tests.support.sample_files import SAMPLES, make_jpeg_with_comment, make_pdf, make_zip64_end
from tests.support.stack import RunningStack, wait_until
from tests.support.stored_files import FileStore
from tests.support.users import User, UserFactory

TIMEOUT: Final = 10  # seconds
UPLOADS: Final = 3  # of one form; each starts a process on this machine


def upload_and_check(user: User, content: bytes, **overrides: Any) -> str:
    """Upload a file and wait for its check. Return its id."""
    file_id = announce_and_upload(user, content, **overrides)
    wait_for_check(user, file_id)
    return file_id


def download(user: User, file_id: str) -> requests.Response:
    return requests.get(call_file(user, file_id, path="/content").body["url"], timeout=TIMEOUT)


def test_repeated_uploads_are_stored_once(signed_up_user: UserFactory, store: FileStore) -> None:
    """The form is valid for 15 minutes. The quota counts one upload."""
    user, content = signed_up_user(), make_pdf()
    created = announce_file(user, content).body
    for _ in range(UPLOADS):
        assert post_form(created["upload"], content).status_code == 204
    assert wait_for_check(user, created["id"])["status"] == "available"
    wait_until(lambda: len(store.list_versions(user.sub, created["id"])) == 1)
    assert download(user, created["id"]).content == content
    quota = user.client.call("GET", FILES_PATH, user.token).body["quota"]
    assert (quota["files"], quota["bytes"]) == (1, len(content))


def test_upload_after_the_check_is_deleted(user: User, store: FileStore) -> None:
    created = announce_file(user, content := make_pdf()).body
    post_form(created["upload"], content)
    checked = wait_for_check(user, created["id"])
    (first,) = store.list_versions(user.sub, created["id"])
    assert post_form(created["upload"], content).status_code == 204
    wait_until(lambda: [v["VersionId"] for v in store.list_versions(user.sub, created["id"])] == [first["VersionId"]])
    assert call_file(user, created["id"]).body == checked
    assert download(user, created["id"]).content == content


def test_malware_found_later_rejects_the_file(
    stack: RunningStack, signed_up_user: UserFactory, store: FileStore
) -> None:
    user = signed_up_user()
    file_id = upload_and_check(user, make_pdf())
    url = call_file(user, file_id, path="/content").body["url"]
    assert report_scan(stack.outputs, user, file_id, "THREATS_FOUND") == [{"outcome": "rejected"}]
    file = call_file(user, file_id).body
    assert (file["status"], file["rejection"]) == ("rejected", "malware")
    assert call_file(user, file_id, path="/content").status == 410
    assert requests.get(url, timeout=TIMEOUT).status_code in (403, 404)
    assert store.list_versions(user.sub, file_id) == []
    quota = user.client.call("GET", FILES_PATH, user.token).body["quota"]
    assert (quota["files"], quota["bytes"]) == (0, 0)


@pytest.mark.parametrize("result", ["NO_THREATS_FOUND", "FAILED"])
def test_other_later_result_changes_nothing(stack: RunningStack, user: User, result: str) -> None:
    file_id = upload_and_check(user, content := make_pdf())
    before = call_file(user, file_id).body
    assert report_scan(stack.outputs, user, file_id, result) == [{"outcome": "unchanged"}]
    assert call_file(user, file_id).body == before
    assert download(user, file_id).content == content


@pytest.mark.parametrize(
    ("content", "content_type"),
    [(make_pdf() + make_zip64_end(disks=2), FileType.PDF), (make_jpeg_with_comment(make_pdf()), FileType.JPEG)],
    ids=["archive on two disks", "image and PDF"],
)
def test_file_of_two_types_is_rejected(user: User, content: bytes, content_type: str) -> None:
    file_id = upload_and_check(user, content, content_type=content_type)
    assert call_file(user, file_id).body["rejection"] == "content-mismatch"


@pytest.mark.parametrize(
    ("file_type", "name", "expected"),
    [
        (FileType.TEXT, "report.hta", "report.hta.txt"),
        (FileType.DICOM, "IM000001", "IM000001.dcm"),
        (FileType.PDF, "Report.PDF", "Report.PDF"),
    ],
)
def test_download_has_an_extension_of_its_type(user: User, file_type: FileType, name: str, expected: str) -> None:
    file_id = upload_and_check(user, SAMPLES[file_type], content_type=file_type, name=name)
    assert call_file(user, file_id).body["name"] == name
    assert f'filename="{expected}"' in download(user, file_id).headers["Content-Disposition"]
