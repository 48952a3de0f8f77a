"""The tables of docs/configuration.md are rendered from the code."""

from typing import Literal

import pytest
from pydantic import BaseModel, Field

from chalicelib.core.settings import Settings
from local.config import ROOT, LocalVariable
from tools.configuration_tables import (
    PAGE,
    describe_valid_values,
    read_field_descriptions,
    render_local_variables,
    render_page,
    render_settings,
    render_terraform_variables,
    to_markdown,
)
from tools.terraform_source import FunctionVariables, TerraformVariable, Validation, read_function_variables


class Model(BaseModel):
    """A model with fields of each kind."""

    mode: Literal["on", "off"] = Field("on", alias="MODE")
    """First line
    and second line.
    """

    # A comment is not a description.
    age: int = Field(0, alias="AGE", ge=0, le=130)
    """Age."""

    rate: float = Field(50, alias="RATE", ge=1)
    """Rate."""

    origins: frozenset[str] = Field(frozenset(), alias="ORIGINS")
    """Origins."""

    name: str | None = Field(None, alias="NAME")
    """Name."""

    is_command: bool = Field(False, alias="COMMAND")
    """Command."""


FUNCTIONS = FunctionVariables(frozenset({"MODE"}), {"b": frozenset({"AGE", "RATE"}), "a": frozenset({"AGE"})})


def render_variable(default: str, type_: str = "string", *validations: Validation) -> list[str]:
    """Return the cells of the row of a Terraform variable with the name `max_age`."""
    variable = TerraformVariable("max_age", type_, default, "Age.", list(validations))
    return [cell.strip() for cell in render_terraform_variables([variable]).splitlines()[-1].strip("|").split("|")]


def test_configuration_page_has_these_tables() -> None:
    assert PAGE.read_text() == render_page(), "run make docs"


def test_every_setting_of_lambda_is_assigned_to_functions() -> None:
    functions = read_function_variables((ROOT / "infra" / "outputs.tf").read_text())
    assigned = functions.of_all.union(*functions.by_function.values())
    assert assigned == {field.alias for field in Settings.model_fields.values()} - {"AWS_CHALICE_CLI_MODE"}


def test_description_of_a_field_is_the_text_below() -> None:
    descriptions = read_field_descriptions(Model)
    assert list(descriptions) == list(Model.model_fields)
    assert (descriptions["mode"], descriptions["age"]) == ("First line and second line.", "Age.")


def test_field_without_a_description_is_an_error() -> None:
    class Undescribed(BaseModel):
        """A model with a field that only a comment describes."""

        age: int = 0  # years

    with pytest.raises(KeyError, match="age"):
        render_settings(Undescribed, FUNCTIONS)


def test_table_of_settings_has_functions_and_defaults() -> None:
    assert render_settings(Model, FUNCTIONS).splitlines()[:5] == [
        "| Variable | Functions | Default | Description | Valid values |",
        "|---|---|---|---|---|",
        "| `MODE` | all | `on` | First line and second line. | `on` or `off`. |",
        "| `AGE` | `a`, `b` | `0` | Age. | 0 to 130. |",
        "| `RATE` | `b` | `50` | Rate. | At least 1. |",
    ]


@pytest.mark.parametrize("variable", ["ORIGINS", "NAME", "COMMAND"])
def test_default_of_an_absent_setting_is_none(variable: str) -> None:
    assert f"| `{variable}` | none | none | " in render_settings(Model, FUNCTIONS)


@pytest.mark.parametrize(
    ("field", "valid_values"),
    [("mode", "`on` or `off`."), ("rate", "At least 1."), ("origins", "List separated by commas."), ("name", "")],
)
def test_valid_values_are_those_of_the_field(field: str, valid_values: str) -> None:
    assert describe_valid_values(Model.model_fields[field]) == valid_values


@pytest.mark.parametrize(
    ("default", "cell"), [("null", "none"), ('"us-east-1"', "`us-east-1`"), ("0", "`0`"), ('["a"]', '`["a"]`')]
)
def test_default_of_a_terraform_variable_is_code(default: str, cell: str) -> None:
    assert render_variable(default)[:3] == ["`max_age`", cell, "Age."]


@pytest.mark.parametrize(
    ("condition", "message", "cell"),
    [
        ("true", "max_age must be a whole number.", "A whole number."),
        ("true", "max_age must have keys.", "Keys."),
        ("true", "max_age requires min_age.", "Requires `min_age`."),
        ("var.max_age.x >= 1", "max_age.x must be from 1 to 9.", "`max_age.x` must be from 1 to 9."),
        ("var.limit.x >= 1", "limit.x must be 1.", "`limit.x` must be 1."),
        ('contains(["text/csv", "a"], type)', "max_age must be text/csv or a.", "`text/csv` or `a`."),
    ],
)
def test_valid_values_are_those_of_the_error_message(condition: str, message: str, cell: str) -> None:
    assert render_variable("0", "number", Validation(condition, message))[3] == cell


def test_valid_values_of_several_validations_are_joined() -> None:
    validations = Validation("true", "max_age must be old."), Validation("true", "max_age must be even.")
    assert render_variable("0", "number", *validations)[3] == "Old. Even."


@pytest.mark.parametrize(("type_", "cell"), [("bool", "`true` or `false`."), ("map(string)", "`map(string)`.")])
def test_valid_values_without_a_validation_are_the_type(type_: str, cell: str) -> None:
    assert render_variable("null", type_)[3] == cell


def test_table_of_local_variables_has_defaults() -> None:
    table = render_local_variables({"API_PORT": LocalVariable("8000", "Port of the API.")})
    assert table.splitlines()[2:] == ["| `API_PORT` | `8000` | Port of the API. |"]


@pytest.mark.parametrize(
    ("text", "markdown"),
    [
        ("See docs/deployment.md#malware-protection.", "See [Malware protection](deployment.md#malware-protection)."),
        ("See docs/decisions/0004-tuned-botocore.md.", "See [A tuned botocore](decisions/0004-tuned-botocore.md)."),
        ("Requires picture_bucket.", "Requires `picture_bucket`."),
        ("Requires `picture_bucket`.", "Requires `picture_bucket`."),
        ("Jane <jane@example.com>", r"Jane \<jane@example.com>"),
        ("`a|b` or c|d", r"`a\|b` or c\|d"),
    ],
)
def test_text_becomes_markdown(text: str, markdown: str) -> None:
    assert to_markdown(text) == markdown


def test_literals_become_code_as_whole_words() -> None:
    assert to_markdown("INFO, or INFORMATION", ["INFO"]) == "`INFO`, or INFORMATION"
