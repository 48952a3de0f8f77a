"""Files with the state of a stack: binary values, and rejection of other files."""

from typing import Any

import pytest

from local.console_operations_client import ConsoleOperationsClient
from local.web_console.replies import RequestRejected
from local.web_console.state_file import (
    FORMAT,
    VERSION,
    StateStore,
    decode_value,
    encode_item,
    parse_file,
    split_into_batches,
)
from tests.unit.local.test_stack_file import STACK

ITEM = {
    "user_id": {"S": "a"},
    "B": {"S": "an attribute with the name of a type"},
    "picture": {"M": {"hash": {"B": b"\x00\xff"}, "sizes": {"L": [{"N": "1"}, {"BS": [b"x", b"y"]}]}}},
}


def test_binary_values_are_restored() -> None:
    encoded = encode_item({**ITEM, "picture": {"M": {"hash": {"B": b"\x00\xff"}}}})
    assert encoded["picture"] == {"M": {"hash": {"B": "AP8="}}}
    assert decode_value(encode_item(ITEM)) == ITEM


@pytest.mark.parametrize(
    "content",
    [
        None,
        [],
        {},
        {"format": "other", "version": VERSION},
        {"format": FORMAT, "version": VERSION + 1},
        {"format": FORMAT, "version": VERSION, "users": {}, "tables": {}},
        {"format": FORMAT, "version": VERSION, "users": [], "tables": {}, "objects": []},
    ],
)
def test_other_file_is_rejected_before_anything_is_deleted(content: Any) -> None:
    with pytest.raises(RequestRejected):
        StateStore(STACK, ConsoleOperationsClient(STACK)).replace(content)


@pytest.mark.parametrize("body", [b"", b"\xff\xd8\xff", b"not JSON"])
def test_file_that_is_not_json_is_rejected(body: bytes) -> None:
    with pytest.raises(RequestRejected, match="The file was not exported by this console"):
        parse_file(body)


def test_values_are_split_into_batches() -> None:
    assert list(split_into_batches(range(5), 2)) == [[0, 1], [2, 3], [4]]
    assert list(split_into_batches([], 2)) == []
