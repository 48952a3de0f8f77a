"""Files of a user: the value types, the request bodies and the responses."""

import re
import unicodedata
from enum import StrEnum
from typing import Annotated, Any, Final

from pydantic import BeforeValidator, Field, WithJsonSchema

from chalicelib.core.validation import StrictModel, require_string, rule_error
from chalicelib.profiles.fields import Timestamp, enum_parser, has_forbidden_characters

MAX_FILE_BYTES: Final = 50 * 1024 * 1024
MAX_FILE_NAME_LENGTH: Final = 255  # characters after NFC, as in most file systems


class FileType(StrEnum):
    """The media types of files. HTML, SVG and documents with macros are not among them: they can contain programs."""

    PDF = "application/pdf"
    JPEG = "image/jpeg"
    PNG = "image/png"
    WEBP = "image/webp"
    TEXT = "text/plain"
    CSV = "text/csv"
    DICOM = "application/dicom"
    FHIR_JSON = "application/fhir+json"


class FileCategory(StrEnum):
    """The kind of content of a file."""

    LAB_REPORT = "lab-report"
    IMAGING = "imaging"
    PRESCRIPTION = "prescription"
    REFERRAL = "referral"
    DISCHARGE_SUMMARY = "discharge-summary"
    VACCINATION = "vaccination"
    INSURANCE = "insurance"
    CONSENT = "consent"
    OTHER = "other"


class FileStatus(StrEnum):
    """The progress of a file. `scanning` occurs only with `malware_protection`."""

    AWAITING_UPLOAD = "awaiting-upload"
    SCANNING = "scanning"
    AVAILABLE = "available"
    REJECTED = "rejected"


class FileRejection(StrEnum):
    """Why a file was rejected."""

    MALWARE = "malware"
    CONTENT_MISMATCH = "content-mismatch"  # the content differs from the announced type, size or checksum
    UNSUPPORTED = "unsupported"  # the content cannot be scanned, for example because it is encrypted


# The joiners of Persian and of Indic scripts. Characters that change the writing direction can hide a file extension.
_JOINERS: Final = frozenset("\u200c\u200d")
# Letters and symbols without a visible form: fillers of Hangul, an empty pattern of Braille, and marks.
_BLANK: Final = re.compile("[\u034f\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0]")
# Variation selectors choose the form of the character before them, such as that of an emoji.
_VARIATION_SELECTOR: Final = re.compile("[\u180b-\u180d\u180f\ufe00-\ufe0f\U000e0100-\U000e01ef]")
_VISIBLE_CATEGORIES: Final = "LNPS"  # letters, numbers, punctuation and symbols
_SHA256: Final = re.compile(r"[0-9a-f]{64}")
_SIZE_RULE: Final = f"must be at most {MAX_FILE_BYTES // 1024**2} MiB ({MAX_FILE_BYTES} bytes)"


def _parse_file_name(value: object) -> str:
    """Return a file name in any script, trimmed and in NFC."""
    text = unicodedata.normalize("NFC", require_string(value)).strip()
    if not text:
        raise rule_error("must not be empty")
    if "/" in text or "\\" in text or text in (".", ".."):
        raise rule_error("must be a file name without a path")
    if has_forbidden_characters(text, _JOINERS) or _has_blank_characters(text):
        raise rule_error("must not contain control or invisible characters")
    if not any(_is_visible(char) for char in text):
        raise rule_error("must contain a visible character")
    if len(text) > MAX_FILE_NAME_LENGTH:
        raise rule_error(f"must be at most {MAX_FILE_NAME_LENGTH} characters long")
    return text


def _has_blank_characters(text: str) -> bool:
    """Return True if the text has a blank character, or a variation selector that follows no visible character."""
    selectors = (match.start() for match in _VARIATION_SELECTOR.finditer(text))
    has_lone_selector = not all(position and _is_visible(text[position - 1]) for position in selectors)
    return has_lone_selector or _BLANK.search(text) is not None


def _is_visible(char: str) -> bool:
    return unicodedata.category(char)[0] in _VISIBLE_CATEGORIES


def _parse_file_size(value: object) -> int:
    # 2048.0 is an integer too: JSON Schema and ECMA-404 have only one type of number.
    number = int(value) if isinstance(value, float) and value.is_integer() else value
    if not isinstance(number, int) or isinstance(number, bool) or number < 1:
        raise rule_error("must be a number of bytes, 1 or more")
    if number > MAX_FILE_BYTES:
        raise rule_error(_SIZE_RULE)
    return number


def _parse_sha256(value: object) -> str:
    text = require_string(value).lower()
    if not _SHA256.fullmatch(text):
        raise rule_error("must be a SHA-256 checksum of 64 hexadecimal digits")
    return text


FileName = Annotated[
    str,
    BeforeValidator(_parse_file_name),
    WithJsonSchema(
        {"type": "string", "minLength": 1, "maxLength": MAX_FILE_NAME_LENGTH, "examples": ["blood-test-2026-11.pdf"]}
    ),
]
FileSize = Annotated[
    int,
    BeforeValidator(_parse_file_size),
    WithJsonSchema({"type": "integer", "minimum": 1, "maximum": MAX_FILE_BYTES, "description": "Size in bytes."}),
]
Sha256 = Annotated[
    str,
    BeforeValidator(_parse_sha256),
    WithJsonSchema(
        {
            "type": "string",
            "pattern": "^[0-9a-fA-F]{64}$",
            "description": "SHA-256 checksum of the content, as hexadecimal digits.",
        }
    ),
]
FileTypeInput = Annotated[FileType, BeforeValidator(enum_parser(FileType))]
FileCategoryInput = Annotated[FileCategory, BeforeValidator(enum_parser(FileCategory))]


class CreateFileRequest(StrictModel):
    """The body of a POST: the file to upload."""

    name: FileName
    content_type: FileTypeInput
    size: FileSize
    sha256: Sha256
    category: FileCategoryInput


class FilePatch(StrictModel):
    """The body of a PATCH, a JSON Merge Patch (RFC 7396): the fields to change. Null is invalid."""

    name: FileName = ""
    category: FileCategoryInput = FileCategory.OTHER

    def changes(self) -> dict[str, Any]:
        """Return the fields that the client has sent."""
        return {name: getattr(self, name) for name in ("name", "category") if name in self.model_fields_set}


class File(StrictModel):
    """A file, as the API returns it."""

    id: str
    name: str
    content_type: FileType
    size: int = Field(description="Size in bytes.")
    sha256: str = Field(description="SHA-256 checksum of the content, as hexadecimal digits.")
    category: FileCategory
    status: FileStatus
    rejection: FileRejection | None = Field(None, description="The reason if the status is `rejected`, else null.")
    created_at: Timestamp
    updated_at: Timestamp
    version: int  # 1 at creation, incremented with each change

    @property
    def is_pending(self) -> bool:
        """Return True before the end of the check."""
        return self.status in (FileStatus.AWAITING_UPLOAD, FileStatus.SCANNING)


class FileUploadLimits(StrictModel):
    """The type and size that S3 accepts: exactly the announced ones."""

    content_type: FileType
    min_bytes: int
    max_bytes: int


class FileUpload(StrictModel):
    """A presigned POST: send `fields` and then the file as `file` to `url`, as multipart/form-data."""

    url: str
    fields: dict[str, str]
    expires_at: Timestamp
    limits: FileUploadLimits


class CreatedFile(File):
    """A new file with the form that uploads its content."""

    upload: FileUpload


class FileContent(StrictModel):
    """A presigned URL of a file's content."""

    url: str
    expires_at: Timestamp


class FileQuota(StrictModel):
    """The number and size of a user's files, and the maximum. Rejected files do not count."""

    bytes: int
    bytes_max: int
    files: int
    files_max: int


class FilePage(StrictModel):
    """A page of files, newest first."""

    items: list[File]
    next_cursor: str | None = Field(description="Send it as `cursor` for the next page. Null on the last page.")
    quota: FileQuota
