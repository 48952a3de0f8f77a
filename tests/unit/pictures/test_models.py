"""Bodies of requests for an upload."""

import pytest

from chalicelib.core.errors import FieldError, UnprocessableContent
from chalicelib.core.validation import parse_body
from chalicelib.pictures.models import MAX_PICTURE_BYTES, CreateUploadRequest


@pytest.mark.parametrize(
    ("size", "rule"),
    [
        (MAX_PICTURE_BYTES + 1, "must be at most 5 MiB (5242880 bytes)"),
        *[(size, "must be a number of bytes, 1 or more") for size in (0, -1, 1.5, True, "10", None)],
    ],
)
def test_upload_of_invalid_size_is_rejected_by_its_rule(size: object, rule: str) -> None:
    with pytest.raises(UnprocessableContent) as caught:
        parse_body(CreateUploadRequest, {"content_type": "image/png", "size": size})
    assert caught.value.errors == (FieldError("/size", rule),)
