"""Responses of operations."""

from collections.abc import Sequence
from typing import Any

from pydantic import BaseModel

from chalicelib.api.parsing import JSON_MEDIA_TYPE
from chalicelib.profiles.models import Profile
from tools.openapi.examples import EXAMPLE_PROFILE
from tools.openapi.references import ref, schema_ref


def build_response(description: str, *headers: str) -> dict[str, Any]:
    """Return a response without a body. Every response has the header X-Request-Id."""
    return {
        "description": description,
        "headers": {name: ref("headers", name) for name in (*headers, "X-Request-Id")},
    }


def build_json_response(
    description: str, model: type[BaseModel], example: Any, *, headers: Sequence[str] = ()
) -> dict[str, Any]:
    """Return a response with a JSON body."""
    content = {"schema": schema_ref(model), "examples": {"example": {"value": example}}}
    return {**build_response(description, *headers), "content": {JSON_MEDIA_TYPE: content}}


def build_profile_response(description: str) -> dict[str, Any]:
    """Return a response with a profile and its version."""
    content = {"schema": schema_ref(Profile), "examples": {"profile": {"value": EXAMPLE_PROFILE}}}
    return {**build_response(description, "ETag", "Content-Location"), "content": {JSON_MEDIA_TYPE: content}}
