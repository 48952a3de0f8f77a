"""The export of a user with the highest number of files fits into a response of Lambda."""

import json
from dataclasses import replace
from typing import Final

import boto3
import pytest
from botocore.config import Config

from chalicelib.api.responses import attachment_response
from chalicelib.core.identity import Caller
from chalicelib.core.settings import load_settings
from chalicelib.files.models import MAX_FILE_NAME_LENGTH, FileStatus
from chalicelib.files.storage import FileStorage
from chalicelib.privacy.export import ExportService
from chalicelib.profiles.service import ProfileService
from tests.support.data import SUB
from tests.support.fakes.files import InMemoryFileRepository
from tests.support.fakes.privacy import InMemoryDeletionRepository
from tests.support.fakes.profiles import InMemoryProfileRepository
from tests.support.fakes.table import InMemoryTable
from tests.support.fakes.user_pool import FakeUserPool
from tests.support.file_contracts import build_file
from tests.unit.profiles.test_service import build_user

# https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
MAX_RESPONSE_BYTES: Final = 6 * 1024**2
MAX_FILES: Final = load_settings({"FILES_PER_USER": "1000"}).files_per_user
REJECTED_FILES: Final = 6_000  # 200 a day, each stored for 30 days
TOKEN: Final = "T" * 1200  # a role's session token, which each URL contains


def build_service(name: str) -> ExportService:
    """Return the service for a user with the highest number of files, all with this name."""
    client = boto3.client(
        "s3",
        region_name="eu-central-1",
        aws_access_key_id="ASIAEXAMPLE",
        aws_secret_access_key="example",
        aws_session_token=TOKEN,
        config=Config(signature_version="s3v4"),
    )
    table = InMemoryTable()
    repository = InMemoryFileRepository(table)
    for number in range(MAX_FILES + REJECTED_FILES):
        stored = build_file()
        status = FileStatus.AVAILABLE if number < MAX_FILES else FileStatus.REJECTED
        file = stored.file.model_copy(update={"name": name, "status": status})
        repository.records.files[SUB, file.id] = replace(stored, file=file)
    user_pool = FakeUserPool(build_user())
    profiles = ProfileService(InMemoryProfileRepository(table), user_pool)
    files = (repository, FileStorage(client, "healthtech-profile-pics"))
    return ExportService(InMemoryDeletionRepository(table), profiles, user_pool, None, files)


@pytest.mark.long
@pytest.mark.parametrize("char", ["x", '"', "'", "ক", "🩺"])
def test_export_of_the_highest_number_of_files_fits(char: str) -> None:
    export = build_service(char * MAX_FILE_NAME_LENGTH).export(Caller(SUB, SUB))
    response = attachment_response(export, "export.json").to_dict()
    # The runtime of Python 3.12 encodes the response as UTF-8:
    # https://github.com/aws/aws-lambda-python-runtime-interface-client/pull/122
    size = len(json.dumps(response, ensure_ascii=False).encode())
    assert size < MAX_RESPONSE_BYTES
    assert len(export.files) + export.omitted_rejected_files == MAX_FILES + REJECTED_FILES
