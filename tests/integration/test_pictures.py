"""Profile pictures, on `chalice local` and the embedded S3."""

from collections.abc import Callable

import pytest

from local.emulator_clients import emulator_client
from tests.support.picture_client import list_stored_kinds, set_picture, upload_file
from tests.support.picture_suite import PictureSuite
from tests.support.users import User


@pytest.fixture(scope="module")
def user(new_user: Callable[..., User]) -> User:
    return new_user()


@pytest.fixture(scope="module")
def other(new_user: Callable[..., User]) -> User:
    return new_user()


class TestLocal(PictureSuite):
    """On `chalice local`."""


def test_a_picture_of_a_user_without_a_profile_heals_it(new_user: Callable[..., User]) -> None:
    user = new_user()
    upload_id = upload_file(user)
    stack = user.client.stack
    emulator_client("dynamodb", stack).delete_item(TableName=stack.table, Key={"user_id": {"S": user.sub}})
    chosen = set_picture(user, upload_id)
    assert (chosen.status, chosen.body["version"], chosen.body["name"]) == (200, 2, "Jane Roe")
    assert list_stored_kinds(user) == ["pictures"]
