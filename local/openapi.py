"""`make openapi`: openapi.json, made from the route table, the models and the error tree.

python -m local.openapi [FILE]
"""

import json
import os
import sys
import tomllib
from pathlib import Path
from typing import Any, Final

from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from chalicelib import errors
from chalicelib.cors import EXPOSED_HEADERS
from chalicelib.errors import PROBLEM_JSON, ApiError, FieldError, Invalid
from chalicelib.http import HEAD, JSON, MERGE_PATCH, OPTIONS
from chalicelib.models import (
    EDITABLE,
    SERVER_OWNED,
    Limits,
    Picture,
    PictureChoice,
    PictureLink,
    Profile,
    ProfilePatch,
    ProfileReplacement,
    Upload,
    UploadRequest,
)
from local import settings

FILE: Final = settings.ROOT / "openapi.json"
_USER: Final = "/users/{user_id}"
_PICTURE: Final = "/users/{user_id}/picture"
_PROBLEMS: Final = "/problems"
_SUB: Final = "2df44964-086b-4a40-b7fa-35ec5a31c03d"
_UPLOAD: Final = "0b8de2a6-4d5e-4c0f-9a53-5e3f6f1d7c21"
_PICTURE_TOLD: Final = {
    "content_type": "image/jpeg",
    "size": 48213,
    "width": 1200,
    "height": 900,
    "updated_at": "2026-11-23T17:12:52.920Z",
}
_PROFILE: Final = {
    "id": _SUB,
    "email": "john@example.com",
    "email_verified": True,
    "phone_number": "+8801712345678",
    "phone_number_verified": False,
    "name": "John A. Doe",
    "dob": "1990-05-14",
    "gender": "Male",
    "blood_group": "A+",
    "picture": None,
    "created_at": "2026-11-22T22:28:22.607Z",
    "updated_at": "2026-11-22T22:28:23.018Z",
    "version": 2,
}
_ALWAYS: Final = (errors.TooManyRequests, ApiError, errors.Unavailable)
_OWNER: Final = (errors.Malformed, errors.Unauthenticated, errors.Forbidden, errors.NotFound, errors.PreconditionFailed)
_READ: Final = (*_OWNER, *_ALWAYS)
_BODY: Final = (errors.TooLarge, errors.UnsupportedMedia, Invalid)
_WRITE: Final = (*_OWNER, errors.Conflict, *_BODY, *_ALWAYS)
# In the place of NotFound, of which it is one.
_OF_PICTURES: Final = (errors.Unauthenticated, errors.Forbidden, errors.PicturesDisabled)
_OFFER: Final = (errors.Malformed, *_OF_PICTURES, *_BODY, *_ALWAYS)
_REMOVE: Final = (errors.Malformed, *_OF_PICTURES, errors.Conflict, errors.PreconditionFailed, *_ALWAYS)
_CHOOSE: Final = (*_REMOVE, *_BODY)


def document() -> dict[str, Any]:
    """The OpenAPI 3.1 document. Raises KeyError for a route that nobody has described here."""
    os.environ.setdefault("DYNAMODB_TABLE", "Users")  # what app.py must be told to be imported
    from app import app

    paths: dict[str, dict[str, Any]] = {}
    for path, methods in app.routes.items():
        described = {method.lower(): _operation(path, method) for method in [*methods, OPTIONS]}
        parameters = [_ref("parameters", "user_id")] if "{user_id}" in path else []
        paths[path] = {**({"parameters": parameters} if parameters else {}), **described}
    project = tomllib.loads((settings.ROOT / "pyproject.toml").read_text())["project"]
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "HealthTech users",
            "version": project["version"],
            "summary": project["description"],
            "description": "A person signs up and in with Amazon Cognito; this API reads and changes their profile.",
            "license": {"name": "MIT", "identifier": "MIT"},
        },
        "servers": _SERVERS,
        "paths": paths,
        "components": _components(),
    }


_SERVERS: Final = [
    {
        "url": "https://{api}.execute-api.{region}.amazonaws.com/{stage}",
        "description": "A deployed stage; `make deploy` prints its address.",
        "variables": {
            "api": {"default": "api-id", "description": "The API's id."},
            "region": {"default": "us-east-1"},
            "stage": {"default": "prod"},
        },
    },
    {"url": "http://127.0.0.1:8000", "description": "`make run`"},
]


def _ref(kind: str, name: str) -> dict[str, str]:
    return {"$ref": f"#/components/{kind}/{name}"}


def _operation(path: str, method: str) -> dict[str, Any]:
    return {OPTIONS: _options, **_OPERATIONS[path]}[method](path)


def _options(path: str) -> dict[str, Any]:
    headers = ("Allow", "Accept-Patch") if path == _USER else ("Allow",)
    return {
        "operationId": f"options_{path.replace('/{user_id}', '').strip('/').replace('/', '_')}",
        "summary": "What this resource has, and the answer to a browser's preflight",
        "tags": [path.split("/")[1]],
        "responses": {"204": _response("The methods there are.", *headers), **_problems(_ALWAYS)},
    }


def _guarded(name: str, summary: str, description: str) -> dict[str, Any]:
    return {
        "operationId": name,
        "summary": summary,
        "description": description,
        "tags": ["users"],
        "security": [{"idToken": []}],
    }


def _get(_: str) -> dict[str, Any]:
    return {
        **_guarded("get_user", "One's own profile", "What is not known is null. A missing profile is made first."),
        "parameters": [_ref("parameters", "If-Match"), _ref("parameters", "If-None-Match")],
        "responses": {
            "200": _profile("The profile."),
            "304": _response("If-None-Match names the current version.", "ETag", "Content-Location"),
            **_problems(_READ),
        },
    }


def _head(path: str) -> dict[str, Any]:
    get = _OPERATIONS[path]["GET"](path)
    without = {
        status: {name: part for name, part in response.items() if name != "content"}
        for status, response in ((status, _resolved(it)) for status, it in get["responses"].items())
    }
    return {
        **get,
        "operationId": get["operationId"].replace("get", "head"),
        "summary": "The head of GET's answer",
        "responses": without,
    }


def _resolved(response: dict[str, Any]) -> dict[str, Any]:
    if "$ref" in response:
        found: dict[str, Any] = _problem_responses()[response["$ref"].rpartition("/")[2]]
        return found
    return response


def _change(name: str, summary: str, description: str, schema: str, media_type: str, example: Any) -> dict[str, Any]:
    body = {"schema": _ref("schemas", schema), "examples": {"edit": {"value": example}}}
    return {
        **_guarded(name, summary, description),
        "parameters": [_ref("parameters", "If-Match"), _ref("parameters", "If-None-Match")],
        "requestBody": {"required": True, "content": {media_type: body}},
        "responses": {"200": _profile("The profile as it is then."), **_problems(_WRITE)},
    }


def _put(_: str) -> dict[str, Any]:
    return _change(
        "put_user",
        "Replace what the owner may edit",
        "All editable fields must be there; null keeps an unknown value unknown. The server's fields may be sent as "
        "GET answered them. Replacing a profile by itself is no change.",
        "ProfileReplacement",
        JSON,
        {name: _PROFILE[name] for name in EDITABLE},
    )


def _patch(_: str) -> dict[str, Any]:
    return _change(
        "patch_user",
        "Change some of what the owner may edit",
        "A JSON Merge Patch (RFC 7396). null keeps an unknown value unknown; it does not erase one.",
        "ProfilePatch",
        MERGE_PATCH,
        {"name": "John Doe"},
    )


def _get_problems(_: str) -> dict[str, Any]:
    page = {"text/html": {"schema": {"type": "string"}}}
    return {
        "operationId": "get_problems",
        "summary": "What the types of problems mean",
        "tags": ["problems"],
        "responses": {"200": {**_response("A page with a section for each."), "content": page}, **_problems(_ALWAYS)},
    }


def _head_problems(path: str) -> dict[str, Any]:
    told = {"200": _response("The page is there."), **{str(it.status): _response(it.detail) for it in _ALWAYS}}
    return {**_get_problems(path), "operationId": "head_problems", "responses": told}


def _post_picture(_: str) -> dict[str, Any]:
    asked = {"content_type": "image/jpeg", "size": 1_834_520}
    form = {
        "Content-Type": "image/jpeg",
        "key": f"uploads/{_SUB}/{_UPLOAD}",
        "policy": "eyJleHBpcmF0aW9uIjogIjIwMjYtMTEtMjNUMTc6MTc6NTFaIn0=",
        "x-amz-algorithm": "AWS4-HMAC-SHA256",
        "x-amz-credential": "ASIAEXAMPLE/20261123/us-east-1/s3/aws4_request",
        "x-amz-date": "20261123T171251Z",
        "x-amz-signature": "0" * 64,
    }
    offered = {
        "upload_id": _UPLOAD,
        "url": "https://healthtech-profile-pics.s3.us-east-1.amazonaws.com/",
        "fields": form,
        "expires_at": "2026-11-23T17:17:51.000Z",
        "limits": {"content_type": "image/jpeg", "max_bytes": 5_242_880, "max_pixels": 25_000_000},
    }
    return {
        **_guarded(
            "post_picture",
            "A place to upload a picture to",
            "A presigned POST: send `fields`, and after them the file as `file`, to `url` as multipart/form-data, "
            "before `expires_at`. Then PUT the `upload_id` here.",
        ),
        "requestBody": _body("UploadRequest", asked),
        "responses": {"200": _told("What to send where.", "Upload", offered), **_problems(_OFFER)},
    }


def _put_picture(_: str) -> dict[str, Any]:
    return {
        **_guarded(
            "put_picture",
            "Make an upload the picture",
            "The file is checked, and drawn anew: upright, without what a camera writes into it, its longer side at "
            "most 2048 pixels. A file that is no good is removed, and refused with 422. To repeat the call changes "
            "nothing. If-Match and If-None-Match are about the profile.",
        ),
        "parameters": [_ref("parameters", "If-Match"), _ref("parameters", "If-None-Match")],
        "requestBody": _body("PictureChoice", {"upload_id": _UPLOAD}),
        "responses": {"200": _profile("The profile as it is then."), **_problems(_CHOOSE)},
    }


def _get_picture(_: str) -> dict[str, Any]:
    url = f"https://healthtech-profile-pics.s3.us-east-1.amazonaws.com/pictures/{_SUB}/{_UPLOAD}/1?X-Amz-Expires=300"
    shown = {**_PICTURE_TOLD, "url": url, "expires_at": "2026-11-23T17:17:51.000Z"}
    kinds = (*_OF_PICTURES, *_ALWAYS)
    return {
        **_guarded("get_picture", "One's own picture", "A URL from which it may be loaded for a few minutes."),
        "responses": {"200": _told("Where it is, and what.", "PictureLink", shown), **_problems(kinds)},
    }


def _delete_picture(_: str) -> dict[str, Any]:
    return {
        **_guarded(
            "delete_picture",
            "Remove the picture",
            "Where there is none, nothing changes. If-Match is about the profile.",
        ),
        "parameters": [_ref("parameters", "If-Match"), _ref("parameters", "If-None-Match")],
        "responses": {"200": _profile("The profile as it is then."), **_problems(_REMOVE)},
    }


def _body(schema: str, example: Any) -> dict[str, Any]:
    content = {"schema": _ref("schemas", schema), "examples": {"example": {"value": example}}}
    return {"required": True, "content": {JSON: content}}


def _told(description: str, schema: str, example: Any) -> dict[str, Any]:
    content = {JSON: {"schema": _ref("schemas", schema), "examples": {"example": {"value": example}}}}
    return {**_response(description), "content": content}


_OPERATIONS: Final = {
    _PICTURE: {
        "POST": _post_picture,
        "PUT": _put_picture,
        "GET": _get_picture,
        HEAD: _head,
        "DELETE": _delete_picture,
    },
    _USER: {"GET": _get, HEAD: _head, "PUT": _put, "PATCH": _patch},
    _PROBLEMS: {"GET": _get_problems, HEAD: _head_problems},
}


def _response(description: str, *headers: str) -> dict[str, Any]:
    named = {name: _ref("headers", name) for name in (*headers, "X-Request-Id")}
    return {"description": description, "headers": named}


def _profile(description: str) -> dict[str, Any]:
    content = {JSON: {"schema": _ref("schemas", "Profile"), "examples": {"profile": {"value": _PROFILE}}}}
    return {**_response(description, "ETag", "Content-Location"), "content": content}


def _problems(kinds: tuple[type[ApiError], ...]) -> dict[str, Any]:
    return {str(kind.status): _ref("responses", kind.__name__) for kind in kinds}


def _problem_responses() -> dict[str, Any]:
    # MethodNotAllowed is of no operation.
    kinds: set[type[ApiError]] = {*_READ, *_WRITE, *_CHOOSE, errors.MethodNotAllowed}
    return {kind.__name__: _problem(kind) for kind in sorted(kinds, key=lambda kind: (kind.status, kind.slug))}


_HEADERS_OF: Final = {
    errors.MethodNotAllowed: ("Allow",),
    errors.Unauthenticated: ("WWW-Authenticate",),
    errors.UnsupportedMedia: ("Accept",),
    errors.TooManyRequests: ("Retry-After",),
    errors.Unavailable: ("Retry-After",),
}


def _problem(kind: type[ApiError]) -> dict[str, Any]:
    wrong = [FieldError("/dob", "must not be in the future")] if kind is Invalid else []
    example = (
        kind(errors=wrong) if wrong else errors.MethodNotAllowed([]) if kind is errors.MethodNotAllowed else kind()
    )
    examples = [example]
    if kind is errors.PicturesDisabled:
        examples.append(errors.NotFound("There is no picture."))
    told = {
        it.slug: {"value": it.problem("d4743ad6-b53a-4803-b7b8-7dc138182899", "http://127.0.0.1:8000/problems")}
        for it in examples
    }
    return {
        **_response(" ".join(it.detail for it in examples), *_HEADERS_OF.get(kind, ())),
        "content": {PROBLEM_JSON: {"schema": _ref("schemas", "Problem"), "examples": told}},
    }


def _components() -> dict[str, Any]:
    return {
        "schemas": _schemas(),
        "responses": _problem_responses(),
        "parameters": {
            "user_id": {
                "name": "user_id",
                "in": "path",
                "required": True,
                "description": "The user's Cognito `sub`, or `me`.",
                "schema": {"type": "string", "minLength": 1, "format": "user-id"},
                "examples": {"own": {"value": "me"}, "sub": {"value": _SUB}},
            },
            "If-Match": _tags("If-Match", "Only if the profile is one of these versions, else 412."),
            "If-None-Match": _tags(
                "If-None-Match", "Only if it is none of these, else 304 for a read, 412 for a write."
            ),
        },
        "headers": {name: _header(name) for name in sorted({*_HEADERS, *EXPOSED_HEADERS})},
        "securitySchemes": {
            "idToken": {
                "type": "http",
                "scheme": "bearer",
                "bearerFormat": "JWT",
                "description": "The ID token of a sign-in to the user pool.",
            }
        },
    }


def _tags(name: str, description: str) -> dict[str, Any]:
    return {
        "name": name,
        "in": "header",
        "description": f"{description} A list of entity tags, or `*`; at most 400 characters.",
        "schema": {"type": "string", "minLength": 1, "maxLength": 400, "format": "entity-tags"},
        "examples": {"version": {"value": '"2"'}},
    }


_HEADERS: Final = {
    "Accept": ("The media type to send.", MERGE_PATCH),
    "Accept-Patch": ("The media type of a PATCH.", MERGE_PATCH),
    "Allow": ("The methods there are.", "GET, HEAD, PUT, PATCH, OPTIONS"),
    "Content-Location": ("Where the profile is, relative to the address of the request.", _SUB),
    "ETag": ("The profile's version, for If-Match and If-None-Match.", '"2"'),
    "Retry-After": ("In how many seconds to come back.", "1"),
    "WWW-Authenticate": ("How to authenticate.", "Bearer"),
    "X-Request-Id": ("The request's id, as in the log and in a problem's `request_id`.", _SUB),
}


def _header(name: str) -> dict[str, Any]:
    description, example = _HEADERS[name]
    return {"description": description, "schema": {"type": "string"}, "example": example}


_ANSWERS: Final[tuple[type[BaseModel], ...]] = (Profile, Picture, PictureLink, Upload, Limits)


def _schemas() -> dict[str, Any]:
    _, told = models_json_schema(
        [
            *((model, "serialization") for model in _ANSWERS),
            *((model, "validation") for model in (ProfileReplacement, ProfilePatch, UploadRequest, PictureChoice)),
        ],
        ref_template="#/components/schemas/{model}",
    )
    schemas: dict[str, Any] = told["$defs"]
    for schema in schemas.values():
        for field in schema.get("properties", {}).values():
            field.pop("title", None)  # the name in other letters
            field.pop("default", None)  # what is left out is left as it is
    for model in _ANSWERS:
        schemas[model.__name__]["required"] = list(model.model_fields)  # what is not known is null, and there
        del schemas[model.__name__]["additionalProperties"]  # there may be more to come
    for name in ("ProfileReplacement", "ProfilePatch"):
        for field in SERVER_OWNED:
            schemas[name]["properties"][field] = _owned(schemas["Profile"]["properties"][field])
    schemas["Problem"] = {
        "type": "object",
        "description": "A problem detail (RFC 9457). It never repeats a value.",
        "properties": {
            "type": {"type": "string", "format": "uri", "description": "What kind it is: a section of /problems."},
            "title": {"type": "string"},
            "status": {"type": "integer", "minimum": 400, "maximum": 599},
            "detail": {"type": "string"},
            "request_id": {"type": "string"},
            "errors": {"type": "array", "minItems": 1, "items": _ref("schemas", "FieldError")},
        },
        "required": ["type", "title", "status", "detail", "request_id"],
    }
    schemas["FieldError"] = {
        "type": "object",
        "description": "One wrong place in a body.",
        "properties": {
            "pointer": {"type": "string", "description": "A JSON pointer (RFC 6901)."},
            "detail": {"type": "string", "description": "The rule it broke."},
        },
        "required": ["pointer", "detail"],
    }
    return dict(sorted(schemas.items()))


def _owned(field: dict[str, Any]) -> dict[str, Any]:
    """Not readOnly: generators leave such fields out of what they send, and `version` is what tells of a conflict."""
    return {**field, "description": "Set by the server: leave it out, or send it as it was answered."}


def text() -> str:
    """The document as it is committed."""
    return json.dumps(document(), indent=2, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    (Path(sys.argv[1]) if len(sys.argv) > 1 else FILE).write_text(text())
