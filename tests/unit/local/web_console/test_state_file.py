"""Files with the state of a stack: binary values in base64, and batches of requests."""

from local.web_console.state_file import encode_item, split_into_batches
from local.web_console.state_file_check import decode_value

ITEM = {
    "user_id": {"S": "a"},
    "B": {"S": "an attribute with the name of a type"},
    "picture": {"M": {"hash": {"B": b"\x00\xff"}, "sizes": {"L": [{"N": "1"}, {"BS": [b"x", b"y"]}]}}},
    "flags": {"L": [{"BOOL": False}, {"NULL": True}, {"SS": ["x"]}, {"NS": ["1", "-2.5"]}]},
}


def test_binary_values_are_restored() -> None:
    encoded = encode_item({**ITEM, "picture": {"M": {"hash": {"B": b"\x00\xff"}}}})
    assert encoded["picture"] == {"M": {"hash": {"B": "AP8="}}}
    assert decode_value({"M": encode_item(ITEM)}, "") == {"M": ITEM}


def test_values_are_split_into_batches() -> None:
    assert list(split_into_batches(range(5), 2)) == [[0, 1], [2, 3], [4]]
    assert list(split_into_batches([], 2)) == []
