"""openapi.json matches the code and is a valid OpenAPI document."""

import json
import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from openapi_schema_validator import OAS31Validator
from openapi_spec_validator import validate

from app import app
from chalicelib.api.problem_types import list_problem_types
from chalicelib.core.errors import ApiError, BadRequest, MethodNotAllowed
from chalicelib.core.preconditions import Preconditions
from tests.support.markdown import list_examples
from tools import openapi

DOCUMENT: dict[str, Any] = json.loads(openapi.OPENAPI_FILE.read_text())
OPERATIONS = [(path, method) for path, methods in app.routes.items() for method in [*methods, "OPTIONS"]]


def test_document_is_generated_from_the_code() -> None:
    assert openapi.OPENAPI_FILE.read_text() == openapi.render(), "openapi.json is outdated: make openapi"


def test_document_is_valid() -> None:
    validate(DOCUMENT)


def test_document_has_exactly_the_routes_of_the_app() -> None:
    operations = {
        (path, method.upper()) for path, item in DOCUMENT["paths"].items() for method in item if method != "parameters"
    }
    assert operations == set(OPERATIONS)


@pytest.mark.parametrize(("path", "method"), OPERATIONS)
def test_operation_has_the_security_of_its_route(path: str, method: str) -> None:
    operation = DOCUMENT["paths"][path][method.lower()]
    is_authenticated = method != "OPTIONS" and app.routes[path][method].authorizer is not None
    assert operation.get("security") == ([{"idToken": []}] if is_authenticated else [])


# 405 is the response to methods that the document does not have.
@pytest.mark.parametrize(
    "error_class",
    [error for error in list_problem_types() if error is not MethodNotAllowed],
    ids=lambda error: error.slug,
)
def test_every_problem_type_has_an_example(error_class: type[ApiError]) -> None:
    responses = DOCUMENT["components"]["responses"].values()
    examples = [response["content"]["application/problem+json"]["examples"] for response in responses]
    (example, *_) = [group[error_class.slug]["value"] for group in examples if error_class.slug in group]
    assert (example["status"], example["type"].partition("#")[2]) == (error_class.status, error_class.slug)


def test_health_data_has_no_default() -> None:
    """A generated client would send a default as if the user had entered it."""
    for schema in DOCUMENT["components"]["schemas"].values():
        assert not [field for field in schema.get("properties", {}).values() if "default" in field]


def test_optional_headers_have_no_example() -> None:
    """Swagger UI sends the example of an optional header by default, so a request would be answered with 304 or 412."""
    for name in ("If-Match", "If-None-Match"):
        parameter = DOCUMENT["components"]["parameters"][name]
        assert not parameter.keys() & {"example", "examples"}
        assert not parameter["schema"].keys() & {"default", "example", "examples"}


@pytest.mark.parametrize(("path", "method"), OPERATIONS)
def test_if_none_match_is_documented_for_reads_only(path: str, method: str) -> None:
    references = [parameter["$ref"] for parameter in DOCUMENT["paths"][path][method.lower()].get("parameters", [])]
    assert method in ("GET", "HEAD") or "#/components/parameters/If-None-Match" not in references


HEADER_VALUES = st.one_of(
    st.text(st.sampled_from('"W/*, \tx1\x7f\u00e9'), max_size=12),
    st.lists(st.sampled_from(['"1"', 'W/"x"', "*", ",", " ", "\t", '"', "1"]), max_size=8).map("".join),
)


@given(HEADER_VALUES)
def test_header_pattern_and_server_accept_the_same(value: str) -> None:
    schema = DOCUMENT["components"]["parameters"]["If-Match"]["schema"]
    try:
        Preconditions.from_headers({"if-match": value})
        is_accepted = True
    except BadRequest:
        is_accepted = False
    assert OAS31Validator(schema).is_valid(value) == is_accepted


@pytest.mark.parametrize("schema", ["ProfileReplacement", "ProfilePatch"])
def test_documented_example_matches_the_schema(schema: str) -> None:
    method = {"ProfileReplacement": "PUT", "ProfilePatch": "PATCH"}[schema]
    commands = [command for command in list_examples("docs/api.md", "sh") if f"-X {method} " in command]
    body = re.search("-d '(.*)'", commands[0])
    assert body
    document = {**DOCUMENT, "$ref": f"#/components/schemas/{schema}"}
    OAS31Validator(document).validate(json.loads(body[1]))
