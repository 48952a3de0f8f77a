"""ETag, If-Match, If-None-Match, PATCH and HEAD over HTTP."""

from collections.abc import Callable
from typing import Any
from urllib.request import urlopen

import pytest

from local.user_client import ApiResponse
from tests.support.data import PROFILE_BODY
from tests.support.users import User, UserFactory, delete_stored_profile

BODY = {**PROFILE_BODY, "name": "Jane R. Roe"}


def put_body(user: User, **headers: str) -> ApiResponse:
    return user.put(BODY, **headers)


def patch_body(user: User, **headers: str) -> ApiResponse:
    return user.patch(BODY, **headers)


@pytest.fixture
def user(signed_up_user: UserFactory) -> User:
    return signed_up_user()


def test_response_has_etag_and_content_location(user: User) -> None:
    for response in (user.get(), user.put(BODY), user.patch({"name": "Jane Roe"})):
        assert response.headers["ETag"] == f'"{response.body["version"]}"'
        assert response.headers["Content-Location"] == user.sub


def test_get_with_a_matching_if_none_match_is_a_304(user: User) -> None:
    tag = user.get().headers["ETag"]
    for if_none_match in (tag, f"W/{tag}", f'"99", {tag}', "*"):
        response = user.get(If_None_Match=if_none_match)
        assert (response.status, response.body, response.headers["ETag"]) == (304, {}, tag)
    assert user.get(If_None_Match='"99"').status == 200


def test_get_with_another_if_match_is_a_412(user: User) -> None:
    assert user.get(If_Match='"99"').status == 412
    assert user.get(If_Match="*").status == 200


@pytest.mark.parametrize("change", [put_body, patch_body])
def test_stale_if_match_is_a_412_and_changes_nothing(user: User, change: Callable[..., Any]) -> None:
    stale = user.get().headers["ETag"]
    edited = user.patch({"name": "Another Person"})
    response = change(user, If_Match=stale)
    assert (response.status, response.body["title"]) == (412, "Precondition Failed")
    assert user.get().body == edited.body


@pytest.mark.parametrize("change", [put_body, patch_body])
def test_if_match_of_the_current_version_succeeds_once(user: User, change: Callable[..., Any]) -> None:
    tag = user.get().headers["ETag"]
    assert change(user, If_Match=f'"99", {tag}').status == 200
    assert change(user, If_Match=tag).status == 412


@pytest.mark.parametrize(
    "headers", [{"If_Match": '"99"'}, {"If_Match": 'W/"1"'}, {"If_None_Match": "*"}, {"If_None_Match": '"1"'}]
)
def test_failed_precondition_changes_nothing(user: User, headers: dict[str, str]) -> None:
    assert user.put(BODY, **headers).status == 412
    assert user.patch({"name": "X"}, **headers).status == 412
    assert user.patch({}, **headers).status == 412
    assert user.get().body["version"] == 1


def test_precondition_applies_to_a_provisioned_profile(user: User) -> None:
    delete_stored_profile(user)
    assert user.put(BODY, If_Match="*").status == 200


def test_precondition_is_checked_before_the_body(user: User) -> None:
    assert user.put({"name": ""}, If_Match='"99"').status == 412
    assert user.put({"name": ""}, If_Match='"1"').status == 422


def test_repeated_put_changes_nothing(user: User) -> None:
    first, second = user.put(BODY), user.put(BODY)
    assert first.body["version"] == 2
    assert second.body == first.body


def test_read_edit_and_put_with_if_match_succeeds(user: User) -> None:
    response = user.get()
    edited = user.put({**response.body, "name": "Jane R. Roe"}, If_Match=response.headers["ETag"])
    assert (edited.status, edited.body["name"], edited.body["version"]) == (200, "Jane R. Roe", 2)


def test_patch_changes_only_its_fields(user: User) -> None:
    before = user.get().body
    after = user.patch({"gender": "other"}).body
    changed = ("gender", "updated_at", "version")
    assert {**after, **{name: before[name] for name in changed}} == before
    assert (after["gender"], after["version"]) == ("Other", 2)


def test_empty_patch_changes_nothing(user: User) -> None:
    before = user.get()
    response = user.patch({})
    assert (response.status, response.body) == (200, before.body)


@pytest.mark.parametrize("field", ["id", "email", "email_verified", "created_at"])
def test_patch_of_a_read_only_field_is_rejected(user: User, field: str) -> None:
    response = user.patch({field: None})
    assert (response.status, response.body["errors"][0]["pointer"]) == (422, f"/{field}")


def test_patch_provisions_a_missing_profile(user: User) -> None:
    delete_stored_profile(user)
    response = user.patch({"name": "Jane R. Roe"})
    assert (response.status, response.body["dob"], response.body["version"]) == (200, "1985-01-31", 2)


def test_head_returns_the_headers_of_get(user: User) -> None:
    head, get = user.client.call("HEAD", "/users/me", user.token), user.get()
    assert (head.status, head.body) == (200, {})
    for name in ("Content-Type", "ETag", "Cache-Control", "Content-Location"):
        assert head.headers[name] == get.headers[name]


def test_problem_type_is_a_page_of_the_api(user: User) -> None:
    problem = user.get("another").body
    url, _, section = problem["type"].partition("#")
    assert url == f"{user.client.stack.api_url}/problems"
    page = urlopen(url, timeout=10)
    assert f'id="{section}"' in page.read().decode()
    page.close()
