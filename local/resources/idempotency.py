"""Create a resource only if it does not exist."""

from collections.abc import Callable
from typing import Any

from botocore.exceptions import ClientError


def create_unless_exists(create: Callable[[], Any], *exists_codes: str) -> None:
    """Call `create` and ignore the AWS error codes that mean that the resource exists."""
    try:
        create()
    except ClientError as exc:
        if exc.response["Error"]["Code"] not in exists_codes:
            raise
