"""Tests of pictures that `chalice local` and the deployed API both pass."""

import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final
from urllib.parse import urljoin

import pytest
import requests
from PIL import Image

from tests.support.data import MEBIBYTE, UNKNOWN_SUB
from tests.support.hostile_images import HOSTILE_IMAGES
from tests.support.picture_client import (
    create_upload,
    delete_picture,
    download_picture,
    get_link,
    is_busy,
    list_stored_kinds,
    post_form,
    set_picture,
    upload_file,
)
from tests.support.sample_images import FORMATS, GPS_TEXT, camera_metadata, encode, make_image, open_image
from tests.support.users import User

DECOMPRESSION_BOMB: Final = encode(Image.new("1", (25_001, 1_000)), "image/png")
INVALID_FILES: Final = {
    "text": ("image/jpeg", b"<script>alert(1)</script>"),
    "another type than declared": ("image/jpeg", make_image("image/png")),
    "a truncated file": ("image/jpeg", make_image()[:300]),
    "a valid signature and HTML": ("image/png", b"\x89PNG\r\n\x1a\n<html>"),
    "a decompression bomb": ("image/png", DECOMPRESSION_BOMB),
    "an SVG": ("image/webp", b"<svg xmlns='http://www.w3.org/2000/svg'/>"),
}


class PictureSuite:
    """Uses the fixtures `user` and `other_user`. A test may leave a picture and leaves no upload."""

    @pytest.mark.parametrize("content_type", FORMATS)
    def test_picture_is_uploaded_set_downloaded_and_deleted(self, user: User, content_type: str) -> None:
        before = user.get().body["version"]
        response = set_picture(user, upload_file(user, make_image(content_type, (320, 200)), content_type))
        assert (response.status, response.headers["ETag"]) == (200, f'"{before + 1}"')
        summary = response.body["picture"]
        assert {**summary, "size": 0, "updated_at": ""} == {
            "content_type": content_type, "size": 0, "width": 320, "height": 200, "updated_at": "",
        }  # fmt: skip
        assert summary["updated_at"] == response.body["updated_at"]
        assert user.get().body == response.body
        image = open_image(download_picture(user))
        assert (image.format, image.size) == (FORMATS[content_type], (320, 200))
        assert len(download_picture(user)) == summary["size"]
        assert list_stored_kinds(user) == ["pictures"]
        deleted = delete_picture(user)
        assert (deleted.status, deleted.body["picture"], deleted.body["version"]) == (200, None, before + 2)
        assert list_stored_kinds(user) == []
        assert get_link(user).status == 404

    def test_upload_id_is_not_in_the_profile(self, user: User) -> None:
        upload_id = upload_file(user)
        assert upload_id not in str(set_picture(user, upload_id).body)
        assert upload_id not in str(user.get().body)

    def test_content_location_is_the_profile(self, user: User) -> None:
        response = set_picture(user, upload_file(user))
        location = urljoin("https://x/stage/users/me/picture", response.headers["Content-Location"])
        assert location == f"https://x/stage/users/{user.sub}"

    def test_camera_metadata_is_removed_and_orientation_applied(self, user: User) -> None:
        photo = make_image(size=(64, 48), **camera_metadata(orientation=6))
        assert GPS_TEXT.encode() in photo
        summary = set_picture(user, upload_file(user, photo)).body["picture"]
        assert (summary["width"], summary["height"]) == (48, 64)
        content = download_picture(user)
        image = open_image(content)
        assert not image.getexif()
        assert not [marker for marker in (b"Exif", b"xmp", b"ICC", GPS_TEXT.encode(), b"Jane") if marker in content]
        red, blue = image.getpixel((24, 5)), image.getpixel((24, 58))
        assert isinstance(red, tuple)
        assert isinstance(blue, tuple)
        assert red[0] > 200 > red[2]
        assert blue[2] > 200 > blue[0]

    def test_trailing_content_is_removed(self, user: User) -> None:
        assert set_picture(user, upload_file(user, make_image() + b"<script>alert(1)</script>")).status == 200
        assert b"script" not in download_picture(user)

    def test_link_has_headers_and_expires(self, user: User) -> None:
        set_picture(user, upload_file(user, make_image("image/webp"), "image/webp"))
        link = get_link(user).body
        response = requests.get(link["url"], timeout=20)
        assert response.headers["Content-Type"] == "image/webp"
        assert response.headers["Content-Disposition"] == 'inline; filename="picture.webp"'
        assert response.headers["Cache-Control"] == "private, no-store"
        assert {name: link[name] for name in ("content_type", "width", "height")} == {
            "content_type": "image/webp", "width": 64, "height": 48,
        }  # fmt: skip
        assert "X-Amz-Expires=300" in link["url"]
        assert requests.get(link["url"].partition("?")[0], timeout=20).status_code == 403
        assert requests.get(link["url"].replace("inline", "attachment"), timeout=20).status_code == 403

    @pytest.mark.parametrize("name", INVALID_FILES)
    def test_invalid_file_is_deleted_and_changes_nothing(self, user: User, name: str) -> None:
        set_picture(user, upload_file(user))
        before, (content_type, content) = user.get().body, INVALID_FILES[name]
        response = set_picture(user, upload_file(user, content, content_type))
        assert response.status == 422
        assert response.body["errors"][0]["pointer"] == "/upload_id"
        assert response.body["errors"][0]["detail"].startswith("the file must ")
        assert user.get().body == before
        assert list_stored_kinds(user) == ["pictures"]
        assert open_image(download_picture(user))

    @pytest.mark.parametrize("name", HOSTILE_IMAGES)
    def test_hostile_file_is_rejected_and_deleted(self, user: User, name: str) -> None:
        before, (content_type, content) = user.get().body, HOSTILE_IMAGES[name]
        response = set_picture(user, upload_file(user, content, content_type))
        assert (response.status, response.body["errors"][0]["pointer"]) == (422, "/upload_id")
        assert "EXIF data" in response.body["errors"][0]["detail"]
        assert user.get().body == before
        assert "uploads" not in list_stored_kinds(user)

    @pytest.mark.parametrize(
        ("content", "overrides", "status"),
        [
            (b"x" * (5 * MEBIBYTE + 1), {}, 400),
            (b"", {}, 400),
            (make_image(), {"Content-Type": "text/html"}, 403),
            (make_image(), {"key": "uploads/another/one"}, 403),
            (make_image(), {"acl": "public-read"}, 403),
            (make_image(), {"success_action_redirect": "https://evil.example"}, 403),
        ],
    )
    def test_s3_rejects_a_file_that_the_form_does_not_allow(
        self, user: User, content: bytes, overrides: dict[str, str], status: int
    ) -> None:
        delete_picture(user)
        before = list_stored_kinds(user)
        assert post_form(create_upload(user).body, content, **overrides).status_code == status
        assert list_stored_kinds(user) == before

    def test_upload_has_limits_and_expires_in_five_minutes(self, user: User) -> None:
        response = create_upload(user, "image/png", 5 * MEBIBYTE)
        assert response.status == 200
        assert set(response.body) == {"upload_id", "url", "fields", "expires_at", "limits"}
        assert response.body["limits"] == {
            "content_type": "image/png", "max_bytes": 5 * MEBIBYTE, "max_pixels": 25_000_000,
        }  # fmt: skip
        expiry = time.strptime(response.body["expires_at"][:19], "%Y-%m-%dT%H:%M:%S")
        assert 280 < time.mktime(expiry) - time.mktime(time.gmtime()) < 310

    @pytest.mark.parametrize(
        ("body", "pointers"),
        [
            ({}, ["/content_type", "/size"]),
            ({"content_type": "image/gif", "size": 10}, ["/content_type"]),
            ({"content_type": "image/jpeg", "size": 5 * MEBIBYTE + 1}, ["/size"]),
            ({"content_type": "image/jpeg", "size": 0}, ["/size"]),
            ({"content_type": "image/jpeg", "size": True}, ["/size"]),
            ({"content_type": "image/jpeg", "size": "10"}, ["/size"]),
            ({"content_type": ["image/jpeg"], "size": 10}, ["/content_type"]),
            ({"content_type": "image/jpeg", "size": 10, "key": "x"}, ["/key"]),
        ],
    )
    def test_invalid_upload_request_is_rejected(self, user: User, body: dict[str, Any], pointers: list[str]) -> None:
        response = user.client.call("POST", "/users/me/picture", user.token, body)
        assert response.status == 422
        assert [error["pointer"] for error in response.body["errors"]] == pointers

    @pytest.mark.parametrize("upload_id", [None, 5, "", "../" * 4, "x" * 36, UNKNOWN_SUB.upper(), [UNKNOWN_SUB]])
    def test_malformed_upload_id_is_rejected(self, user: User, upload_id: Any) -> None:
        response = set_picture(user, upload_id)
        assert (response.status, response.body["errors"][0]["pointer"]) == (422, "/upload_id")

    def test_missing_upload_is_a_404(self, user: User) -> None:
        before = user.get().body
        assert set_picture(user, UNKNOWN_SUB).status == 404
        assert set_picture(user, create_upload(user).body["upload_id"]).status == 404, "no file has been uploaded"
        assert user.get().body == before

    def test_upload_of_another_user_is_a_404(self, user: User, other_user: User) -> None:
        upload_id, before = upload_file(other_user), user.get().body
        assert set_picture(user, upload_id).status == 404
        assert user.get().body == before
        assert "uploads" in list_stored_kinds(other_user)
        assert set_picture(other_user, upload_id).status == 200

    def test_repeated_set_picture_revision_nothing(self, user: User) -> None:
        upload_id = upload_file(user)
        first, second = set_picture(user, upload_id), set_picture(user, upload_id)
        assert (first.status, first.body) == (second.status, second.body)
        assert list_stored_kinds(user) == ["pictures"]

    def test_concurrent_equal_requests_are_one_change(self, user: User) -> None:
        upload_id, before = upload_file(user), user.get().body["version"]
        with ThreadPoolExecutor(4) as threads:
            responses = list(threads.map(lambda _: set_picture(user, upload_id), range(4)))
        assert {response.status for response in responses} in ({200}, {200, 409})
        assert all(is_busy(response) for response in responses if response.status == 409)
        assert set_picture(user, upload_id).status == 200
        assert user.get().body["version"] == before + 1
        assert list_stored_kinds(user) == ["pictures"]

    def test_concurrent_uploads_leave_one_picture(self, user: User) -> None:
        uploads = [upload_file(user, make_image(size=(20 + number, 20))) for number in range(5)]
        before = user.get().body["version"]
        with ThreadPoolExecutor(5) as threads:
            responses = list(threads.map(lambda upload_id: set_picture(user, upload_id), uploads))
        accepted = [response.body for response in responses if response.status == 200]
        assert accepted
        assert {response.status for response in responses} <= {200, 409}
        assert any(is_busy(response) for response in responses)
        after = user.get().body
        assert after["version"] == before + len(accepted)
        assert after in accepted
        assert open_image(download_picture(user)).width == after["picture"]["width"]
        assert list_stored_kinds(user).count("pictures") == 1
        for upload_id, response in zip(uploads, responses, strict=True):
            if response.status == 409:
                assert set_picture(user, upload_id).status == 200, "a busy request succeeds when repeated"
        assert list_stored_kinds(user) == ["pictures"]

    def test_used_upload_is_a_404(self, user: User) -> None:
        first, second = upload_file(user, make_image(size=(30, 30))), upload_file(user, make_image(size=(40, 40)))
        assert (set_picture(user, first).status, set_picture(user, second).status) == (200, 200)
        assert set_picture(user, first).status == 404
        assert user.get().body["picture"]["width"] == 40
        assert list_stored_kinds(user) == ["pictures"]

    def test_second_file_of_a_used_form_changes_nothing(self, user: User) -> None:
        form = create_upload(user).body
        post_form(form, make_image(size=(30, 30)))
        before = set_picture(user, form["upload_id"]).body
        assert post_form(form, make_image(size=(40, 40))).status_code == 204, "the form is valid until it expires"
        assert set_picture(user, form["upload_id"]).body == user.get().body == before
        assert open_image(download_picture(user)).width == 30
        assert list_stored_kinds(user) == ["pictures"]

    def test_failed_precondition_changes_nothing(self, user: User) -> None:
        """The upload remains and can be used by the next request."""
        delete_picture(user)
        upload_id, tag = upload_file(user), user.get().headers["ETag"]
        for stale in ({"If_Match": '"1000000"'}, {"If_None_Match": tag}, {"If_None_Match": "*"}):
            assert set_picture(user, upload_id, **stale).status == 412
            assert delete_picture(user, **stale).status == 412
        assert list_stored_kinds(user) == ["uploads"]
        assert set_picture(user, upload_id, If_Match=tag).status == 200
        assert delete_picture(user, If_Match=tag).status == 412
        assert list_stored_kinds(user) == ["pictures"]

    def test_profile_with_a_picture_can_be_edited(self, user: User) -> None:
        profile = set_picture(user, upload_file(user)).body
        edited = user.put({**profile, "name": "Jane R. Roe"})
        assert (edited.status, edited.body["picture"]) == (200, profile["picture"])
        for picture in (None, {**profile["picture"], "width": 1}, {"content_type": "image/gif"}, "x"):
            response = user.put({**edited.body, "picture": picture})
            assert (response.status, [error["pointer"] for error in response.body["errors"]]) == (422, ["/picture"])
        assert user.get().body == edited.body

    def test_delete_without_a_picture_revision_nothing(self, user: User) -> None:
        delete_picture(user)
        before = user.get().body
        assert (delete_picture(user).status, delete_picture(user).body) == (200, before)
