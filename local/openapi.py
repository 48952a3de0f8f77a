"""`make openapi`: openapi.json, made from the route table, the models and the error tree.

python -m local.openapi [FILE]
"""

import json
import os
import sys
import tomllib
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from chalicelib import errors
from chalicelib.cors import EXPOSED_HEADERS
from chalicelib.errors import PROBLEM_JSON, ApiError, FieldError, Invalid
from chalicelib.http import HEAD, JSON, OPTIONS, PATCH_TYPES
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
from chalicelib.preconditions import MAX_LENGTH, PATTERN
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
# In the place of TooManyRequests, likewise.
_PROCESSING: Final = (errors.UploadLimitReached, ApiError, errors.Unavailable)
_OFFER: Final = (errors.Malformed, *_OF_PICTURES, *_BODY, *_PROCESSING)
_REMOVE: Final = (errors.Malformed, *_OF_PICTURES, errors.Conflict, errors.PreconditionFailed, *_ALWAYS)
_CHOOSE: Final = (
    *(errors.Malformed, *_OF_PICTURES, errors.PictureBusy, errors.PreconditionFailed),
    *(*_BODY, *_PROCESSING),
)


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
            "description": "Users sign up and sign in with Amazon Cognito. This API reads and changes their profiles.",
            "contact": {"name": "The HealthTech Users contributors"},
            "license": {"name": "MIT", "identifier": "MIT"},
        },
        "servers": _SERVERS,
        "tags": [
            {"name": "users", "description": "The profile of the signed-in user, and its picture."},
            {"name": "problems", "description": "The documentation of the problem types. Public."},
        ],
        "paths": paths,
        "components": _components(),
    }


_SERVERS: Final = [
    {
        "url": "https://{api}.execute-api.{region}.amazonaws.com/{stage}",
        "description": "A deployed stage. `make deploy` prints its address.",
        "variables": {
            "api": {"default": "api-id", "description": "The API's id."},
            "region": {"default": "us-east-1"},
            "stage": {"default": "prod"},
        },
    },
    {"url": "http://127.0.0.1:8000", "description": "The local API that `make run` starts."},
]


def _ref(kind: str, name: str) -> dict[str, str]:
    return {"$ref": f"#/components/{kind}/{name}"}


def _operation(path: str, method: str) -> dict[str, Any]:
    return {OPTIONS: _options, **_OPERATIONS[path]}[method](path)


def _options(path: str) -> dict[str, Any]:
    headers = ("Allow", "Accept-Patch") if path == _USER else ("Allow",)
    return {
        "operationId": f"options_{path.replace('/{user_id}', '').strip('/').replace('/', '_')}",
        "summary": "List the methods of this resource",
        "description": "Lists the methods in `Allow`, and answers the CORS preflight of a browser.",
        "tags": [path.split("/")[1]],
        "security": [],
        "responses": {"204": _response("The supported methods.", *headers), **_problems(_ALWAYS)},
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
        **_guarded(
            "get_user",
            "Get the caller's profile",
            "Unknown values are null. A profile that does not exist yet is created from the user pool.",
        ),
        "parameters": [_ref("parameters", "If-Match"), _ref("parameters", "If-None-Match")],
        "responses": {
            "200": _profile("The profile."),
            "304": _response("If-None-Match matches the current version.", "ETag", "Content-Location"),
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
        "summary": f"{get['summary']}: headers only",
        "description": "Returns the headers of the GET response, without a body.",
        "responses": without,
    }


def _resolved(response: dict[str, Any]) -> dict[str, Any]:
    if "$ref" in response:
        found: dict[str, Any] = _problem_responses()[response["$ref"].rpartition("/")[2]]
        return found
    return response


# If-None-Match is documented for reads only. The server also evaluates it for writes (RFC 9110 13.1.2), where clients
# have no use for it.
def _change(
    name: str, summary: str, description: str, schema: str, example: Any, media_types: Sequence[str] = (JSON,)
) -> dict[str, Any]:
    body = {"schema": _ref("schemas", schema), "examples": {"edit": {"value": example}}}
    return {
        **_guarded(name, summary, description),
        "parameters": [_ref("parameters", "If-Match")],
        "requestBody": {"required": True, "content": dict.fromkeys(media_types, body)},
        "responses": {"200": _profile("The updated profile."), **_problems(_WRITE)},
    }


def _put(_: str) -> dict[str, Any]:
    return _change(
        "put_user",
        "Replace the editable fields",
        "All editable fields are required. null erases dob, gender and blood_group; name cannot be erased. "
        "Read-only fields are optional and must be as GET returned them. "
        "A request that changes nothing keeps the version.",
        "ProfileReplacement",
        {name: _PROFILE[name] for name in EDITABLE},
    )


def _patch(_: str) -> dict[str, Any]:
    return _change(
        "patch_user",
        "Change some of the editable fields",
        "A JSON Merge Patch (RFC 7396), whichever of the two media types is sent. "
        "null erases dob, gender and blood_group; name cannot be erased.",
        "ProfilePatch",
        {"name": "John Doe"},
        PATCH_TYPES,
    )


def _get_problems(_: str) -> dict[str, Any]:
    page = {"text/html": {"schema": {"type": "string"}}}
    return {
        "operationId": "get_problems",
        "summary": "Get the documentation of the problem types",
        "description": "A page with one section per problem type. The `type` of a problem is the URL of its section.",
        "tags": ["problems"],
        "security": [],
        "responses": {"200": {**_response("An HTML page."), "content": page}, **_problems(_ALWAYS)},
    }


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
            "Create a presigned upload",
            "Send all `fields` and then the file, as `file`, to `url` as multipart/form-data, before `expires_at`. "
            "Then send the `upload_id` with PUT. Answers 429 when the uploads of the day are used up.",
        ),
        "requestBody": _body("UploadRequest", asked),
        "responses": {"200": _told("Where and how to upload the file.", "Upload", offered), **_problems(_OFFER)},
    }


def _put_picture(_: str) -> dict[str, Any]:
    return {
        **_guarded(
            "put_picture",
            "Set the picture",
            "Makes an upload the picture of the profile. The image is encoded again: upright, without metadata, its "
            "longer side at most 2048 pixels. An invalid file is deleted and rejected with 422. The call is "
            "idempotent. If-Match refers to the profile. One upload of a user is processed at a time, and a limited "
            "number a day (UTC).",
        ),
        "parameters": [_ref("parameters", "If-Match")],
        "requestBody": _body("PictureChoice", {"upload_id": _UPLOAD}),
        "responses": {"200": _profile("The updated profile."), **_problems(_CHOOSE)},
    }


def _get_picture(_: str) -> dict[str, Any]:
    url = f"https://healthtech-profile-pics.s3.us-east-1.amazonaws.com/pictures/{_SUB}/{_UPLOAD}/1?X-Amz-Expires=300"
    shown = {**_PICTURE_TOLD, "url": url, "expires_at": "2026-11-23T17:17:51.000Z"}
    kinds = (*_OF_PICTURES, *_ALWAYS)
    return {
        **_guarded("get_picture", "Get the caller's picture", "Returns a URL that serves the image for five minutes."),
        "responses": {"200": _told("The picture and its URL.", "PictureLink", shown), **_problems(kinds)},
    }


def _delete_picture(_: str) -> dict[str, Any]:
    return {
        **_guarded(
            "delete_picture",
            "Delete the picture",
            "Changes nothing where there is no picture. If-Match refers to the profile.",
        ),
        "parameters": [_ref("parameters", "If-Match")],
        "responses": {"200": _profile("The updated profile."), **_problems(_REMOVE)},
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
    _PROBLEMS: {"GET": _get_problems, HEAD: _head},
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
    kinds: set[type[ApiError]] = {*_READ, *_WRITE, *_CHOOSE}
    return {kind.__name__: _problem(kind) for kind in sorted(kinds, key=lambda kind: (kind.status, kind.slug))}


_HEADERS_OF: Final = {
    errors.Unauthenticated: ("WWW-Authenticate",),
    errors.UnsupportedMedia: ("Accept",),
    errors.TooManyRequests: ("Retry-After",),
    errors.PictureBusy: ("Retry-After",),
    errors.UploadLimitReached: ("Retry-After",),
    errors.Unavailable: ("Retry-After",),
}


# Another problem that the same operations answer with the same status.
_ALSO: Final[dict[type[ApiError], ApiError]] = {
    errors.PicturesDisabled: errors.NotFound("There is no picture."),
    errors.PictureBusy: errors.Conflict("The picture was changed by another request. Read the profile again."),
    errors.UploadLimitReached: errors.TooManyRequests(),
}


def _problem(kind: type[ApiError]) -> dict[str, Any]:
    wrong = [FieldError("/dob", "must not be in the future")]
    examples: list[ApiError] = [Invalid(errors=wrong) if kind is Invalid else kind()]
    if kind in _ALSO:
        examples.append(_ALSO[kind])
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
                "schema": {"type": "string", "minLength": 1},
                "examples": {"own": {"value": "me"}, "sub": {"value": _SUB}},
            },
            "If-Match": _tags("If-Match", "Proceed only if the profile has one of these versions. Otherwise 412."),
            "If-None-Match": _tags("If-None-Match", "304 if the profile has one of these versions."),
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
    """Without an example: tools send the example of an optional header unasked, and the request fails."""
    return {
        "name": name,
        "in": "header",
        "description": f'{description} A list of entity tags such as `"2"`, or `*`.',
        "schema": {"type": "string", "maxLength": MAX_LENGTH, "pattern": PATTERN},
    }


_HEADERS: Final = {
    "Accept": ("The supported media types of the body.", ", ".join(PATCH_TYPES)),
    "Accept-Patch": ("The supported media types of a PATCH body.", ", ".join(PATCH_TYPES)),
    "Allow": ("The supported methods.", "GET, HEAD, PUT, PATCH, OPTIONS"),
    "Content-Location": ("The address of the profile, relative to the address of the request.", _SUB),
    "ETag": ("The version of the profile, for If-Match and If-None-Match.", '"2"'),
    "Retry-After": ("The number of seconds to wait before the next try.", "1"),
    "WWW-Authenticate": ("The authentication scheme.", "Bearer"),
    "X-Request-Id": ("The id of the request, as in the log and in `request_id` of a problem.", _SUB),
}


def _header(name: str) -> dict[str, Any]:
    description, example = _HEADERS[name]
    return {"description": description, "schema": {"type": "string"}, "example": example}


_ANSWERS: Final[tuple[type[BaseModel], ...]] = (Profile, Picture, PictureLink, Upload, Limits)
_DESCRIPTIONS: Final = {
    "BloodGroup": "ABO group and RhD type, as in the HL7 value set results-laboratory-blood-abo-rh-grp.",
    "Gender": "Administrative gender, with the codes of FHIR.",
    "Limits": "The limits that the uploaded file must meet.",
    "Picture": "Metadata of the profile picture. The storage location is not exposed.",
    "PictureChoice": "The upload to set as the picture.",
    "PictureLink": "Metadata of the profile picture, and a URL that serves the image until `expires_at`.",
    "PictureType": "The media types of a picture.",
    "Profile": "The profile of a user. Unknown values are null.",
    "ProfilePatch": "The fields to change, as a JSON Merge Patch (RFC 7396).",
    "ProfileReplacement": "All editable fields and, optionally, the read-only fields as GET returned them.",
    "Upload": "A presigned POST to S3.",
    "UploadRequest": "The type and size of the file to upload.",
}
# The rules of the editable fields that JSON Schema can't express.
_RULES: Final = {
    "name": "Contains a letter. Stored in Unicode NFC, without white space around it. "
    "Control characters and invisible characters that no script needs are rejected.",
    "dob": "Not in the future, and at most 130 years ago.",
    "gender": "Letter case is ignored in requests: `male` is stored as `Male`.",
    "blood_group": "Letter case is ignored in requests: `a+` is stored as `A+`.",
}


def _schemas() -> dict[str, Any]:
    _, told = models_json_schema(
        [
            *((model, "serialization") for model in _ANSWERS),
            *((model, "validation") for model in (ProfileReplacement, ProfilePatch, UploadRequest, PictureChoice)),
        ],
        ref_template="#/components/schemas/{model}",
    )
    schemas: dict[str, Any] = told["$defs"]
    for name, schema in schemas.items():
        schema["description"] = _DESCRIPTIONS[name]
        for field in schema.get("properties", {}).values():
            field.pop("title", None)  # the name in other letters
            field.pop("default", None)  # what is left out is left as it is
    for model in _ANSWERS:
        schemas[model.__name__]["required"] = list(model.model_fields)  # what is not known is null, and there
        del schemas[model.__name__]["additionalProperties"]  # there may be more to come
    for name in ("ProfileReplacement", "ProfilePatch"):
        for field in SERVER_OWNED:
            schemas[name]["properties"][field] = _owned(schemas["Profile"]["properties"][field])
        for field in EDITABLE:
            schemas[name]["properties"][field]["description"] = _RULES[field]
    schemas["Problem"] = {
        "type": "object",
        "description": "A problem detail (RFC 9457). It never contains values of the request.",
        "properties": {
            "type": {"type": "string", "format": "uri", "description": "The problem type: a section of /problems."},
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
        "description": "An invalid part of the request body.",
        "properties": {
            "pointer": {"type": "string", "description": "A JSON Pointer (RFC 6901) into the body."},
            "detail": {"type": "string", "description": "The rule that the value breaks."},
        },
        "required": ["pointer", "detail"],
    }
    return dict(sorted(schemas.items()))


def _owned(field: dict[str, Any]) -> dict[str, Any]:
    """Not readOnly: generators leave such fields out of what they send, and `version` is what tells of a conflict."""
    return {**field, "description": "Read-only: omit it, or send it as GET returned it."}


def text() -> str:
    """The document as it is committed."""
    return json.dumps(document(), indent=2, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    (Path(sys.argv[1]) if len(sys.argv) > 1 else FILE).write_text(text())
