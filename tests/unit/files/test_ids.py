"""The ids of files."""

import uuid
from datetime import UTC, datetime, timedelta

import pytest

from chalicelib.files.ids import create_file_id, get_creation_time, is_file_id

NOW = datetime(2026, 11, 29, 10, tzinfo=UTC)
VALID = "019ad0e5-7c00-7000-8000-000000000001"


def test_id_is_a_uuid_of_version_7() -> None:
    file_id = uuid.UUID(create_file_id(NOW))
    assert (file_id.version, file_id.variant) == (7, uuid.RFC_4122)
    assert get_creation_time(str(file_id)) == int(NOW.timestamp() * 1000)


def test_ids_sort_by_their_time() -> None:
    times = [NOW + timedelta(milliseconds=number) for number in range(100)]
    ids = [create_file_id(time) for time in times]
    assert ids == sorted(ids)


def test_ids_of_the_same_time_differ() -> None:
    assert len({create_file_id(NOW) for _ in range(1000)}) == 1000


def test_created_id_is_valid() -> None:
    assert all(is_file_id(create_file_id(NOW)) for _ in range(100))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "x",
        VALID.upper(),
        VALID + "\n",
        VALID + "/other",
        "../" + VALID,
        VALID.replace("-7000-", "-4000-"),
        VALID.replace("-8000-", "-c000-"),
        VALID.replace("-", ""),
        VALID.replace("1", "١"),
    ],
    ids=ascii,
)
def test_other_text_is_not_an_id(text: str) -> None:
    assert is_file_id(VALID)
    assert not is_file_id(text)
