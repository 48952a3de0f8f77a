"""Responses: models as JSON, and errors as problem details."""

import base64
import hashlib
from http import HTTPStatus
from typing import Protocol
from urllib.parse import quote

from chalice import Response
from chalice.app import Request
from pydantic import BaseModel

from chalicelib.api.parsing import JSON_MEDIA_TYPE, parse_preconditions
from chalicelib.core.errors import PROBLEM_JSON, ApiError, PreconditionFailed
from chalicelib.core.preconditions import etag


class VersionedModel(Protocol):
    """A representation with an id and a version."""

    @property
    def id(self) -> str:
        """Return the last part of the representation's canonical path."""

    @property
    def version(self) -> int:
        """Return the version behind the entity tag."""

    def model_dump_json(self) -> str:
        """Return the representation as JSON."""


def json_response(model: BaseModel) -> Response:
    """Return 200 with a model that has no version."""
    return Response(model.model_dump_json(), headers={"Content-Type": JSON_MEDIA_TYPE})


def accepted_response(request: Request, model: BaseModel, location: str) -> Response:
    """Return 202 with a model, and the location that describes its progress, relative to /users/."""
    headers = {"Content-Type": JSON_MEDIA_TYPE, "Location": _parent_path(request) + location}
    return Response(model.model_dump_json(), status_code=HTTPStatus.ACCEPTED, headers={**headers})


def attachment_response(model: BaseModel, file_name: str) -> Response:
    """Return 200 with a model as a file, and its digest (RFC 9530)."""
    body = model.model_dump_json()
    digest = base64.b64encode(hashlib.sha256(body.encode()).digest()).decode()
    headers = {
        "Content-Type": JSON_MEDIA_TYPE,
        "Content-Disposition": f'attachment; filename="{file_name}"',
        "Repr-Digest": f"sha-256=:{digest}:",
    }
    return Response(body, headers={**headers})


def created_response(request: Request, model: VersionedModel, location: str) -> Response:
    """Return 201 with a new resource, its entity tag and its location, relative to /users/."""
    headers = {
        "Content-Type": JSON_MEDIA_TYPE,
        "ETag": etag(model.version),
        "Location": _parent_path(request) + location,
    }
    return Response(model.model_dump_json(), status_code=HTTPStatus.CREATED, headers={**headers})


def versioned_response(request: Request, model: VersionedModel, location: str | None = None) -> Response:
    """Return 200 with the model, its entity tag and its canonical location.

    `location` is relative to /users/. By default it is the model's id.
    """
    headers = {"Content-Type": JSON_MEDIA_TYPE, **_version_headers(request, model, location)}
    return Response(model.model_dump_json(), headers={**headers})


def conditional_response(request: Request, model: VersionedModel, location: str | None = None) -> Response:
    """Return 200 with the model, or 304 if If-None-Match names its version. `location` as in versioned_response.

    Raises PreconditionFailed if If-Match does not hold, and BadRequest if a header cannot be parsed.
    """
    preconditions = parse_preconditions(request)
    if not preconditions.if_match_holds(model.version):
        raise PreconditionFailed
    if preconditions.is_not_modified(model.version):
        headers = _version_headers(request, model, location)
        return Response("", status_code=HTTPStatus.NOT_MODIFIED, headers={**headers})
    return versioned_response(request, model, location)


def problem_response(error: ApiError, request_id: str, types_url: str) -> Response:
    """Return an error as a problem detail (RFC 9457)."""
    return Response(
        error.to_problem(request_id, types_url),
        status_code=error.status,
        headers={"Content-Type": PROBLEM_JSON, **error.headers},
    )


def _version_headers(request: Request, model: VersionedModel, location: str | None) -> dict[str, str]:
    return {"ETag": etag(model.version), "Content-Location": _parent_path(request) + (location or quote(model.id))}


def _parent_path(request: Request) -> str:
    """Return the relative path from the request's path to /users/, which is correct behind any prefix.

    API Gateway accepts a trailing slash, which adds a level.
    """
    levels: int = request.path.count("/") - 2 + request.context.get("path", "").endswith("/")
    return "../" * levels
