"""What AWS may answer to a page of reconciliation, and the emulator never does."""

from typing import Any

import pytest
from botocore.exceptions import ClientError

from chalicelib.errors import BackendFailed, Unavailable
from chalicelib.repository import ProfileRepository
from chalicelib.user_pool import CursorExpired, UserPool


class Table:
    """A DynamoDB that leaves the last key of each request open, so many times."""

    def __init__(self, leaves_open: int) -> None:
        self.leaves_open = leaves_open
        self.requests = 0

    def batch_get_item(self, RequestItems: dict[str, Any]) -> dict[str, Any]:  # noqa: N803
        self.requests += 1
        keys = RequestItems["Users"]["Keys"]
        self.leaves_open -= 1
        done, left = (keys[:-1], keys[-1:]) if self.leaves_open >= 0 else (keys, [])
        unprocessed = {"Users": {**RequestItems["Users"], "Keys": left}} if left else {}
        return {"Responses": {"Users": done}, "UnprocessedKeys": unprocessed}


def existing(table: Any) -> set[str]:
    return ProfileRepository(table, "Users").existing(["a", "b", "c"])


@pytest.mark.parametrize(("leaves_open", "requests"), [(0, 1), (1, 2)])
def test_what_dynamodb_leaves_open_is_asked_for_once_more(leaves_open: int, requests: int) -> None:
    table = Table(leaves_open)
    assert existing(table) == {"a", "b", "c"}
    assert table.requests == requests


def test_what_stays_open_ends_the_run_rather_than_being_asked_for_for_ever() -> None:
    table = Table(leaves_open=1_000)
    with pytest.raises(Unavailable):
        existing(table)
    assert table.requests == 2


class Pool:
    """A Cognito that finds fault with every page."""

    def list_users(self, **_: Any) -> Any:
        response: Any = {
            "Error": {"Code": "InvalidParameterException", "Message": ""},
            "ResponseMetadata": {"HTTPStatusCode": 400},
        }
        raise ClientError(response, "ListUsers")


def test_a_cursor_that_is_refused_has_expired_and_a_first_page_has_none_to_expire() -> None:
    pool: Any = Pool()
    with pytest.raises(CursorExpired):
        UserPool(lambda: pool, "pool").list_page("cursor")
    with pytest.raises(BackendFailed):
        UserPool(lambda: pool, "pool").list_page(None)
