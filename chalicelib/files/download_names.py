"""The names under which browsers save downloaded files."""

from collections.abc import Mapping, Sequence
from typing import Final
from urllib.parse import quote

from chalicelib.files.models import FileType

# Lower-case extensions of each type. A name with another one gets the first of its type.
_EXTENSIONS: Final[Mapping[FileType, Sequence[str]]] = {
    FileType.PDF: ("pdf",),
    FileType.JPEG: ("jpg", "jpeg", "jpe", "jfif"),
    FileType.PNG: ("png",),
    FileType.WEBP: ("webp",),
    FileType.TEXT: ("txt", "text", "log", "md"),
    FileType.CSV: ("csv",),
    FileType.DICOM: ("dcm", "dicom"),
    FileType.FHIR_JSON: ("json",),
}


_MAX_BYTES: Final = 255  # of a name in the file systems of Linux; a longer one cannot be saved


def format_content_disposition(name: str, file_type: FileType) -> str:
    """Return the header that saves a file under its name: RFC 6266, with an ASCII name for old clients."""
    full_name = _shorten(add_extension(name, file_type))
    ascii_name = "".join(char if char.isascii() and char not in '"\\%' else "_" for char in full_name)
    return f"attachment; filename=\"{ascii_name}\"; filename*=UTF-8''{quote(full_name, safe='')}"


def add_extension(name: str, file_type: FileType) -> str:
    """Return the name with an extension of this type.

    A program opens a saved file by the extension. A text with the name `report.hta` would run as a program.
    """
    extensions = _EXTENSIONS[file_type]
    has_extension = name.lower().endswith(tuple(f".{extension}" for extension in extensions))
    return name if has_extension else f"{name}.{extensions[0]}"


def _shorten(name: str) -> str:
    """Return a name with an extension in at most _MAX_BYTES of UTF-8."""
    stem, _, extension = name.rpartition(".")
    max_stem_bytes = _MAX_BYTES - len(extension) - len(".")
    return f"{stem.encode()[:max_stem_bytes].decode(errors='ignore')}.{extension}"
