"""The rules of the fields of a file."""

import unicodedata
from typing import Any, Final

import pytest

from chalicelib.core.errors import FieldError, UnprocessableContent
from chalicelib.core.validation import parse_body
from chalicelib.files.models import MAX_FILE_BYTES, CreateFileRequest, FileCategory, FilePatch, FileStatus, FileType
from tests.support.file_contracts import build_file

BODY: Final[dict[str, Any]] = {
    "name": "blood-test.pdf",
    "content_type": "application/pdf",
    "size": 2048,
    "sha256": "0a" * 32,
    "category": "lab-report",
}
EMPTY: Final = "must not be empty"
PATH: Final = "must be a file name without a path"
BLANK: Final = "must contain a visible character"
INVISIBLE: Final = "must not contain control or invisible characters"
LENGTH: Final = "must be at most 255 characters long"
SHA256: Final = "must be a SHA-256 checksum of 64 hexadecimal digits"
SIZE: Final = "must be a number of bytes, 1 or more"
MAX_SIZE: Final = "must be at most 50 MiB (52428800 bytes)"


def parse(**changes: Any) -> CreateFileRequest:
    return parse_body(CreateFileRequest, {**BODY, **changes})


def list_errors(model: type[CreateFileRequest] | type[FilePatch], body: Any) -> tuple[FieldError, ...]:
    with pytest.raises(UnprocessableContent) as failure:
        parse_body(model, body)
    return failure.value.errors


@pytest.mark.parametrize(
    ("name", "stored"),
    [
        ("blood-test.pdf", "blood-test.pdf"),
        ("  spaces around.pdf ", "spaces around.pdf"),
        ("রক্ত পরীক্ষা.pdf", "রক্ত পরীক্ষা.pdf"),
        ("анализ крови.pdf", "анализ крови.pdf"),
        ("فحص الدم.pdf", "فحص الدم.pdf"),
        ("نامه\u200cها.pdf", "نامه\u200cها.pdf"),
        ("क्\u200dष.pdf", "क्\u200dष.pdf"),
        (unicodedata.normalize("NFD", "Blutbild März.pdf"), "Blutbild März.pdf"),
        ("🩺.png", "🩺.png"),
        ("🩺", "🩺"),
        ("7", "7"),
        ("---", "---"),
        ("#\ufe0f\u20e3", "#\ufe0f\u20e3"),
        ("\u2764\ufe0f.png", "\u2764\ufe0f.png"),
        ("1\ufe0f\u20e3 \u2764\ufe0f\u200d\U0001f525", "1\ufe0f\u20e3 \u2764\ufe0f\u200d\U0001f525"),
        ("\u845b\U000e0100.pdf", "\u845b\U000e0100.pdf"),
        ("a\"b;c%d'e.pdf", "a\"b;c%d'e.pdf"),
        ("no extension", "no extension"),
        (".hidden", ".hidden"),
        ("..a", "..a"),
        ("x" * 255, "x" * 255),
        (unicodedata.normalize("NFD", "é" * 255), "é" * 255),
    ],
    ids=ascii,
)
def test_name_is_accepted(name: str, stored: str) -> None:
    assert parse(name=name).name == stored


@pytest.mark.parametrize(
    ("name", "rule"),
    [
        ("", EMPTY),
        (" \u3000\t", EMPTY),
        (".", PATH),
        ("..", PATH),
        (" .. ", PATH),
        ("../secret.pdf", PATH),
        ("a/b.pdf", PATH),
        ("a\\b.pdf", PATH),
        ("/etc/passwd", PATH),
        ("C:\\a.pdf", PATH),
        ("a\x00.pdf", INVISIBLE),
        ("a\r\nSet-Cookie: x.pdf", INVISIBLE),
        ("a\x7f.pdf", INVISIBLE),
        ("a\x85.pdf", INVISIBLE),
        ("invoice\u202efdp.exe", INVISIBLE),
        ("a\u2066b\u2069.pdf", INVISIBLE),
        ("a\u200e.pdf", INVISIBLE),
        ("a\u200b.pdf", INVISIBLE),
        ("a\ufeff.pdf", INVISIBLE),
        ("a\u2028.pdf", INVISIBLE),
        ("a\ud800.pdf", INVISIBLE),
        ("a\ue000.pdf", INVISIBLE),
        ("\u200c", BLANK),
        ("\u200d\u200c", BLANK),
        ("\u200d \u200c", BLANK),
        ("\u0301", BLANK),
        *((char, INVISIBLE) for char in "\u115f\u1160\u3164\uffa0\u2800\u034f\u17b4\u17b5\ufe0f\U000e0100"),
        *((f"a{char}.pdf", INVISIBLE) for char in "\u115f\u1160\u3164\uffa0\u2800\u034f\u17b4\u17b5"),
        ("a\ufe0f\ufe0f.pdf", INVISIBLE),
        ("\ufe0fa.pdf", INVISIBLE),
        ("a \ufe0f.pdf", INVISIBLE),
        ("x" * 256, LENGTH),
        ("x" * 10_000, LENGTH),
        ("é" * 256, LENGTH),
        (None, "must be a string"),
        (7, "must be a string"),
        (["a.pdf"], "must be a string"),
    ],
    ids=lambda value: ascii(value)[:30],
)
def test_name_is_rejected(name: object, rule: str) -> None:
    assert list_errors(CreateFileRequest, {**BODY, "name": name}) == (("/name", rule),)
    assert list_errors(FilePatch, {"name": name}) == (("/name", rule),)


@pytest.mark.parametrize(("size", "stored"), [(1, 1), (2048.0, 2048), (MAX_FILE_BYTES, MAX_FILE_BYTES)])
def test_size_is_accepted(size: object, stored: int) -> None:
    assert parse(size=size).size == stored


@pytest.mark.parametrize(
    ("size", "rule"),
    [
        (0, SIZE),
        (-1, SIZE),
        (1.5, SIZE),
        (True, SIZE),
        ("2048", SIZE),
        (None, SIZE),
        (MAX_FILE_BYTES + 1, MAX_SIZE),
        (10**30, MAX_SIZE),
        (1e300, MAX_SIZE),
    ],
)
def test_size_is_rejected(size: object, rule: str) -> None:
    assert list_errors(CreateFileRequest, {**BODY, "size": size}) == (("/size", rule),)


def test_checksum_is_stored_in_lower_case() -> None:
    assert parse(sha256="0A" * 32).sha256 == "0a" * 32


@pytest.mark.parametrize("checksum", ["", "0a", "0a" * 33, "0g" * 32, "0a" * 32 + "\n", "٠a" * 32], ids=ascii)
def test_checksum_is_rejected(checksum: str) -> None:
    assert list_errors(CreateFileRequest, {**BODY, "sha256": checksum}) == (("/sha256", SHA256),)


@pytest.mark.parametrize("media_type", FileType)
def test_media_type_is_accepted(media_type: FileType) -> None:
    assert parse(content_type=media_type.upper()).content_type is media_type


@pytest.mark.parametrize(
    "media_type",
    [
        "text/html",
        "image/svg+xml",
        "image/gif",
        "application/zip",
        "application/json",
        "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
        "text/plain; charset=utf-8",
        "",
    ],
)
def test_other_media_type_is_rejected(media_type: str) -> None:
    errors = list_errors(CreateFileRequest, {**BODY, "content_type": media_type})
    assert errors == (("/content_type", "must be one of " + ", ".join(FileType)),)


def test_unknown_category_is_rejected() -> None:
    errors = list_errors(CreateFileRequest, {**BODY, "category": "selfie"})
    assert errors == (("/category", "must be one of " + ", ".join(FileCategory)),)


def test_each_field_is_required() -> None:
    assert {error.pointer for error in list_errors(CreateFileRequest, {})} == {f"/{name}" for name in BODY}


@pytest.mark.parametrize("field", ["id", "status", "version", "rejection", "user_id", "tagging"])
@pytest.mark.parametrize("model", [CreateFileRequest, FilePatch])
def test_unknown_field_is_rejected(model: type[CreateFileRequest] | type[FilePatch], field: str) -> None:
    body = BODY if model is CreateFileRequest else {}
    assert list_errors(model, {**body, field: "x"}) == ((f"/{field}", "is not a known field"),)


@pytest.mark.parametrize("field", ["content_type", "size", "sha256"])
def test_content_cannot_be_changed(field: str) -> None:
    assert list_errors(FilePatch, {field: BODY[field]}) == ((f"/{field}", "is not a known field"),)


@pytest.mark.parametrize(
    ("patch", "changes"),
    [
        ({}, {}),
        ({"name": "a.pdf"}, {"name": "a.pdf"}),
        ({"category": "other"}, {"category": FileCategory.OTHER}),
        ({"name": "a.pdf", "category": "imaging"}, {"name": "a.pdf", "category": FileCategory.IMAGING}),
    ],
)
def test_patch_has_the_sent_fields(patch: dict[str, str], changes: dict[str, object]) -> None:
    assert parse_body(FilePatch, patch).changes() == changes


def test_null_is_not_a_value_of_a_category() -> None:
    assert list_errors(FilePatch, {"category": None}) == (("/category", "must be a string"),)


@pytest.mark.parametrize("status", FileStatus)
def test_file_is_pending_until_the_end_of_its_check(status: FileStatus) -> None:
    is_pending = build_file().file.model_copy(update={"status": status}).is_pending
    assert is_pending is (status in ("awaiting-upload", "scanning"))
