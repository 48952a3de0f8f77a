"""Responses: models as JSON, and errors as problem details."""

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


def versioned_response(request: Request, model: VersionedModel) -> Response:
    """Return 200 with the model, its entity tag and its canonical location."""
    headers = {"Content-Type": JSON_MEDIA_TYPE, **_version_headers(request, model)}
    return Response(model.model_dump_json(), headers={**headers})


def conditional_response(request: Request, model: VersionedModel) -> Response:
    """Return 200 with the model, or 304 if If-None-Match names its version.

    Raises PreconditionFailed if If-Match does not hold, and BadRequest if a header cannot be parsed.
    """
    preconditions = parse_preconditions(request)
    if not preconditions.if_match_holds(model.version):
        raise PreconditionFailed
    if preconditions.is_not_modified(model.version):
        headers = _version_headers(request, model)
        return Response("", status_code=HTTPStatus.NOT_MODIFIED, headers={**headers})
    return versioned_response(request, model)


def problem_response(error: ApiError, request_id: str, types_url: str) -> Response:
    """Return an error as a problem detail (RFC 9457)."""
    return Response(
        error.to_problem(request_id, types_url),
        status_code=error.status,
        headers={"Content-Type": PROBLEM_JSON, **error.headers},
    )


def _version_headers(request: Request, model: VersionedModel) -> dict[str, str]:
    # Content-Location is relative, so that it is correct behind any prefix: /users/me is /users/{id}. API Gateway
    # accepts a trailing slash, which adds a level.
    levels = request.path.count("/") - 2 + request.context.get("path", "").endswith("/")
    return {"ETag": etag(model.version), "Content-Location": "../" * levels + quote(model.id)}
