"""openapi.json: what it says, and that it is what the code says."""

import json
from typing import Any

import pytest
from openapi_spec_validator import validate

from app import app
from chalicelib.errors import ApiError
from chalicelib.problems import types
from local import openapi

DOCUMENT: dict[str, Any] = json.loads(openapi.FILE.read_text())
OPERATIONS = [(path, method) for path, methods in app.routes.items() for method in [*methods, "OPTIONS"]]


def test_it_is_what_the_code_says_now() -> None:
    assert openapi.FILE.read_text() == openapi.text(), "make openapi writes it anew"


def test_it_is_valid() -> None:
    validate(DOCUMENT)


def test_it_has_every_route_and_no_other() -> None:
    told = {
        (path, method.upper()) for path, item in DOCUMENT["paths"].items() for method in item if method != "parameters"
    }
    assert told == set(OPERATIONS)


@pytest.mark.parametrize(("path", "method"), OPERATIONS)
def test_every_route_says_who_may_use_it(path: str, method: str) -> None:
    operation = DOCUMENT["paths"][path][method.lower()]
    guarded = method != "OPTIONS" and app.routes[path][method].authorizer is not None
    assert operation.get("security") == ([{"idToken": []}] if guarded else None)


@pytest.mark.parametrize("kind", list(types()), ids=lambda kind: kind.slug)
def test_every_problem_type_is_described_with_an_example(kind: type[ApiError]) -> None:
    described = DOCUMENT["components"]["responses"][kind.__name__]["content"]["application/problem+json"]
    example = described["examples"][kind.slug]["value"]
    assert (example["status"], example["type"].partition("#")[2]) == (kind.status, kind.slug)


def test_health_data_has_no_default() -> None:
    """A generator that filled in what a person left out would make up a diagnosis."""
    for schema in DOCUMENT["components"]["schemas"].values():
        assert not [field for field in schema.get("properties", {}).values() if "default" in field]
