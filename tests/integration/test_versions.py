"""ETag, If-Match, If-None-Match, PATCH and HEAD, over HTTP."""

from collections.abc import Callable
from typing import Any
from urllib.request import urlopen

import pytest

from local.emulator_clients import emulator_client
from local.user_client import UserClient
from tests.support.users import User

NewUser = Callable[..., User]
EDIT = {"name": "Jane R. Roe", "dob": "1985-01-31", "gender": "Female", "blood_group": "O-"}


@pytest.fixture
def user(new_user: NewUser) -> User:
    return new_user()


def test_an_answer_names_its_version_and_where_it_is(user: User) -> None:
    for answer in (user.get(), user.put(EDIT), user.patch({"name": "Jane Roe"})):
        assert answer.headers["ETag"] == f'"{answer.body["version"]}"'
        assert answer.headers["Content-Location"] == user.sub


def test_who_has_the_version_already_gets_no_body(user: User) -> None:
    tag = user.get().headers["ETag"]
    for asked in (tag, f"W/{tag}", f'"99", {tag}', "*"):
        answer = user.get(If_None_Match=asked)
        assert (answer.status, answer.body, answer.headers["ETag"]) == (304, {}, tag)
    assert user.get(If_None_Match='"99"').status == 200


def test_a_get_of_another_version_is_refused(user: User) -> None:
    assert user.get(If_Match='"99"').status == 412
    assert user.get(If_Match="*").status == 200


@pytest.mark.parametrize("change", [lambda user, **it: user.put(EDIT, **it), lambda user, **it: user.patch(EDIT, **it)])
def test_a_stale_version_is_refused_and_changes_nothing(user: User, change: Callable[..., Any]) -> None:
    stale = user.get().headers["ETag"]
    edited = user.patch({"name": "Somebody Else"})
    answer = change(user, If_Match=stale)
    assert (answer.status, answer.body["title"]) == (412, "Precondition Failed")
    assert user.get().body == edited.body


@pytest.mark.parametrize("change", [lambda user, **it: user.put(EDIT, **it), lambda user, **it: user.patch(EDIT, **it)])
def test_a_current_version_is_changed_once(user: User, change: Callable[..., Any]) -> None:
    tag = user.get().headers["ETag"]
    assert change(user, If_Match=f'"99", {tag}').status == 200
    assert change(user, If_Match=tag).status == 412


@pytest.mark.parametrize(
    "headers", [{"If_Match": '"99"'}, {"If_Match": 'W/"1"'}, {"If_None_Match": "*"}, {"If_None_Match": '"1"'}]
)
def test_a_precondition_that_does_not_hold_changes_nothing(user: User, headers: dict[str, str]) -> None:
    assert user.put(EDIT, **headers).status == 412
    assert user.patch({"name": "X"}, **headers).status == 412
    assert user.patch({}, **headers).status == 412
    assert user.get().body["version"] == 1


def test_a_precondition_is_asked_of_a_healed_profile(session: UserClient, user: User) -> None:
    dynamodb = emulator_client("dynamodb", session.stack)
    dynamodb.delete_item(TableName=session.stack.table, Key={"user_id": {"S": user.sub}})
    assert user.put(EDIT, If_Match="*").status == 200


def test_a_stale_version_is_told_before_what_is_wrong_with_the_body(user: User) -> None:
    assert user.put({"name": ""}, If_Match='"99"').status == 412
    assert user.put({"name": ""}, If_Match='"1"').status == 422


def test_a_repeated_put_is_no_second_change(user: User) -> None:
    first, again = user.put(EDIT), user.put(EDIT)
    assert first.body["version"] == 2
    assert again.body == first.body


def test_the_round_trip_of_an_untouched_body_with_one_edit(user: User) -> None:
    answer = user.get()
    edited = user.put({**answer.body, "name": "Jane R. Roe"}, If_Match=answer.headers["ETag"])
    assert (edited.status, edited.body["name"], edited.body["version"]) == (200, "Jane R. Roe", 2)


def test_a_patch_changes_what_it_names_and_nothing_else(user: User) -> None:
    before = user.get().body
    after = user.patch({"gender": "other"}).body
    mine = ("gender", "updated_at", "version")
    assert {**after, **{name: before[name] for name in mine}} == before
    assert (after["gender"], after["version"]) == ("Other", 2)


def test_an_empty_patch_changes_nothing(user: User) -> None:
    before = user.get()
    answer = user.patch({})
    assert (answer.status, answer.body) == (200, before.body)


@pytest.mark.parametrize("field", ["id", "email", "email_verified", "created_at"])
def test_a_patch_does_not_change_what_the_server_owns(user: User, field: str) -> None:
    answer = user.patch({field: None})
    assert (answer.status, answer.body["errors"][0]["pointer"]) == (422, f"/{field}")


def test_a_patch_heals(session: UserClient, user: User) -> None:
    dynamodb = emulator_client("dynamodb", session.stack)
    dynamodb.delete_item(TableName=session.stack.table, Key={"user_id": {"S": user.sub}})
    answer = user.patch({"name": "Jane R. Roe"})
    assert (answer.status, answer.body["dob"], answer.body["version"]) == (200, "1985-01-31", 2)


def test_head_answers_what_get_would_without_the_body(user: User) -> None:
    head, get = user.client.call("HEAD", "/users/me", user.token), user.get()
    assert (head.status, head.body) == (200, {})
    for name in ("Content-Type", "ETag", "Cache-Control", "Content-Location"):
        assert head.headers[name] == get.headers[name]


def test_a_problem_s_type_can_be_looked_up(user: User) -> None:
    problem = user.get("another").body
    place, _, section = problem["type"].partition("#")
    assert place == f"{user.client.stack.api_url}/problems"
    connection = urlopen(place, timeout=10)
    assert f'id="{section}"' in connection.read().decode()
    connection.close()
