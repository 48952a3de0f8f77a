"""The export of a user with the highest number of files fits into a response of Lambda."""

from typing import Final

import boto3
import pytest
from botocore.config import Config

from chalicelib.core.settings import load_settings
from chalicelib.files.models import FileStatus
from chalicelib.files.records import StoredFile
from chalicelib.files.storage import FileStorage
from chalicelib.privacy.export import export_file
from tests.support.data import SUB
from tests.support.file_contracts import build_file

# https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
MAX_RESPONSE_BYTES: Final = 6 * 1024**2
MAX_FILES: Final = load_settings({"FILES_PER_USER": "1000"}).files_per_user
TOKEN: Final = "T" * 1000  # a role's session token, which each URL contains
NAME: Final = "Ergebnisse der Blutuntersuchung vom März 2026 für Frau Müller-Lüdenscheidt.pdf"


@pytest.mark.long
def test_export_of_the_highest_number_of_files_fits() -> None:
    client = boto3.client(
        "s3",
        region_name="eu-central-1",
        aws_access_key_id="ASIAEXAMPLE",
        aws_secret_access_key="example",
        aws_session_token=TOKEN,
        config=Config(signature_version="s3v4"),
    )
    file = build_file().file.model_copy(update={"name": NAME, "status": FileStatus.AVAILABLE})
    exported = export_file(FileStorage(client, "healthtech-profile-pics"), SUB, StoredFile(file))
    assert MAX_FILES * (len(exported.model_dump_json().encode()) + len(",")) < MAX_RESPONSE_BYTES / 2
