"""Zip archives for Lambda."""

import hashlib
import os
import tempfile
import zipfile
from pathlib import Path
from typing import Final

from infra.deploy import bytecode, wheels

# Lambda runs as another user than the one the files belong to, so everybody must be able to read them:
# https://docs.aws.amazon.com/lambda/latest/dg/troubleshooting-deployment.html
_MODE: Final = 0o100644
# The programs that an archive is made by: an archive made by others is not reused.
_BUILDERS: Final = (Path(__file__), Path(bytecode.__file__), Path(wheels.__file__))


def fingerprint(*more: Path) -> str:
    """Return a hash of the programs that make archives, and of more files."""
    return hashlib.sha256(b"".join(file.read_bytes() for file in (*_BUILDERS, *more))).hexdigest()


def pack(directory: Path) -> bytes:
    """Return an archive of all files below a directory. The same files give the same archive."""
    with tempfile.TemporaryFile() as file:
        with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
            for path in sorted(it for it in directory.rglob("*") if it.is_file()):
                member = zipfile.ZipInfo(path.relative_to(directory).as_posix())  # dated 1980, as zipfile's default
                member.external_attr = _MODE << 16
                archive.writestr(member, path.read_bytes(), zipfile.ZIP_DEFLATED)
        file.seek(0)
        return file.read()


def write(content: bytes, file: Path) -> None:
    """Write a file at once: after an interruption it has its old content, or is not there."""
    handle, name = tempfile.mkstemp(dir=file.parent, prefix=f"{file.name}.", suffix=".part")
    part = Path(name)
    try:
        with os.fdopen(handle, "wb") as stream:
            stream.write(content)
        part.replace(file)
    finally:
        part.unlink(missing_ok=True)
