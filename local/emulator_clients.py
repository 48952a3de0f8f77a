"""boto3 clients of the embedded AWS."""

from functools import cache
from typing import Any, Protocol

import boto3
from botocore.config import Config

from local.config import REGION, AccessKey
from local.faults import CONSOLE_USER_AGENT


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


def emulator_client(service: str, connection: EmulatorConnection, user_agent: str | None = None) -> Any:
    """Return a boto3 client of the embedded AWS. It ignores the AWS account that the user's environment names."""
    return _create_client(service, connection.aws_endpoint_url, connection.access_key, user_agent)


def console_client(service: str, connection: EmulatorConnection) -> Any:
    """Return a boto3 client whose requests the request history leaves out, with the functions that they invoke."""
    return emulator_client(service, connection, CONSOLE_USER_AGENT)


@cache
def _create_client(service: str, endpoint_url: str, access_key: AccessKey, user_agent: str | None) -> Any:
    return boto3.client(
        service,  # type: ignore[call-overload]  # any service
        endpoint_url=endpoint_url,
        region_name=REGION,
        aws_access_key_id=access_key.id,
        aws_secret_access_key=access_key.secret,
        config=Config(user_agent=user_agent, retries={"total_max_attempts": 1}, s3={"addressing_style": "path"}),
    )
