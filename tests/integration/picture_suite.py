"""What holds for pictures wherever the API is: on `chalice local` and deployed."""

import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from urllib.parse import urljoin

import pytest
import requests
from PIL import Image

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

NOBODY = "0000000a-0000-4000-8000-00000000000b"
MEBIBYTE = 1024 * 1024
BOMB = encode(Image.new("1", (25_001, 1_000)), "image/png")
NOT_PICTURES = {
    "text": ("image/jpeg", b"<script>alert(1)</script>"),
    "another type than was said": ("image/jpeg", make_image("image/png")),
    "a beginning alone": ("image/jpeg", make_image()[:300]),
    "the right first bytes and a page": ("image/png", b"\x89PNG\r\n\x1a\n<html>"),
    "a decompression bomb": ("image/png", BOMB),
    "an SVG": ("image/webp", b"<svg xmlns='http://www.w3.org/2000/svg'/>"),
}


class PictureSuite:
    """Wants the fixtures `user` and `other`. Each test leaves a picture or none, and no upload."""

    @pytest.mark.parametrize("content_type", FORMATS)
    def test_a_file_is_uploaded_chosen_seen_and_removed(self, user: User, content_type: str) -> None:
        before = user.get().body["version"]
        chosen = set_picture(user, upload_file(user, make_image(content_type, (320, 200)), content_type))
        assert (chosen.status, chosen.headers["ETag"]) == (200, f'"{before + 1}"')
        told = chosen.body["picture"]
        assert {**told, "size": 0, "updated_at": ""} == {
            "content_type": content_type, "size": 0, "width": 320, "height": 200, "updated_at": "",
        }  # fmt: skip
        assert told["updated_at"] == chosen.body["updated_at"]
        assert user.get().body == chosen.body
        image = open_image(download_picture(user))
        assert (image.format, image.size) == (FORMATS[content_type], (320, 200))
        assert len(download_picture(user)) == told["size"]
        assert list_stored_kinds(user) == ["pictures"]
        removed = delete_picture(user)
        assert (removed.status, removed.body["picture"], removed.body["version"]) == (200, None, before + 2)
        assert list_stored_kinds(user) == []
        assert get_link(user).status == 404

    def test_nobody_is_told_where_it_is_kept(self, user: User) -> None:
        upload_id = upload_file(user)
        assert upload_id not in str(set_picture(user, upload_id).body)
        assert upload_id not in str(user.get().body)

    def test_the_answer_tells_where_the_profile_is(self, user: User) -> None:
        chosen = set_picture(user, upload_file(user))
        place = urljoin("https://x/stage/users/me/picture", chosen.headers["Content-Location"])
        assert place == f"https://x/stage/users/{user.sub}"

    def test_what_a_camera_writes_into_a_file_is_gone_and_the_picture_upright(self, user: User) -> None:
        photo = make_image(size=(64, 48), **camera_metadata(orientation=6))
        assert GPS_TEXT.encode() in photo
        told = set_picture(user, upload_file(user, photo)).body["picture"]
        assert (told["width"], told["height"]) == (48, 64)
        content = download_picture(user)
        image = open_image(content)
        assert not image.getexif()
        assert not [mark for mark in (b"Exif", b"xmp", b"ICC", GPS_TEXT.encode(), b"Jane") if mark in content]
        red, blue = image.getpixel((24, 5)), image.getpixel((24, 58))
        assert isinstance(red, tuple)
        assert isinstance(blue, tuple)
        assert red[0] > 200 > red[2]
        assert blue[2] > 200 > blue[0]

    def test_what_stands_behind_the_picture_is_gone(self, user: User) -> None:
        assert set_picture(user, upload_file(user, make_image() + b"<script>alert(1)</script>")).status == 200
        assert b"script" not in download_picture(user)

    def test_a_url_says_what_it_is_and_does_not_last(self, user: User) -> None:
        set_picture(user, upload_file(user, make_image("image/webp"), "image/webp"))
        told = get_link(user).body
        loaded = requests.get(told["url"], timeout=20)
        assert loaded.headers["Content-Type"] == "image/webp"
        assert loaded.headers["Content-Disposition"] == 'inline; filename="picture.webp"'
        assert loaded.headers["Cache-Control"] == "private, no-store"
        assert {name: told[name] for name in ("content_type", "width", "height")} == {
            "content_type": "image/webp", "width": 64, "height": 48,
        }  # fmt: skip
        assert "X-Amz-Expires=300" in told["url"]
        assert requests.get(told["url"].partition("?")[0], timeout=20).status_code == 403
        assert requests.get(told["url"].replace("inline", "attachment"), timeout=20).status_code == 403

    @pytest.mark.parametrize("name", NOT_PICTURES)
    def test_what_is_no_picture_is_removed_and_changes_nothing(self, user: User, name: str) -> None:
        set_picture(user, upload_file(user))
        before, (content_type, content) = user.get().body, NOT_PICTURES[name]
        refused = set_picture(user, upload_file(user, content, content_type))
        assert refused.status == 422
        assert refused.body["errors"][0]["pointer"] == "/upload_id"
        assert refused.body["errors"][0]["detail"].startswith("the file must ")
        assert user.get().body == before
        assert list_stored_kinds(user) == ["pictures"]
        assert open_image(download_picture(user))

    @pytest.mark.parametrize("name", HOSTILE_IMAGES)
    def test_hostile_file_is_refused_and_removed(self, user: User, name: str) -> None:
        before, (content_type, content) = user.get().body, HOSTILE_IMAGES[name]
        refused = set_picture(user, upload_file(user, content, content_type))
        assert (refused.status, refused.body["errors"][0]["pointer"]) == (422, "/upload_id")
        assert "EXIF data" in refused.body["errors"][0]["detail"]
        assert user.get().body == before
        assert "uploads" not in list_stored_kinds(user)

    @pytest.mark.parametrize(
        ("content", "changed", "status"),
        [
            (b"x" * (5 * MEBIBYTE + 1), {}, 400),
            (b"", {}, 400),
            (make_image(), {"Content-Type": "text/html"}, 403),
            (make_image(), {"key": "uploads/another/one"}, 403),
            (make_image(), {"acl": "public-read"}, 403),
            (make_image(), {"success_action_redirect": "https://evil.example"}, 403),
        ],
    )
    def test_s3_takes_only_what_was_asked_for(
        self, user: User, content: bytes, changed: dict[str, str], status: int
    ) -> None:
        delete_picture(user)
        before = list_stored_kinds(user)
        assert post_form(create_upload(user).body, content, **changed).status_code == status
        assert list_stored_kinds(user) == before

    def test_an_upload_lasts_a_few_minutes_and_says_its_limits(self, user: User) -> None:
        asked = create_upload(user, "image/png", 5 * MEBIBYTE)
        assert asked.status == 200
        assert set(asked.body) == {"upload_id", "url", "fields", "expires_at", "limits"}
        assert asked.body["limits"] == {
            "content_type": "image/png", "max_bytes": 5 * MEBIBYTE, "max_pixels": 25_000_000,
        }  # fmt: skip
        expiry = time.strptime(asked.body["expires_at"][:19], "%Y-%m-%dT%H:%M:%S")
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
    def test_an_upload_that_could_not_be_taken_is_not_offered(
        self, user: User, body: dict[str, Any], pointers: list[str]
    ) -> None:
        answer = user.client.call("POST", "/users/me/picture", user.token, body)
        assert answer.status == 422
        assert [error["pointer"] for error in answer.body["errors"]] == pointers

    @pytest.mark.parametrize("upload_id", [None, 5, "", "../" * 4, "x" * 36, NOBODY.upper(), [NOBODY]])
    def test_what_is_no_upload_s_id_is_refused(self, user: User, upload_id: Any) -> None:
        answer = set_picture(user, upload_id)
        assert (answer.status, answer.body["errors"][0]["pointer"]) == (422, "/upload_id")

    def test_an_upload_there_is_not_is_a_404(self, user: User) -> None:
        before = user.get().body
        assert set_picture(user, NOBODY).status == 404
        assert set_picture(user, create_upload(user).body["upload_id"]).status == 404, "nothing has arrived yet"
        assert user.get().body == before

    def test_another_s_upload_is_a_404_and_stays_theirs(self, user: User, other: User) -> None:
        theirs, before = upload_file(other), user.get().body
        assert set_picture(user, theirs).status == 404
        assert user.get().body == before
        assert "uploads" in list_stored_kinds(other)
        assert set_picture(other, theirs).status == 200

    def test_a_choice_that_is_repeated_changes_nothing(self, user: User) -> None:
        upload_id = upload_file(user)
        once, twice = set_picture(user, upload_id), set_picture(user, upload_id)
        assert (once.status, once.body) == (twice.status, twice.body)
        assert list_stored_kinds(user) == ["pictures"]

    def test_a_choice_that_comes_twice_at_once_is_one(self, user: User) -> None:
        upload_id, before = upload_file(user), user.get().body["version"]
        with ThreadPoolExecutor(4) as threads:
            answers = list(threads.map(lambda _: set_picture(user, upload_id), range(4)))
        assert {answer.status for answer in answers} in ({200}, {200, 409})
        assert all(is_busy(answer) for answer in answers if answer.status == 409)
        assert set_picture(user, upload_id).status == 200
        assert user.get().body["version"] == before + 1
        assert list_stored_kinds(user) == ["pictures"]

    def test_of_choices_at_once_one_stays_and_the_others_are_told(self, user: User) -> None:
        uploads = [upload_file(user, make_image(size=(20 + number, 20))) for number in range(5)]
        before = user.get().body["version"]
        with ThreadPoolExecutor(5) as threads:
            answers = list(threads.map(lambda upload_id: set_picture(user, upload_id), uploads))
        done = [answer.body for answer in answers if answer.status == 200]
        assert done
        assert {answer.status for answer in answers} <= {200, 409}
        assert any(is_busy(answer) for answer in answers)
        now = user.get().body
        assert now["version"] == before + len(done)
        assert now in done
        assert open_image(download_picture(user)).width == now["picture"]["width"]
        assert list_stored_kinds(user).count("pictures") == 1
        for upload_id, answer in zip(uploads, answers, strict=True):
            if answer.status == 409:
                assert set_picture(user, upload_id).status == 200, "who was told so may try again"
        assert list_stored_kinds(user) == ["pictures"]

    def test_an_upload_is_used_once(self, user: User) -> None:
        first, second = upload_file(user, make_image(size=(30, 30))), upload_file(user, make_image(size=(40, 40)))
        assert (set_picture(user, first).status, set_picture(user, second).status) == (200, 200)
        assert set_picture(user, first).status == 404
        assert user.get().body["picture"]["width"] == 40
        assert list_stored_kinds(user) == ["pictures"]

    def test_what_is_sent_again_after_it_was_chosen_changes_nothing(self, user: User) -> None:
        form = create_upload(user).body
        post_form(form, make_image(size=(30, 30)))
        before = set_picture(user, form["upload_id"]).body
        assert post_form(form, make_image(size=(40, 40))).status_code == 204, "the form is good until it expires"
        assert set_picture(user, form["upload_id"]).body == user.get().body == before
        assert open_image(download_picture(user)).width == 30
        assert list_stored_kinds(user) == ["pictures"]

    def test_a_stale_version_changes_nothing_and_the_upload_stays(self, user: User) -> None:
        delete_picture(user)
        upload_id, tag = upload_file(user), user.get().headers["ETag"]
        for stale in ({"If_Match": '"1000000"'}, {"If_None_Match": tag}, {"If_None_Match": "*"}):
            assert set_picture(user, upload_id, **stale).status == 412
            assert delete_picture(user, **stale).status == 412
        assert list_stored_kinds(user) == ["uploads"]
        assert set_picture(user, upload_id, If_Match=tag).status == 200
        assert delete_picture(user, If_Match=tag).status == 412
        assert list_stored_kinds(user) == ["pictures"]

    def test_a_profile_with_a_picture_is_edited_as_before(self, user: User) -> None:
        profile = set_picture(user, upload_file(user)).body
        edited = user.put({**profile, "name": "Jane R. Roe"})
        assert (edited.status, edited.body["picture"]) == (200, profile["picture"])
        for changed in (None, {**profile["picture"], "width": 1}, {"content_type": "image/gif"}, "x"):
            refused = user.put({**edited.body, "picture": changed})
            assert (refused.status, [it["pointer"] for it in refused.body["errors"]]) == (422, ["/picture"])
        assert user.get().body == edited.body

    def test_to_remove_what_is_not_there_changes_nothing(self, user: User) -> None:
        delete_picture(user)
        before = user.get().body
        assert (delete_picture(user).status, delete_picture(user).body) == (200, before)
