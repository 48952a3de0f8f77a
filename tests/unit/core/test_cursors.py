"""Cursors of paged lists."""

import base64

import pytest

from chalicelib.core.cursors import decode_cursor, encode_cursor
from chalicelib.core.errors import BadRequest


@pytest.mark.parametrize("entry", ["", "a", "ab", "abc", "019ad0e5-7c00-7000-8000-000000000001", "é/ü"])
def test_cursor_names_its_entry(entry: str) -> None:
    assert decode_cursor(encode_cursor(entry)) == entry


@pytest.mark.parametrize("entry", ["a", "ab", "abc", "???>>>"])
def test_cursor_needs_no_encoding_in_a_url(entry: str) -> None:
    assert not set(encode_cursor(entry)) & set("+/=&?#% ")


@pytest.mark.parametrize(
    "cursor",
    [
        "x",
        "!!!!",
        "été",
        "djE6YQ==\n",
        base64.urlsafe_b64encode(b"no prefix").decode(),
        base64.urlsafe_b64encode(b"v2:other version").decode(),
        base64.urlsafe_b64encode(b"v1:\xff\xfe").decode(),
        "\ud800",
    ],
    ids=ascii,
)
def test_other_text_is_a_bad_request(cursor: str) -> None:
    with pytest.raises(BadRequest, match="must be the next_cursor of a page"):
        decode_cursor(cursor)
