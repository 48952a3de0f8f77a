"""The names under which browsers save downloaded files."""

from urllib.parse import unquote

import pytest

from chalicelib.files.download_names import add_extension, format_content_disposition
from chalicelib.files.models import FileType

OWN_NAMES = [
    (FileType.PDF, "report.pdf"),
    (FileType.PDF, "REPORT.PDF"),
    *((FileType.JPEG, f"scan.{extension}") for extension in ("jpg", "jpeg", "jpe", "jfif", "JPG")),
    (FileType.PNG, "scan.png"),
    (FileType.WEBP, "scan.webp"),
    *((FileType.TEXT, f"notes.{extension}") for extension in ("txt", "text", "log", "md")),
    (FileType.CSV, "values.csv"),
    *((FileType.DICOM, f"IM000001.{extension}") for extension in ("dcm", "dicom")),
    (FileType.FHIR_JSON, "patient.fhir.json"),
]
OTHER_NAMES = [
    (FileType.TEXT, "report.hta", "report.hta.txt"),
    (FileType.TEXT, "report.html", "report.html.txt"),
    (FileType.TEXT, "values.csv", "values.csv.txt"),
    (FileType.CSV, "values.bat", "values.bat.csv"),
    (FileType.PDF, "report.pdf.exe", "report.pdf.exe.pdf"),
    (FileType.PDF, "report.pdf.", "report.pdf..pdf"),
    (FileType.PDF, "report.pdf\u200d", "report.pdf\u200d.pdf"),
    (FileType.PDF, "pdf", "pdf.pdf"),
    (FileType.DICOM, "IM000001", "IM000001.dcm"),
    (FileType.JPEG, "Röntgen 2026", "Röntgen 2026.jpg"),
    (FileType.FHIR_JSON, "patient.fhir", "patient.fhir.json"),
    (FileType.PNG, "scan.svg", "scan.svg.png"),
    (FileType.WEBP, "scan", "scan.webp"),
]


@pytest.mark.parametrize(("file_type", "name"), OWN_NAMES)
def test_name_with_an_extension_of_its_type_is_unchanged(file_type: FileType, name: str) -> None:
    assert add_extension(name, file_type) == name


@pytest.mark.parametrize(("file_type", "name", "expected"), OTHER_NAMES)
def test_name_with_another_extension_gets_that_of_its_type(file_type: FileType, name: str, expected: str) -> None:
    assert add_extension(name, file_type) == expected


@pytest.mark.parametrize(
    ("name", "ascii_name", "encoded"),
    [
        ("a.pdf", "a.pdf", "a.pdf"),
        ("Blood test (1).pdf", "Blood test (1).pdf", "Blood%20test%20%281%29.pdf"),
        ('a"b\\c%d.pdf', "a_b_c_d.pdf", "a%22b%5Cc%25d.pdf"),
        ("März.pdf", "M_rz.pdf", "M%C3%A4rz.pdf"),
        ("🩺.pdf", "_.pdf", "%F0%9F%A9%BA.pdf"),
        ("a;b'c*d.pdf", "a;b'c*d.pdf", "a%3Bb%27c%2Ad.pdf"),
    ],
)
def test_content_disposition_has_both_forms_of_a_name(name: str, ascii_name: str, encoded: str) -> None:
    """RFC 6266: filename for old clients, filename* for all others."""
    header = format_content_disposition(name, FileType.PDF)
    assert header == f"attachment; filename=\"{ascii_name}\"; filename*=UTF-8''{encoded}"
    assert header.isascii()
    assert unquote(encoded) == name


@pytest.mark.parametrize(
    ("name", "shortened"),
    [
        ("x" * 251 + ".pdf", "x" * 251 + ".pdf"),
        ("x" * 255, "x" * 251 + ".pdf"),
        ("ক" * 251 + ".pdf", "ক" * 83 + ".pdf"),
        ("🩺" * 252 + ".PDF", "🩺" * 62 + ".PDF"),
    ],
    ids=["255 bytes", "without an extension", "three bytes per character", "four bytes per character"],
)
def test_long_name_is_shortened_to_255_bytes(name: str, shortened: str) -> None:
    """It keeps its extension, by which programs open the file."""
    assert unquote(format_content_disposition(name, FileType.PDF).partition("UTF-8''")[2]) == shortened


def test_both_forms_of_a_name_have_the_extension() -> None:
    header = format_content_disposition("report.hta", FileType.TEXT)
    assert header == "attachment; filename=\"report.hta.txt\"; filename*=UTF-8''report.hta.txt"
