"""Zip archives for Lambda."""

import hashlib
import os
import tempfile
import zipfile
from pathlib import Path
from typing import Final

from infra.deploy import precompile, wheels

# Lambda does not run as the owner of the files, so all users need permission to read them:
# https://docs.aws.amazon.com/lambda/latest/dg/troubleshooting-deployment.html
_FILE_MODE: Final = 0o100644
# The modules that build an archive. An archive is not reused after one of them has changed.
_BUILDER_MODULES: Final = (Path(__file__), Path(precompile.__file__), Path(wheels.__file__))


def compute_fingerprint(*files: Path) -> str:
    """Return a hash of the modules that build archives, and of more files."""
    return hashlib.sha256(b"".join(file.read_bytes() for file in (*_BUILDER_MODULES, *files))).hexdigest()


def build_archive(directory: Path) -> bytes:
    """Return a zip archive of all files below a directory. The same files result in the same bytes."""
    with tempfile.TemporaryFile() as file:
        with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
            for path in sorted(path for path in directory.rglob("*") if path.is_file()):
                member = zipfile.ZipInfo(path.relative_to(directory).as_posix())  # dated 1980, the default of zipfile
                member.external_attr = _FILE_MODE << 16
                archive.writestr(member, path.read_bytes(), zipfile.ZIP_DEFLATED)
        file.seek(0)
        return file.read()


def write_atomically(content: bytes, file: Path) -> None:
    """Write a file so that an interruption leaves the old content or no file."""
    handle, name = tempfile.mkstemp(dir=file.parent, prefix=f"{file.name}.", suffix=".part")
    part = Path(name)
    try:
        with os.fdopen(handle, "wb") as stream:
            stream.write(content)
        part.replace(file)
    finally:
        part.unlink(missing_ok=True)
