"""The check that the content of a file has its announced type."""

import random
from typing import Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.files.models import MAX_FILE_BYTES, FileType
from chalicelib.files.signatures import has_content_of
from tests.support.sample_files import (
    EICAR,
    FOREIGN_FILES,
    MISMATCHES,
    RAR,
    SAMPLES,
    SEVEN_ZIP,
    VALID_FILES,
    make_zip,
    make_zip64_end,
    make_zip_end,
)

# Parts of formats, at which mutations of files are most likely to reach an unusual branch.
PARTS: Final = (
    make_zip(),
    make_zip_end(),
    make_zip_end(entries=0xFFFF, size=2**32 - 1, offset=2**32 - 1),
    make_zip64_end(),
    make_zip64_end(disks=2),
    *(b"PK\x05\x06", b"PK\x06\x07", b"PK\x01\x02", RAR, SEVEN_ZIP, b"%PDF-", b"%%EOF", b"\xff\xd9", b"\xef\xbb\xbf"),
    *(b"{" * 300, b"[" * 300, b'"', b"\\ud800", b"\\", b"1e999", b"-", b"\x00", b"\xff", b"9" * 5000),
)
# Filled up to 50 MiB by repetition, between the begin and the end of a file.
FILLINGS: Final = {
    "zeros": bytes(1),
    "end records": b"PK\x05\x06",
    "overlapping end records": b"PK\x05\x06\x01\x00\x00\x00",
    "locators": b"PK\x06\x07",
    "starts of a signature": b"PK",
    "directories": b"PK\x01\x02",
    "RAR": b"Rar!\x1a",
    "7-Zip": b"7z\xbc\xaf\x27",
    "random bytes": random.Random(1).randbytes(1024**2),
}


@pytest.mark.parametrize(("file_type", "description"), VALID_FILES, ids=str)
def test_valid_file_is_accepted(file_type: FileType, description: str) -> None:
    assert has_content_of(file_type, VALID_FILES[file_type, description])


@pytest.mark.parametrize(("file_type", "description"), MISMATCHES, ids=str)
def test_other_content_is_rejected(file_type: FileType, description: str) -> None:
    assert not has_content_of(file_type, MISMATCHES[file_type, description])


def test_samples_cover_every_type() -> None:
    assert set(SAMPLES) == set(FileType)


@pytest.mark.parametrize("file_type", FileType)
def test_file_has_one_type(file_type: FileType) -> None:
    """A resource is text, and text is CSV with one column."""
    texts = {FileType.TEXT, FileType.CSV}
    expected = {file_type} | (texts if file_type in {*texts, FileType.FHIR_JSON} else set())
    assert {other for other in FileType if has_content_of(other, SAMPLES[file_type])} == expected


@pytest.mark.parametrize("description", FOREIGN_FILES)
def test_file_of_no_type_is_rejected_as_any(description: str) -> None:
    assert [file_type for file_type in FileType if has_content_of(file_type, FOREIGN_FILES[description])] == []


@pytest.mark.parametrize("content", [b"", b"a text"])
def test_text_is_rejected_as_another_type(content: bytes) -> None:
    assert {file_type for file_type in FileType if has_content_of(file_type, content)} == {FileType.TEXT, FileType.CSV}


@pytest.mark.parametrize("file_type", [FileType.TEXT, FileType.CSV])
def test_malware_is_found_by_the_scan_only(file_type: FileType) -> None:
    assert has_content_of(file_type, EICAR)


@pytest.mark.parametrize("part", [b"[]", b"{}"])
def test_resource_with_too_many_parts_is_rejected(part: bytes) -> None:
    """Parsing 50 MiB of empty lists would need more memory than the function has."""
    content = b'{"resourceType":"Bundle","entry":[' + (part + b",") * 4_000_000 + part + b"]}"
    is_accepted = has_content_of(FileType.FHIR_JSON, content)  # in a variable: pytest would print the content
    assert not is_accepted


@pytest.mark.long
@pytest.mark.parametrize("filling", FILLINGS)
def test_largest_file_is_accepted_or_rejected(filling: str) -> None:
    """The number of end records that are examined is limited, so that a hostile file cannot delay its check."""
    sample, part = SAMPLES[FileType.JPEG], FILLINGS[filling]
    content = sample[:-2] + part * ((MAX_FILE_BYTES - len(sample)) // len(part)) + sample[-2:]
    is_accepted = has_content_of(FileType.JPEG, content)  # in a variable: pytest would print the content
    assert is_accepted is ("end records" not in filling)


@pytest.mark.long
@pytest.mark.parametrize("part", [b"<", b" ", b"<scripted "])
def test_largest_text_is_checked_in_linear_time(part: bytes) -> None:
    is_accepted = has_content_of(FileType.TEXT, part * (MAX_FILE_BYTES // len(part)))
    assert is_accepted


@given(
    file_type=st.sampled_from(FileType),
    position=st.integers(0, 2000),
    removed=st.integers(0, 100),
    inserted=st.lists(st.sampled_from(PARTS) | st.binary(max_size=40), max_size=4),
)
def test_mutated_file_is_accepted_or_rejected(
    file_type: FileType, position: int, removed: int, inserted: list[bytes]
) -> None:
    """After an exception, the file would never be accepted or rejected."""
    sample = SAMPLES[file_type]
    start = position % (len(sample) + 1)
    mutated = sample[:start] + b"".join(inserted) + sample[start + removed :]
    assert has_content_of(file_type, mutated) in (True, False)


@pytest.mark.parametrize("position", range(4, 21))
def test_overlapping_end_record_hides_no_archive(position: int) -> None:
    """A record without a directory that begins some bytes earlier overlaps the valid one."""
    content = SAMPLES[FileType.JPEG] + make_zip()
    end = content.rindex(b"PK\x05\x06") - position
    assert not has_content_of(FileType.JPEG, content[:end] + b"PK\x05\x06" + content[end + 4 :])
