"""The check that a file's content has the announced type.

A file must be valid as one type only: a PDF that is also a web page or an archive is rejected. Libraries that detect
types look at the first bytes alone, so they accept such files.

No content raises an exception, because a file whose check fails would never be accepted or rejected.
"""

import re
from collections.abc import Callable, Mapping
from typing import Final

from pydantic_core import from_json

from chalicelib.files.models import FileType

_HEAD_BYTES: Final = 1024  # in which browsers and PDF readers search for the type
# Browsers take only a tag without a space after "<" for one. A text may contain "BMI < body mass" or "<header".
_MARKUP: Final = re.compile(
    rb"<(?:!doctype|html|head|body|script|svg|iframe|object|embed|\?xml|\?php)(?![a-z0-9])", re.IGNORECASE
)
# Browsers take a text with an unknown type for a web page if it begins with one of these tags:
# https://mimesniff.spec.whatwg.org/#identifying-a-resource-with-an-unknown-mime-type
_PAGE_BEGIN: Final = re.compile(
    rb"(?:\xef\xbb\xbf)?\s*<(?:!--|"
    rb"(?:!doctype html|html|head|script|iframe|h1|div|font|table|a|style|title|b|body|br|p)"
    rb"[\s/>])",
    re.IGNORECASE,
)
# Old programs look further. Other texts rarely contain these tags.
_PAGE: Final = re.compile(rb"<(?:html|script|!doctype html)(?![a-z0-9])", re.IGNORECASE)
# The objects and lists of a resource. Parsing 4 million of them takes 1 GiB of the function's 1.7 GiB. A dense resource
# has one per 20 bytes, so 50 MiB have fewer.
_MAX_JSON_PARTS: Final = 4_000_000
# Programs find an archive by the record at its end, which further data may follow (APPNOTE 4.3.16).
# https://pkware.cachefly.net/webdocs/casestudies/APPNOTE.TXT
_ZIP_END: Final = b"PK\x05\x06"
_ZIP_DIRECTORY: Final = b"PK\x01\x02"
_ZIP64_LOCATOR: Final = b"PK\x06\x07"
_ZIP64_LOCATOR_BYTES: Final = 20  # directly before the end record
# 50 MiB of random bytes have an end record with a probability of 1 %, and more than three with one of 1e-9.
_MAX_ZIP_ENDS: Final = 100
# Signatures of RAR and 7-Zip. 50 MiB of random bytes have one of them with a probability of 4e-7.
_ARCHIVE_SIGNATURES: Final = (b"Rar!\x1a\x07", b"7z\xbc\xaf\x27\x1c")
_PDF_HEADER: Final = b"%PDF-"
_IMAGES: Final = frozenset({FileType.JPEG, FileType.PNG, FileType.WEBP})
_TEXTS: Final = frozenset({FileType.TEXT, FileType.CSV})
_PNG_END: Final = b"\x00\x00\x00\x00IEND\xaeB`\x82"
_BYTE_ORDER_MARK: Final = b"\xef\xbb\xbf"
_CONTROL_CHARACTER: Final = re.compile(r"[\x00-\x08\x0b\x0e-\x1f\x7f]")  # tab, line feed, form feed and return are text
# The preamble of a DICOM file is empty, or has the header of a TIFF file (DICOM PS3.10 7.1). Other content could make
# the file a program too.
_DICOM_PREAMBLES: Final = (b"\x00" * 4, b"II*\x00", b"MM\x00*")


def has_content_of(file_type: FileType, content: bytes) -> bool:
    """Return True if the content has this type and no other. At most two seconds for 50 MiB."""
    return _CHECKS[file_type](content) and not _has_other_type(file_type, content)


def _has_other_type(file_type: FileType, content: bytes) -> bool:
    if file_type is FileType.FHIR_JSON:  # its narrative is XHTML, and JSON is never a web page
        return False
    head = content[:_HEAD_BYTES]
    if _MARKUP.search(head):
        return True
    if file_type in _TEXTS:  # a text may quote the header of a PDF file, and has no control characters of an archive
        return _PAGE_BEGIN.match(content) is not None or _PAGE.search(content) is not None
    # A DICOM file may contain a PDF document (DICOM PS3.3 A.45.1).
    return (file_type in _IMAGES and _PDF_HEADER in head) or _has_archive(content)


def _has_archive(content: bytes) -> bool:
    """Return True if the content contains an archive of ZIP, RAR or 7-Zip."""
    if any(signature in content for signature in _ARCHIVE_SIGNATURES):
        return True
    end = content.find(_ZIP_END)
    for _ in range(_MAX_ZIP_ENDS):
        if end < 0:
            return False
        if _is_end_of_archive(content, end):
            return True
        end = content.find(_ZIP_END, end + 1)
    return True


def _is_end_of_archive(content: bytes, end: int) -> bool:
    """Return True if the end record at this position has a directory or a ZIP64 locator."""
    size = int.from_bytes(content[end + 12 : end + 16], "little")
    offset = int.from_bytes(content[end + 16 : end + 20], "little")
    # Some programs look for the directory before its end record, and others at its offset.
    starts = (max(0, end - size), offset)
    return any(content.startswith(_ZIP_DIRECTORY, start) for start in starts) or content.startswith(
        _ZIP64_LOCATOR, max(0, end - _ZIP64_LOCATOR_BYTES)
    )


def _is_pdf(content: bytes) -> bool:
    return re.match(rb"%PDF-[12]\.[0-9]", content) is not None and b"%%EOF" in content[-_HEAD_BYTES:]


def _is_jpeg(content: bytes) -> bool:
    return content.startswith(b"\xff\xd8\xff") and b"\xff\xd9" in content  # some phones append data to the end marker


def _is_png(content: bytes) -> bool:
    return content.startswith(b"\x89PNG\r\n\x1a\n") and content[12:16] == b"IHDR" and content.endswith(_PNG_END)


def _is_webp(content: bytes) -> bool:
    size = int.from_bytes(content[4:8], "little") + 8
    return content[:4] == b"RIFF" and content[8:12] == b"WEBP" and size == len(content)


def _is_dicom(content: bytes) -> bool:
    return content[128:132] == b"DICM" and content.startswith(_DICOM_PREAMBLES)


def _is_text(content: bytes) -> bool:
    try:
        return not _CONTROL_CHARACTER.search(content.removeprefix(_BYTE_ORDER_MARK).decode())
    except UnicodeDecodeError:
        return False


def _is_fhir_json(content: bytes) -> bool:
    if content.count(b"{") + content.count(b"[") > _MAX_JSON_PARTS:
        return False
    try:
        resource = from_json(content.removeprefix(_BYTE_ORDER_MARK), allow_inf_nan=False)
    except ValueError:
        return False
    return isinstance(resource, dict) and isinstance(resource.get("resourceType"), str)


_CHECKS: Final[Mapping[FileType, Callable[[bytes], bool]]] = {
    FileType.PDF: _is_pdf,
    FileType.JPEG: _is_jpeg,
    FileType.PNG: _is_png,
    FileType.WEBP: _is_webp,
    FileType.TEXT: _is_text,
    FileType.CSV: _is_text,
    FileType.DICOM: _is_dicom,
    FileType.FHIR_JSON: _is_fhir_json,
}
