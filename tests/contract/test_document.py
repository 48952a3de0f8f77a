"""openapi.json: what it says, and that it is what the code says."""

import json
import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from openapi_schema_validator import OAS31Validator
from openapi_spec_validator import validate

from app import app
from chalicelib.errors import ApiError, Malformed, MethodNotAllowed
from chalicelib.preconditions import Preconditions
from chalicelib.problems import types
from local import openapi
from tests.readme import examples

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
    assert operation.get("security") == ([{"idToken": []}] if guarded else [])


# 405 is the answer to methods that the document does not have.
@pytest.mark.parametrize("kind", [kind for kind in types() if kind is not MethodNotAllowed], ids=lambda kind: kind.slug)
def test_every_problem_type_is_described_with_an_example(kind: type[ApiError]) -> None:
    described = DOCUMENT["components"]["responses"][kind.__name__]["content"]["application/problem+json"]
    example = described["examples"][kind.slug]["value"]
    assert (example["status"], example["type"].partition("#")[2]) == (kind.status, kind.slug)


def test_health_data_has_no_default() -> None:
    """A generator that filled in what a person left out would make up a diagnosis."""
    for schema in DOCUMENT["components"]["schemas"].values():
        assert not [field for field in schema.get("properties", {}).values() if "default" in field]


def test_optional_headers_have_no_example() -> None:
    """Swagger UI sends the example of an optional header unasked: the request would be a 304 or a 412."""
    for name in ("If-Match", "If-None-Match"):
        parameter = DOCUMENT["components"]["parameters"][name]
        assert not parameter.keys() & {"example", "examples"}
        assert not parameter["schema"].keys() & {"default", "example", "examples"}


@pytest.mark.parametrize(("path", "method"), OPERATIONS)
def test_if_none_match_is_documented_for_reads_only(path: str, method: str) -> None:
    references = [it["$ref"] for it in DOCUMENT["paths"][path][method.lower()].get("parameters", [])]
    assert method in ("GET", "HEAD") or "#/components/parameters/If-None-Match" not in references


TAG_TEXTS = st.one_of(
    st.text(st.sampled_from('"W/*, \tx1\x7f\u00e9'), max_size=12),
    st.lists(st.sampled_from(['"1"', 'W/"x"', "*", ",", " ", "\t", '"', "1"]), max_size=8).map("".join),
)


@given(TAG_TEXTS)
def test_header_pattern_and_server_accept_the_same(text: str) -> None:
    schema = DOCUMENT["components"]["parameters"]["If-Match"]["schema"]
    try:
        Preconditions.of({"if-match": text})
        accepted = True
    except Malformed:
        accepted = False
    assert OAS31Validator(schema).is_valid(text) == accepted


@pytest.mark.parametrize("schema", ["ProfileReplacement", "ProfilePatch"])
def test_readme_example_matches_the_contract(schema: str) -> None:
    method = {"ProfileReplacement": "PUT", "ProfilePatch": "PATCH"}[schema]
    commands = [command for command in examples("The API", "sh") if f"-X {method} " in command]
    body = re.search("-d '(.*)'", commands[0])
    assert body
    document = {**DOCUMENT, "$ref": f"#/components/schemas/{schema}"}
    OAS31Validator(document).validate(json.loads(body[1]))
