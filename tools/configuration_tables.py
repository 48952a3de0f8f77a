"""`make docs`: write the tables of docs/configuration.md.

    python -m tools.configuration_tables

Each table has one source: infra/variables.tf, chalicelib/core/settings.py or local/config.py. The functions of an
environment variable are those that receive it in infra/outputs.tf.
"""

import ast
import inspect
import itertools
import re
import textwrap
from collections.abc import Iterable, Mapping
from typing import Any, Final, Literal, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from benchmarks.markers import render_document
from chalicelib.core.settings import Settings
from local.config import ROOT, VARIABLES, LocalVariable
from tools.terraform_source import (
    FunctionVariables,
    TerraformVariable,
    Validation,
    read_function_variables,
    read_variables,
)

PAGE: Final = ROOT / "docs" / "configuration.md"
_VARIABLES_FILE: Final = ROOT / "infra" / "variables.tf"
_OUTPUTS_FILE: Final = ROOT / "infra" / "outputs.tf"
_CODE_SPAN: Final = r"`[^`]*`"
_PAGE_PATH: Final = r"docs/(?P<page>[\w/-]+\.md)(?:#(?P<anchor>[\w-]+))?"
_NAME_WITH_UNDERSCORE: Final = r"\b[A-Za-z]+_\w+(?:\.\w+)?"
# The first part of an error message. It has no information for a reader of the table.
_MESSAGE_BEGIN: Final = r"^\w+ (?:must (?:be|have) )?"


def render_page() -> str:
    """Return the page with tables from their sources. Raises MarkerError if a marker is missing."""
    functions = read_function_variables(_OUTPUTS_FILE.read_text())
    tables = {
        "terraform-variables": render_terraform_variables(read_variables(_VARIABLES_FILE.read_text())),
        "environment-variables": render_settings(Settings, functions),
        "local-variables": render_local_variables(VARIABLES),
    }
    return render_document(PAGE, tables)


def render_terraform_variables(variables: Iterable[TerraformVariable]) -> str:
    """Return the table of Terraform variables."""
    return _render_table(
        ("Variable", "Default", "Description", "Valid values"),
        (
            (
                f"`{variable.name}`",
                _format_terraform_default(variable.default),
                to_markdown(variable.description),
                _format_validations(variable),
            )
            for variable in variables
        ),
    )


def render_settings(model: type[BaseModel], functions: FunctionVariables) -> str:
    """Return the table of the environment variables of the functions. Raises KeyError if a field has no description."""
    descriptions = read_field_descriptions(model)
    return _render_table(
        ("Variable", "Functions", "Default", "Description", "Valid values"),
        (
            (
                f"`{field.alias}`",
                _format_functions(str(field.alias), functions),
                _format_field_default(field),
                to_markdown(descriptions[name]),
                describe_valid_values(field),
            )
            for name, field in model.model_fields.items()
        ),
    )


def render_local_variables(variables: Mapping[str, LocalVariable]) -> str:
    """Return the table of the variables of `make run`."""
    return _render_table(
        ("Variable", "Default", "Description"),
        (
            (f"`{name}`", f"`{variable.default}`", to_markdown(variable.description))
            for name, variable in variables.items()
        ),
    )


def read_field_descriptions(model: type[BaseModel]) -> dict[str, str]:
    """Return the texts below the fields of a model, by field. Python does not store them, so the source is parsed."""
    definition = ast.parse(textwrap.dedent(inspect.getsource(model))).body[0]
    assert isinstance(definition, ast.ClassDef)
    descriptions = {}
    for field, text in itertools.pairwise(definition.body):
        match field, text:
            case ast.AnnAssign(target=ast.Name(id=name)), ast.Expr(value=ast.Constant(value=str(description))):
                descriptions[name] = " ".join(description.split())
    return descriptions


def describe_valid_values(field: FieldInfo) -> str:
    """Return the values that a field of a model accepts, or an empty string if it has no limits."""
    if get_origin(field.annotation) is Literal:
        *others, last = (f"`{value}`" for value in get_args(field.annotation))
        return f"{', '.join(others)} or {last}."
    if get_origin(field.annotation) is frozenset:
        return "List separated by commas."
    minimum, maximum = _get_limit(field, "ge"), _get_limit(field, "le")
    if minimum is None:
        return ""
    return f"At least {minimum}." if maximum is None else f"{minimum} to {maximum}."


def to_markdown(text: str, literals: Iterable[str] = ()) -> str:
    """Return a description as the text of a table's cell.

    Paths of documents become links. Names with an underscore and the literals become code spans.
    """
    code = "|".join([*(rf"(?<!\w){re.escape(literal)}(?!\w)" for literal in literals), _NAME_WITH_UNDERSCORE])
    pattern = rf"(?P<span>{_CODE_SPAN})|{_PAGE_PATH}|(?P<character><)|{code}"
    return re.sub(pattern, _to_markup, text).replace("|", r"\|")


def _to_markup(match: re.Match[str]) -> str:
    if match["span"]:
        return match["span"]
    if match["page"]:
        return _to_link(match["page"], match["anchor"])
    return rf"\{match['character']}" if match["character"] else f"`{match[0]}`"


def _to_link(page: str, anchor: str | None) -> str:
    """Return a link to a page or one of its sections. The text is that of the heading, or of the anchor."""
    if anchor:
        return f"[{_capitalize(anchor.replace('-', ' '))}]({page}#{anchor})"
    heading = (PAGE.parent / page).read_text().partition("\n")[0]
    return f"[{heading.lstrip('#0123456789. ')}]({page})"


def _capitalize(text: str) -> str:
    return text[:1].upper() + text[1:]


def _format_terraform_default(default: str) -> str:
    return "none" if default == "null" else "`{}`".format(default.strip('"'))


def _format_validations(variable: TerraformVariable) -> str:
    if not variable.validations:
        return "`true` or `false`." if variable.type == "bool" else f"`{variable.type}`."
    return " ".join(_format_validation(validation) for validation in variable.validations)


def _format_validation(validation: Validation) -> str:
    """Return the error message without its first words. Attributes and the texts of the condition are code."""
    message = re.sub(_MESSAGE_BEGIN, "", validation.error_message)
    literals = re.findall(r'"(\w[^"]*)"', validation.condition)
    attributes = re.findall(r"var\.(\w+\.\w+)", validation.condition)
    return _capitalize(to_markdown(message, [*literals, *attributes]))


def _format_functions(variable: str, functions: FunctionVariables) -> str:
    if variable in functions.of_all:
        return "all"
    return (
        ", ".join(f"`{name}`" for name in sorted(functions.by_function) if variable in functions.by_function[name])
        or "none"
    )


def _format_field_default(field: FieldInfo) -> str:
    is_text_or_number = isinstance(field.default, str | int | float) and not isinstance(field.default, bool)
    return f"`{field.default}`" if is_text_or_number else "none"


def _get_limit(field: FieldInfo, name: str) -> Any:
    return next((getattr(limit, name) for limit in field.metadata if hasattr(limit, name)), None)


def _render_table(header: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    separator = f"|{'---|' * len(header)}\n"
    return _render_row(header) + separator + "".join(map(_render_row, rows))


def _render_row(cells: tuple[str, ...]) -> str:
    return "|" + "".join(f" {cell} |" if cell else " |" for cell in cells) + "\n"


def main() -> None:
    """Write the page."""
    PAGE.write_text(render_page())


if __name__ == "__main__":
    main()
