"""boto3 clients of the embedded AWS."""

from functools import cache
from typing import Any, Protocol

import boto3
from botocore.config import Config

from local.config import REGION, AccessKey


class EmulatorConnection(Protocol):
    """The address and the access key of an embedded AWS. Stack and LocalSettings have both."""

    @property
    def aws_endpoint_url(self) -> str:
        """The URL of the embedded AWS."""
        ...

    @property
    def access_key(self) -> AccessKey:
        """The access key of the account's root user."""
        ...


def emulator_client(service: str, connection: EmulatorConnection) -> Any:
    """Return a boto3 client of the embedded AWS. It ignores the AWS account that the user's environment names."""
    return _create_client(service, connection.aws_endpoint_url, connection.access_key)


@cache
def _create_client(service: str, endpoint_url: str, access_key: AccessKey) -> Any:
    return boto3.client(
        service,  # type: ignore[call-overload]  # any service
        endpoint_url=endpoint_url,
        region_name=REGION,
        aws_access_key_id=access_key.id,
        aws_secret_access_key=access_key.secret,
        config=Config(retries={"total_max_attempts": 1}, s3={"addressing_style": "path"}),
    )
