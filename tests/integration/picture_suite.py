"""What holds for pictures wherever the API is: on `chalice local` and deployed."""

import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from urllib.parse import urljoin

import pytest
import requests
from PIL import Image

from tests.hostile_images import HOSTILE
from tests.images import FORMATS, PLACE, as_taken, encoded, opened, picture
from tests.integration.conftest import User
from tests.integration.pictures import ask, choose, is_busy, kept, remove, send, show, shown, uploaded

NOBODY = "0000000a-0000-4000-8000-00000000000b"
MEBIBYTE = 1024 * 1024
BOMB = encoded(Image.new("1", (25_001, 1_000)), "image/png")
NOT_PICTURES = {
    "text": ("image/jpeg", b"<script>alert(1)</script>"),
    "another type than was said": ("image/jpeg", picture("image/png")),
    "a beginning alone": ("image/jpeg", picture()[:300]),
    "the right first bytes and a page": ("image/png", b"\x89PNG\r\n\x1a\n<html>"),
    "a decompression bomb": ("image/png", BOMB),
    "an SVG": ("image/webp", b"<svg xmlns='http://www.w3.org/2000/svg'/>"),
}


class PictureSuite:
    """Wants the fixtures `user` and `other`. Each test leaves a picture or none, and no upload."""

    @pytest.mark.parametrize("content_type", FORMATS)
    def test_a_file_is_uploaded_chosen_seen_and_removed(self, user: User, content_type: str) -> None:
        before = user.get().body["version"]
        chosen = choose(user, uploaded(user, picture(content_type, (320, 200)), content_type))
        assert (chosen.status, chosen.headers["ETag"]) == (200, f'"{before + 1}"')
        told = chosen.body["picture"]
        assert {**told, "size": 0, "updated_at": ""} == {
            "content_type": content_type, "size": 0, "width": 320, "height": 200, "updated_at": "",
        }  # fmt: skip
        assert told["updated_at"] == chosen.body["updated_at"]
        assert user.get().body == chosen.body
        image = opened(shown(user))
        assert (image.format, image.size) == (FORMATS[content_type], (320, 200))
        assert len(shown(user)) == told["size"]
        assert kept(user) == ["pictures"]
        removed = remove(user)
        assert (removed.status, removed.body["picture"], removed.body["version"]) == (200, None, before + 2)
        assert kept(user) == []
        assert show(user).status == 404

    def test_nobody_is_told_where_it_is_kept(self, user: User) -> None:
        upload_id = uploaded(user)
        assert upload_id not in str(choose(user, upload_id).body)
        assert upload_id not in str(user.get().body)

    def test_the_answer_tells_where_the_profile_is(self, user: User) -> None:
        chosen = choose(user, uploaded(user))
        place = urljoin("https://x/stage/users/me/picture", chosen.headers["Content-Location"])
        assert place == f"https://x/stage/users/{user.sub}"

    def test_what_a_camera_writes_into_a_file_is_gone_and_the_picture_upright(self, user: User) -> None:
        photo = picture(size=(64, 48), **as_taken(orientation=6))
        assert PLACE.encode() in photo
        told = choose(user, uploaded(user, photo)).body["picture"]
        assert (told["width"], told["height"]) == (48, 64)
        content = shown(user)
        image = opened(content)
        assert not image.getexif()
        assert not [mark for mark in (b"Exif", b"xmp", b"ICC", PLACE.encode(), b"Jane") if mark in content]
        red, blue = image.getpixel((24, 5)), image.getpixel((24, 58))
        assert isinstance(red, tuple)
        assert isinstance(blue, tuple)
        assert red[0] > 200 > red[2]
        assert blue[2] > 200 > blue[0]

    def test_what_stands_behind_the_picture_is_gone(self, user: User) -> None:
        assert choose(user, uploaded(user, picture() + b"<script>alert(1)</script>")).status == 200
        assert b"script" not in shown(user)

    def test_a_url_says_what_it_is_and_does_not_last(self, user: User) -> None:
        choose(user, uploaded(user, picture("image/webp"), "image/webp"))
        told = show(user).body
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
        choose(user, uploaded(user))
        before, (content_type, content) = user.get().body, NOT_PICTURES[name]
        refused = choose(user, uploaded(user, content, content_type))
        assert refused.status == 422
        assert refused.body["errors"][0]["pointer"] == "/upload_id"
        assert refused.body["errors"][0]["detail"].startswith("the file must ")
        assert user.get().body == before
        assert kept(user) == ["pictures"]
        assert opened(shown(user))

    @pytest.mark.parametrize("name", HOSTILE)
    def test_hostile_file_is_refused_and_removed(self, user: User, name: str) -> None:
        before, (content_type, content) = user.get().body, HOSTILE[name]
        refused = choose(user, uploaded(user, content, content_type))
        assert (refused.status, refused.body["errors"][0]["pointer"]) == (422, "/upload_id")
        assert "EXIF data" in refused.body["errors"][0]["detail"]
        assert user.get().body == before
        assert "uploads" not in kept(user)

    @pytest.mark.parametrize(
        ("content", "changed", "status"),
        [
            (b"x" * (5 * MEBIBYTE + 1), {}, 400),
            (b"", {}, 400),
            (picture(), {"Content-Type": "text/html"}, 403),
            (picture(), {"key": "uploads/another/one"}, 403),
            (picture(), {"acl": "public-read"}, 403),
            (picture(), {"success_action_redirect": "https://evil.example"}, 403),
        ],
    )
    def test_s3_takes_only_what_was_asked_for(
        self, user: User, content: bytes, changed: dict[str, str], status: int
    ) -> None:
        remove(user)
        before = kept(user)
        assert send(ask(user).body, content, **changed).status_code == status
        assert kept(user) == before

    def test_an_upload_lasts_a_few_minutes_and_says_its_limits(self, user: User) -> None:
        asked = ask(user, "image/png", 5 * MEBIBYTE)
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
        answer = user.session.call("POST", "/users/me/picture", user.token, body)
        assert answer.status == 422
        assert [error["pointer"] for error in answer.body["errors"]] == pointers

    @pytest.mark.parametrize("upload_id", [None, 5, "", "../" * 4, "x" * 36, NOBODY.upper(), [NOBODY]])
    def test_what_is_no_upload_s_id_is_refused(self, user: User, upload_id: Any) -> None:
        answer = choose(user, upload_id)
        assert (answer.status, answer.body["errors"][0]["pointer"]) == (422, "/upload_id")

    def test_an_upload_there_is_not_is_a_404(self, user: User) -> None:
        before = user.get().body
        assert choose(user, NOBODY).status == 404
        assert choose(user, ask(user).body["upload_id"]).status == 404, "nothing has arrived yet"
        assert user.get().body == before

    def test_another_s_upload_is_a_404_and_stays_theirs(self, user: User, other: User) -> None:
        theirs, before = uploaded(other), user.get().body
        assert choose(user, theirs).status == 404
        assert user.get().body == before
        assert "uploads" in kept(other)
        assert choose(other, theirs).status == 200

    def test_a_choice_that_is_repeated_changes_nothing(self, user: User) -> None:
        upload_id = uploaded(user)
        once, twice = choose(user, upload_id), choose(user, upload_id)
        assert (once.status, once.body) == (twice.status, twice.body)
        assert kept(user) == ["pictures"]

    def test_a_choice_that_comes_twice_at_once_is_one(self, user: User) -> None:
        upload_id, before = uploaded(user), user.get().body["version"]
        with ThreadPoolExecutor(4) as threads:
            answers = list(threads.map(lambda _: choose(user, upload_id), range(4)))
        assert {answer.status for answer in answers} in ({200}, {200, 409})
        assert all(is_busy(answer) for answer in answers if answer.status == 409)
        assert choose(user, upload_id).status == 200
        assert user.get().body["version"] == before + 1
        assert kept(user) == ["pictures"]

    def test_of_choices_at_once_one_stays_and_the_others_are_told(self, user: User) -> None:
        uploads = [uploaded(user, picture(size=(20 + number, 20))) for number in range(5)]
        before = user.get().body["version"]
        with ThreadPoolExecutor(5) as threads:
            answers = list(threads.map(lambda upload_id: choose(user, upload_id), uploads))
        done = [answer.body for answer in answers if answer.status == 200]
        assert done
        assert {answer.status for answer in answers} <= {200, 409}
        assert any(is_busy(answer) for answer in answers)
        now = user.get().body
        assert now["version"] == before + len(done)
        assert now in done
        assert opened(shown(user)).width == now["picture"]["width"]
        assert kept(user).count("pictures") == 1
        for upload_id, answer in zip(uploads, answers, strict=True):
            if answer.status == 409:
                assert choose(user, upload_id).status == 200, "who was told so may try again"
        assert kept(user) == ["pictures"]

    def test_an_upload_is_used_once(self, user: User) -> None:
        first, second = uploaded(user, picture(size=(30, 30))), uploaded(user, picture(size=(40, 40)))
        assert (choose(user, first).status, choose(user, second).status) == (200, 200)
        assert choose(user, first).status == 404
        assert user.get().body["picture"]["width"] == 40
        assert kept(user) == ["pictures"]

    def test_what_is_sent_again_after_it_was_chosen_changes_nothing(self, user: User) -> None:
        form = ask(user).body
        send(form, picture(size=(30, 30)))
        before = choose(user, form["upload_id"]).body
        assert send(form, picture(size=(40, 40))).status_code == 204, "the form is good until it expires"
        assert choose(user, form["upload_id"]).body == user.get().body == before
        assert opened(shown(user)).width == 30
        assert kept(user) == ["pictures"]

    def test_a_stale_version_changes_nothing_and_the_upload_stays(self, user: User) -> None:
        remove(user)
        upload_id, tag = uploaded(user), user.get().headers["ETag"]
        for stale in ({"If_Match": '"1000000"'}, {"If_None_Match": tag}, {"If_None_Match": "*"}):
            assert choose(user, upload_id, **stale).status == 412
            assert remove(user, **stale).status == 412
        assert kept(user) == ["uploads"]
        assert choose(user, upload_id, If_Match=tag).status == 200
        assert remove(user, If_Match=tag).status == 412
        assert kept(user) == ["pictures"]

    def test_a_profile_with_a_picture_is_edited_as_before(self, user: User) -> None:
        profile = choose(user, uploaded(user)).body
        edited = user.put({**profile, "name": "Jane R. Roe"})
        assert (edited.status, edited.body["picture"]) == (200, profile["picture"])
        for changed in (None, {**profile["picture"], "width": 1}, {"content_type": "image/gif"}, "x"):
            refused = user.put({**edited.body, "picture": changed})
            assert (refused.status, [it["pointer"] for it in refused.body["errors"]]) == (422, ["/picture"])
        assert user.get().body == edited.body

    def test_to_remove_what_is_not_there_changes_nothing(self, user: User) -> None:
        remove(user)
        before = user.get().body
        assert (remove(user).status, remove(user).body) == (200, before)
