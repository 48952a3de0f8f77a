"""Checksums of uploads by presigned POST. MiniStack 1.5.33 neither verifies nor stores them.

S3 rejects an upload whose content does not match the form field `x-amz-checksum-sha256`.
tests/integration/test_emulator_files.py fails when MiniStack verifies the field.
"""

import functools
from collections.abc import Callable
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any


@dataclass
class _Upload:
    """The file of the form that is being handled, and its verified checksums."""

    content: bytes = b""
    checksums: dict[str, str] = field(default_factory=dict)


_upload: ContextVar[_Upload | None] = ContextVar("_upload", default=None)


def install() -> None:
    """Wrap MiniStack's functions. MiniStack looks up the functions in its module at each request."""
    from ministack.services import s3

    s3._post_object = _with_upload(s3._post_object)
    s3._parse_multipart_form = _with_content(s3._parse_multipart_form)
    s3._enforce_signed_post_policy = _with_verification(s3._enforce_signed_post_policy)
    s3._build_object_record = _with_checksums(s3._build_object_record)


def _with_upload(post_object: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(post_object)
    def wrapped(bucket_name: str, body: bytes, headers: dict[str, str]) -> Any:
        token = _upload.set(_Upload())
        try:
            return post_object(bucket_name, body, headers)
        finally:
            _upload.reset(token)

    return wrapped


def _with_content(parse_form: Callable[..., Any]) -> Callable[..., Any]:
    """Remember the content of the form field `file`."""

    @functools.wraps(parse_form)
    def wrapped(content_type: str, body: bytes) -> Any:
        parts = parse_form(content_type, body)
        if upload := _upload.get():
            upload.content = next((value for name, _, _, value in parts if name == "file"), b"")
        return parts

    return wrapped


def _with_verification(enforce_policy: Callable[..., Any]) -> Callable[..., Any]:
    """Verify the checksum fields of a form that satisfies its policy."""
    from ministack.services import s3

    @functools.wraps(enforce_policy)
    def wrapped(fields: dict[str, str], *arguments: Any) -> Any:
        error, upload = enforce_policy(fields, *arguments), _upload.get()
        if error is None and upload is not None:
            upload.checksums, error = s3._resolve_object_checksums(upload.content, fields)
        return error

    return wrapped


def _with_checksums(build_record: Callable[..., Any]) -> Callable[..., Any]:
    """Store the verified checksums with the object."""

    @functools.wraps(build_record)
    def wrapped(
        body: bytes, headers: dict[str, str], etag: str | None = None, checksums: dict[str, str] | None = None
    ) -> Any:
        upload = _upload.get()
        return build_record(body, headers, etag, checksums or (upload.checksums if upload else None))

    return wrapped
