"""Responses about deletions, and the document of an export."""

from collections.abc import Sequence
from datetime import date
from typing import Literal

from pydantic import Field

from chalicelib.core.validation import InternalModel, StrictModel
from chalicelib.files.models import File
from chalicelib.profiles.fields import Timestamp
from chalicelib.profiles.models import Picture, Profile


class RetainedData(StrictModel):
    """Data that remains for some time after an erasure."""

    what: str
    without: str | None = None
    until: date
    reason: str


class ScheduledDeletion(StrictModel):
    """A scheduled deletion, with the data that is deleted and the data that remains for some time."""

    status: Literal["scheduled"] = "scheduled"
    requested_at: Timestamp
    erase_after: Timestamp
    deletes: list[str]
    keeps: list[RetainedData]


class ErasureRequest(InternalModel):
    """The event of the function that erases accounts."""

    user_id: str


class ErasureResult(StrictModel):
    """The result of an erasure. `skipped`: no deletion was due."""

    status: Literal["erased", "skipped"]
    objects: int = 0  # deleted versions of S3 objects


class ExportedAccount(StrictModel):
    """The account in the user pool."""

    username: str
    status: str
    created_at: Timestamp | None
    attributes: dict[str, str]
    mfa: list[str]


class ExportedPicture(Picture):
    """The picture, and a presigned URL of it."""

    url: str
    expires_at: Timestamp


class ExportedFile(File):
    """A file, and a presigned URL of its content. Both are null unless the file is available."""

    url: str | None
    expires_at: Timestamp | None


class ExportedDeletion(StrictModel):
    """The scheduled deletion of the account."""

    requested_at: Timestamp
    erase_after: Timestamp


class Retention(StrictModel):
    """How long data is stored."""

    what: str
    period: str


class Processing(StrictModel):
    """How the data is processed: GDPR art. 15(1)."""

    purposes: Sequence[str]
    recipients: Sequence[str]
    retention: Sequence[Retention]


class Export(StrictModel):
    """All data of a person in this service."""

    format: Literal["healthtech-export/1"] = "healthtech-export/1"
    exported_at: Timestamp
    id: str
    account: ExportedAccount | None = Field(description="Null if the account no longer exists in the user pool.")
    profile: Profile
    picture: ExportedPicture | None
    files: list[ExportedFile] = Field(description="Newest first: all files, but only the newest 200 rejected ones.")
    omitted_rejected_files: int = Field(description="The number of older rejected files. The list of files has them.")
    deletion: ExportedDeletion | None
    processing: Processing
