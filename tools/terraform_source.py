"""Read variables and the settings of functions from Terraform files in the format of `terraform fmt`.

The reader depends on the indentation that `terraform fmt` writes. It does not support heredocs and comments
at the end of a line.
"""

import json
import re
import textwrap
from collections.abc import Iterator
from typing import Final, NamedTuple

# A name, the labels of a block, and the rest of the statement. A line continues a statement if it is blank, indented or
# begins with a closing bracket.
_STATEMENT: Final = re.compile(r'^(\w+)((?: "[^"]+")*) +(?:= +)?(.*(?:\n(?:[ )\]}].*)?)*)', re.MULTILINE)
_LABEL: Final = re.compile(r'"([^"]+)"')
# An object that applies to one function: `name == "<function>" ? { ... } : {}`.
_FUNCTION_SETTINGS: Final = re.compile(r'^( *)name == "(\w+)" \? \{\n(.*?)^\1\} : \{\}', re.MULTILINE | re.DOTALL)
_ENVIRONMENT_NAME: Final = re.compile(r"\b([A-Z][A-Z0-9_]+) += ")


class Statement(NamedTuple):
    """An attribute or a block. `value` is the source of the attribute's value, or of the block with its braces."""

    name: str
    labels: list[str]
    value: str


class Validation(NamedTuple):
    """A rule of a variable. `condition` is an expression as it is written."""

    condition: str
    error_message: str


class TerraformVariable(NamedTuple):
    """An input variable. `type` and `default` are expressions in one line."""

    name: str
    type: str
    default: str
    description: str
    validations: list[Validation]


class FunctionVariables(NamedTuple):
    """The names of the environment variables of all functions, and of single functions."""

    of_all: frozenset[str]
    by_function: dict[str, frozenset[str]]


def read_variables(source: str) -> list[TerraformVariable]:
    """Return the variables of a file, in its order. Raises KeyError if one has no type, default or description."""
    return [
        _parse_variable(statement.labels[0], statement.value)
        for statement in list_statements(source)
        if statement.name == "variable"
    ]


def _parse_variable(name: str, block: str) -> TerraformVariable:
    attributes = _get_attributes(block)
    return TerraformVariable(
        name=name,
        type=" ".join(attributes["type"].split()),
        default=" ".join(attributes["default"].split()),
        description=json.loads(attributes["description"]),
        validations=[
            _parse_validation(statement.value)
            for statement in list_statements(get_body(block))
            if statement.name == "validation"
        ],
    )


def _parse_validation(block: str) -> Validation:
    attributes = _get_attributes(block)
    return Validation(attributes["condition"], json.loads(attributes["error_message"]))


def _get_attributes(block: str) -> dict[str, str]:
    return {statement.name: statement.value for statement in list_statements(get_body(block))}


def read_function_variables(source: str) -> FunctionVariables:
    """Return the environment variables that the output `chalice_stage` assigns to the functions."""
    statements = {tuple(statement.labels): statement.value for statement in list_statements(source)}
    stage = _get_attributes(_get_attributes(statements["chalice_stage",])["value"])
    return FunctionVariables(
        frozenset(_ENVIRONMENT_NAME.findall(stage["environment_variables"])),
        {
            function: frozenset(_ENVIRONMENT_NAME.findall(settings))
            for _, function, settings in _FUNCTION_SETTINGS.findall(stage["lambda_functions"])
        },
    )


def list_statements(source: str) -> Iterator[Statement]:
    """Yield the attributes and blocks of a file, or of a body without its indentation. Comments are omitted."""
    for name, labels, value in _STATEMENT.findall(source):
        yield Statement(name, _LABEL.findall(labels), value.strip())


def get_body(block: str) -> str:
    """Return the text between the braces of a block or object, without its indentation."""
    return textwrap.dedent(block.removeprefix("{").removesuffix("}").strip("\n"))
