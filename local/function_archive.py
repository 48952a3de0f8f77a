"""The code of a Lambda function of one file."""

import io
import zipfile


def build_function_archive(file_name: str, code: str) -> bytes:
    """Return a zip archive of one file, the format of the code of a function. Equal code has an equal archive."""
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as file:
        file.writestr(zipfile.ZipInfo(file_name), code)
    return archive.getvalue()
