"""The schemas of request and response bodies."""

from typing import Any, Final

from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from chalicelib.files.models import (
    CreatedFile,
    CreateFileRequest,
    File,
    FileContent,
    FilePage,
    FilePatch,
    FileQuota,
    FileUpload,
    FileUploadLimits,
)
from chalicelib.pictures.models import (
    CreateUploadRequest,
    PictureLink,
    PresignedUpload,
    SetPictureRequest,
    UploadLimits,
)
from chalicelib.privacy.models import (
    Export,
    ExportedAccount,
    ExportedDeletion,
    ExportedFile,
    ExportedPicture,
    Processing,
    RetainedData,
    Retention,
    ScheduledDeletion,
)
from chalicelib.profiles.models import (
    EDITABLE_FIELDS,
    READ_ONLY_FIELDS,
    Picture,
    Profile,
    ProfilePatch,
    ProfileReplacement,
)
from tools.openapi.references import ref

_UPDATE_MODELS: Final[tuple[type[BaseModel], ...]] = (ProfileReplacement, ProfilePatch)
_FILE_REQUEST_MODELS: Final[tuple[type[BaseModel], ...]] = (CreateFileRequest, FilePatch)
_REQUEST_MODELS: Final[tuple[type[BaseModel], ...]] = (
    *_UPDATE_MODELS,
    *_FILE_REQUEST_MODELS,
    CreateUploadRequest,
    SetPictureRequest,
)
_RESPONSE_MODELS: Final[tuple[type[BaseModel], ...]] = (
    *(Profile, Picture, PictureLink, PresignedUpload, UploadLimits, ScheduledDeletion, RetainedData),
    *(File, CreatedFile, FileUpload, FileUploadLimits, FileContent, FilePage, FileQuota),
    *(Export, ExportedAccount, ExportedPicture, ExportedFile, ExportedDeletion, Processing, Retention),
)
_DESCRIPTIONS: Final = {
    "BloodGroup": "ABO group and RhD type, as in the HL7 value set results-laboratory-blood-abo-rh-grp.",
    "Gender": "Administrative gender, with the codes of FHIR.",
    UploadLimits.__name__: "The limits that the uploaded file must meet.",
    Picture.__name__: "Metadata of the profile picture. The storage location is not exposed.",
    SetPictureRequest.__name__: "The upload to set as the picture.",
    PictureLink.__name__: "Metadata of the profile picture, and a URL of the image that is valid until `expires_at`.",
    "PictureType": "The media types of a picture.",
    Profile.__name__: "The profile of a user. Fields without a value are null.",
    ProfilePatch.__name__: "The fields to update, as a JSON Merge Patch (RFC 7396).",
    ProfileReplacement.__name__: "All editable fields and, optionally, the read-only fields as GET returned them.",
    PresignedUpload.__name__: "A presigned POST to S3.",
    ScheduledDeletion.__name__: "The scheduled deletion of an account. The erasure starts at `erase_after`.",
    RetainedData.__name__: "Data that remains until a date, with the reason. `without` names data that is not in it.",
    Export.__name__: "All data of a user in this service. `account` is null if the account no longer exists.",
    ExportedAccount.__name__: "The account in the user pool, without the password and the second factor's secret.",
    ExportedPicture.__name__: "Metadata of the picture, and a URL of the image that is valid until `expires_at`.",
    ExportedDeletion.__name__: "The scheduled deletion of the account.",
    Processing.__name__: "How the data is processed (GDPR, article 15(1)).",
    Retention.__name__: "How long data is stored.",
    ExportedFile.__name__: "A file. If its status is `available`, it has a URL of its content that is valid until "
    "`expires_at`.",
    CreateFileRequest.__name__: "The file to upload. S3 accepts exactly this type, size and checksum.",
    FilePatch.__name__: "The fields to update, as a JSON Merge Patch (RFC 7396). None of them can be erased.",
    File.__name__: "A file of a user, without its content.",
    CreatedFile.__name__: "A new file, and the form that uploads its content.",
    FileUpload.__name__: "A presigned POST to S3: send all `fields`, and then the file as `file`, to `url` as "
    "multipart/form-data before `expires_at`.",
    FileUploadLimits.__name__: "The type and size that S3 accepts: exactly those of the request.",
    FileContent.__name__: "A URL of the content that is valid until `expires_at`.",
    FilePage.__name__: "A page of files, newest first, and the quota.",
    FileQuota.__name__: "The size and number of the user's files, and the maximums. Rejected files do not count.",
    "FileType": "The media types of files. A deployment may accept only some of them.",
    "FileCategory": "The kind of content of the file.",
    "FileStatus": "The progress of the upload. A file can be downloaded if it is `available`.",
    "FileRejection": "Why the file was rejected. `malware`: the scan found malware. `content-mismatch`: the content "
    "does not have the type, size or checksum of the request. `unsupported`: the content could not be scanned.",
    CreateUploadRequest.__name__: "The type and size of the file to upload.",
}
# The rules of the editable fields that JSON Schema cannot express.
_FIELD_RULES: Final = {
    "name": "Contains a letter. Stored in Unicode NFC, without leading and trailing white space. "
    "Control characters and invisible characters that no script needs are rejected.",
    "dob": "Not in the future, and at most 130 years ago.",
    "gender": "Case-insensitive in requests: `male` is stored as `Male`.",
    "blood_group": "Case-insensitive in requests: `a+` is stored as `A+`.",
}
_FILE_NAME_RULE: Final = (
    "A file name without a path, in any script. Stored in Unicode NFC, without leading and trailing white space. "
    "Control characters and characters that change the writing direction are rejected."
)
_READ_ONLY_DESCRIPTION: Final = "Read-only. Omit it, or send the value that GET returned."
_PROBLEM: Final = {
    "type": "object",
    "description": "A problem detail (RFC 9457). It never contains values of the request.",
    "properties": {
        "type": {"type": "string", "format": "uri", "description": "The problem type: a section of /problems."},
        "title": {"type": "string"},
        "status": {"type": "integer", "minimum": 400, "maximum": 599},
        "detail": {"type": "string"},
        "request_id": {"type": "string"},
        "errors": {"type": "array", "minItems": 1, "items": ref("schemas", "FieldError")},
    },
    "required": ["type", "title", "status", "detail", "request_id"],
}
_FIELD_ERROR: Final = {
    "type": "object",
    "description": "An invalid part of the request body.",
    "properties": {
        "pointer": {"type": "string", "description": "A JSON Pointer (RFC 6901) into the body."},
        "detail": {"type": "string", "description": "The rule that the value violates."},
    },
    "required": ["pointer", "detail"],
}


def build_schemas() -> dict[str, Any]:
    """Return the schema components, ordered by name. Raises KeyError if a schema has no description."""
    schemas = _generate_model_schemas()
    for name, schema in schemas.items():
        schema["description"] = _DESCRIPTIONS[name]
        for field in schema.get("properties", {}).values():
            field.pop("title", None)  # repeats the name
            field.pop("default", None)  # omitted fields are unchanged, they do not get a default
    for model in _RESPONSE_MODELS:
        _adjust_response_schema(schemas[model.__name__], model)
    for model in _UPDATE_MODELS:
        _describe_update_fields(schemas[model.__name__], schemas[Profile.__name__])
    for model in _FILE_REQUEST_MODELS:
        schemas[model.__name__]["properties"]["name"]["description"] = _FILE_NAME_RULE
    return dict(sorted({**schemas, "Problem": _PROBLEM, "FieldError": _FIELD_ERROR}.items()))


def _generate_model_schemas() -> dict[str, Any]:
    _, generated = models_json_schema(
        [
            *((model, "serialization") for model in _RESPONSE_MODELS),
            *((model, "validation") for model in _REQUEST_MODELS),
        ],
        ref_template="#/components/schemas/{model}",
    )
    schemas: dict[str, Any] = generated["$defs"]
    return schemas


def _adjust_response_schema(schema: dict[str, Any], model: type[BaseModel]) -> None:
    """Mark all fields as required, because they are null without a value. Allow fields that are added later."""
    schema["required"] = list(model.model_fields)
    del schema["additionalProperties"]


def _describe_update_fields(schema: dict[str, Any], profile_schema: dict[str, Any]) -> None:
    """Describe the fields of a request body.

    Read-only fields do not have the keyword readOnly: code generators omit such fields from requests, but `version`
    is needed to detect conflicts.
    """
    for name in READ_ONLY_FIELDS:
        schema["properties"][name] = {**profile_schema["properties"][name], "description": _READ_ONLY_DESCRIPTION}
    for name in EDITABLE_FIELDS:
        schema["properties"][name]["description"] = _FIELD_RULES[name]
