"""The check that the content of a file has its announced type."""

import pytest

from chalicelib.files.models import FileType
from chalicelib.files.signatures import has_content_of
from tests.support.sample_files import EICAR, FOREIGN_FILES, MISMATCHES, SAMPLES, VALID_FILES


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
