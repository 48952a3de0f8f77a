"""The names and addresses of the local stack, and the file that contains them for scripts and front ends."""

import json
import os
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Final

from local.config import AccessKey
from local.function_definitions import CHECK_FILE_FUNCTION, CHECK_PICTURE_FUNCTION, ERASE_FUNCTION

STACK_NAME: Final = "healthtech-local"
TABLE_NAME: Final = "Users"
RECORDS_TABLE_NAME: Final = "UserRecords"
BUCKET_NAME: Final = "healthtech-profile-pics"
BUCKET_ARN: Final = f"arn:aws:s3:::{BUCKET_NAME}"
FILES_PREFIX: Final = "files/"  # of the keys of users' files in the bucket
ACCOUNT_ID: Final = "000000000000"


@dataclass(frozen=True)
class Stack:
    """The content of `.local/stack.json`: the resources of a running stack, and how to access them."""

    api_url: str
    aws_endpoint_url: str
    aws_access_key_id: str
    aws_secret_access_key: str = field(repr=False)
    region: str
    user_pool_id: str
    user_pool_client_id: str
    table: str
    records_table: str
    bucket: str

    @property
    def access_key(self) -> AccessKey:
        """The access key of the embedded AWS."""
        return AccessKey(self.aws_access_key_id, self.aws_secret_access_key)

    @property
    def user_pool_arn(self) -> str:
        """The ARN of the user pool."""
        return f"arn:aws:cognito-idp:{self.region}:{ACCOUNT_ID}:userpool/{self.user_pool_id}"

    @property
    def picture_function(self) -> str:
        """The name of the function that processes pictures."""
        return f"{STACK_NAME}-{CHECK_PICTURE_FUNCTION}"

    @property
    def check_file_function(self) -> str:
        """The name of the function that checks files."""
        return f"{STACK_NAME}-{CHECK_FILE_FUNCTION}"

    @property
    def erase_function(self) -> str:
        """The name of the function that erases users."""
        return f"{STACK_NAME}-{ERASE_FUNCTION}"

    def write(self, file: Path) -> None:
        """Replace the file atomically. Only its owner can read it, because it contains the access key."""
        part = file.with_suffix(".part")
        part.unlink(missing_ok=True)
        descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w") as content:
            content.write(json.dumps(asdict(self), indent=2) + "\n")
        part.replace(file)

    @classmethod
    def read(cls, file: Path) -> "Stack":
        """Return the stack that a file describes. Raises FileNotFoundError if no stack is running."""
        return cls(**json.loads(file.read_text()))
