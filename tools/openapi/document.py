"""The OpenAPI document as a whole."""

import json
import os
import tomllib
from typing import Any, Final

from chalicelib.api.middleware import OPTIONS
from local.config import ROOT
from tools.openapi.headers import build_headers
from tools.openapi.operations import build_operation
from tools.openapi.parameters import build_parameters
from tools.openapi.problem_responses import build_problem_responses
from tools.openapi.references import ref
from tools.openapi.schemas import build_schemas

OPENAPI_FILE: Final = ROOT / "openapi.json"
_SERVERS: Final = [
    {
        "url": "https://{api}.execute-api.{region}.amazonaws.com/{stage}",
        "description": "A deployed stage. `make deploy` prints its address.",
        "variables": {
            "api": {"default": "api-id", "description": "The id of the API."},
            "region": {"default": "us-east-1"},
            "stage": {"default": "prod"},
        },
    },
    {"url": "http://127.0.0.1:8000", "description": "The local API that `make run` starts."},
]
_TAGS: Final = [
    {
        "name": "users",
        "description": "The account of the signed-in user: profile, picture, files, deletion and export.",
    },
    {"name": "problems", "description": "The documentation of the problem types. It is public."},
]
_PATH_PARAMETERS: Final = ("user_id", "file_id")
_SECURITY_SCHEMES: Final = {
    "idToken": {
        "type": "http",
        "scheme": "bearer",
        "bearerFormat": "JWT",
        "description": "An ID token of the Cognito user pool.",
    }
}


def build_document() -> dict[str, Any]:
    """Return the OpenAPI 3.1 document. Raises KeyError if an operation of the app has no description."""
    os.environ.setdefault("DYNAMODB_TABLE", "Users")  # app.py requires it at import
    from app import app

    return {
        "openapi": "3.1.0",
        "info": _build_info(),
        "servers": _SERVERS,
        "tags": _TAGS,
        "paths": {path: _build_path(path, list(methods)) for path, methods in app.routes.items()},
        "components": {
            "schemas": build_schemas(),
            "responses": build_problem_responses(),
            "parameters": build_parameters(),
            "headers": build_headers(),
            "securitySchemes": _SECURITY_SCHEMES,
        },
    }


def _build_info() -> dict[str, Any]:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    return {
        "title": "HealthTech users",
        "version": project["version"],
        "summary": project["description"],
        "description": "Users sign up and sign in with Amazon Cognito. This API reads and updates their profiles, "
        "stores their files, exports their data and deletes their accounts.",
        "contact": {"name": "The HealthTech Users contributors"},
        "license": {"name": "MIT", "identifier": "MIT"},
    }


def _build_path(path: str, methods: list[str]) -> dict[str, Any]:
    operations = {method.lower(): build_operation(path, method) for method in [*methods, OPTIONS]}
    parameters = [ref("parameters", name) for name in _PATH_PARAMETERS if f"{{{name}}}" in path]
    return {"parameters": parameters, **operations} if parameters else operations


def render() -> str:
    """Return the document as it is committed."""
    return json.dumps(build_document(), indent=2, ensure_ascii=False) + "\n"
