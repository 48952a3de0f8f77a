"""The documentation is complete: its links and paths exist, and its tables match the code."""

import json
import re
from typing import Any

import pytest

import app  # its imports define every error
from chalicelib.api import problem_types
from chalicelib.core.metrics import Metric
from chalicelib.profiles.models import Profile
from local.config import ROOT
from tests.support.markdown import (
    PAGES,
    README,
    get_section,
    list_anchors,
    list_code_spans,
    list_links,
    list_names,
    list_rows,
    read_page,
    resolve_link,
)
from tools.prose_check import extract_python_prose, list_files

MAX_README_LINES = 200
MAX_SCREENSHOT_BYTES = 100_000
LANGUAGES = {"", "sh", "json", "js", "python", "mermaid", "hcl"}
# A path of the repository, such as `infra/api.tf` or `docs/`. Placeholders and patterns are not paths.
FOLDERS = tuple(f"{folder.name}/" for folder in ROOT.iterdir() if folder.is_dir() and not folder.name.startswith("."))
PATH = re.compile(rf"(?<![\w./-])(?:{'|'.join(map(re.escape, FOLDERS))})(?:[\w./-]*[\w/])?(?![\w*<{{])")
# These exist only after a command: the variables of a stage.
CREATED = re.compile(r"infra/(dev|backend)\.(tfvars|tf)")
PROFILE_ATTRIBUTES = "Table Users"


def terraform(name: str) -> str:
    return (ROOT / "infra" / name).read_text()


def test_readme_has_at_most_200_lines() -> None:
    assert len(read_page(README).splitlines()) <= MAX_README_LINES


@pytest.mark.parametrize("page", PAGES)
def test_relative_links_exist(page: str) -> None:
    for link in list_links(page):
        if "://" not in link:
            file, anchor = resolve_link(page, link)
            assert file.exists(), link
            assert not anchor or anchor in list_anchors(str(file.relative_to(ROOT))), link


@pytest.mark.parametrize("page", PAGES)
def test_named_paths_exist(page: str) -> None:
    for span in list_code_spans(read_page(page)):
        if span.startswith(FOLDERS) and re.fullmatch(r"[\w./-]+", span) and not CREATED.fullmatch(span):
            assert (ROOT / span).exists(), span


def test_paths_in_docstrings_and_comments_exist() -> None:
    missing = {
        (str(file.relative_to(ROOT)), path)
        for file in list_files(ROOT)
        if file.suffix == ".py"
        for path in PATH.findall(extract_python_prose(file.read_text()))
        if not CREATED.fullmatch(path) and not (ROOT / path).exists()
    }
    assert missing == set()


@pytest.mark.parametrize("page", PAGES)
def test_code_blocks_have_a_known_language(page: str) -> None:
    """A block in another language would not be run by any test."""
    opening_lines = re.findall(r"^```(.*)$", read_page(page), re.MULTILINE)[::2]
    assert set(opening_lines) <= LANGUAGES


@pytest.mark.parametrize("page", PAGES)
def test_make_targets_exist(page: str) -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    commands = (span for span in list_code_spans(read_page(page)) if span.startswith("make "))
    named = {word for span in commands for word in re.findall(r"^make (?:[A-Z]\S* )*([a-z-]+)", span)}
    assert named <= targets


def test_documentation_index_lists_every_page() -> None:
    linked = {resolve_link("docs/README.md", link)[0] for link in list_links("docs/README.md")}
    linked |= {resolve_link("docs/decisions/README.md", link)[0] for link in list_links("docs/decisions/README.md")}
    pages = {ROOT / page for page in PAGES} - {ROOT / README, ROOT / "docs/README.md"}
    assert pages <= linked


def test_every_screenshot_is_shown_and_small() -> None:
    linked = {resolve_link(page, link)[0] for page in PAGES for link in list_links(page) if link.endswith(".png")}
    files = set((ROOT / "docs" / "screenshots").iterdir())
    assert linked == files
    assert max(file.stat().st_size for file in files) < MAX_SCREENSHOT_BYTES


def test_every_terraform_variable_is_documented() -> None:
    variables = set(re.findall(r'^variable "(\w+)"', terraform("variables.tf"), re.MULTILINE))
    assert set(list_names("docs/configuration.md", "Terraform variables")) == variables
    assert set(list_code_spans(get_section("infra/README.md", "Inputs"))) == variables


def test_every_terraform_output_is_documented() -> None:
    outputs = re.findall(r'^output "(\w+)"', terraform("outputs.tf"), re.MULTILINE)
    assert sorted(list_names("infra/README.md", "Outputs")) == sorted(outputs)


def test_every_terraform_file_is_documented() -> None:
    named = set(list_names("infra/README.md", "Files"))
    assert {file.name for file in (ROOT / "infra").glob("*.tf")} <= named


def test_every_metric_is_documented() -> None:
    assert sorted(list_names("docs/operations.md", "Metrics")) == sorted(Metric)


def list_functions() -> list[str]:
    """Return the names of the Lambda functions, as main.tf forms them."""
    return ["api_handler", *re.findall(r'"\$\{local\.prefix\}-(\w+)"', terraform("main.tf"))]


def list_alarms() -> set[str]:
    """Return the names of all alarms in alarms*.tf, without the stage's prefix."""
    text = "".join(file.read_text() for file in sorted((ROOT / "infra").glob("alarms*.tf")))
    suffixes = re.findall(r'^\s*"?.*?"\$\{([\w.\[\]]+)\}-([a-z0-9-]+)"\s+=', text, re.MULTILINE)
    of_stage = {suffix for subject, suffix in suffixes if subject == "local.prefix"}
    of_function = {suffix for subject, suffix in suffixes if subject != "local.prefix"}
    assert of_function == {"errors", "throttles", "not-running"}, "list_alarms() does not know another suffix"
    of_metric = set(re.findall(r"^\s+([A-Z]\w+)\s+= \"", text, re.MULTILINE))
    names = {
        suffix if function == "api_handler" else f"{function}-{suffix}"
        for function in list_functions()
        for suffix in ("errors", "throttles")
    }
    return names | of_stage | of_metric | {"reconcile-not-running"}


def test_runbook_has_a_line_for_each_alarm() -> None:
    rows = list_rows("docs/operations.md", "Alarms and runbook")
    assert sorted(row[0].strip("`") for row in rows) == sorted(list_alarms())
    assert all(len(row) == 3 and all(row) for row in rows)


def test_every_error_type_is_documented() -> None:
    assert app.app.routes
    types = {(str(error.status), error.slug) for error in problem_types.list_problem_types()}
    rows = list_rows("docs/api.md", "Errors")
    assert {(row[0], row[1].strip("`")) for row in rows} == types


@pytest.mark.parametrize(("page", "section"), [("docs/api.md", "Routes"), (README, "The API at a glance")])
def test_every_route_is_documented(page: str, section: str) -> None:
    document: dict[str, Any] = json.loads((ROOT / "openapi.json").read_text())
    routes = {(method.upper(), path) for path, item in document["paths"].items() for method in item}
    documented = {
        (method, path)
        for row in list_rows(page, section)
        for path in re.findall(r"/[\w/{}]+", row[0])
        for method in re.findall(r"[A-Z]{3,}", row[0])
    }
    assert documented == {route for route in routes if route[0] not in ("PARAMETERS", "OPTIONS")}


def test_every_stored_attribute_is_documented() -> None:
    attributes = {"user_id" if name == "id" else name for name in Profile.model_fields}
    assert attributes <= set(list_names("docs/architecture.md", PROFILE_ATTRIBUTES))


def test_internal_attributes_are_used() -> None:
    source = "".join(file.read_text() for file in (ROOT / "chalicelib").rglob("*.py"))
    names = list_names("docs/architecture.md", PROFILE_ATTRIBUTES)
    assert {"contact_synced_at", "picture_revision", "picture_lease_until"} <= set(names)
    for name in names:
        if not name.startswith("#"):
            assert re.search(rf"\b{name}\b", source), name


def test_timeouts_are_documented() -> None:
    config = json.loads((ROOT / ".chalice" / "config.json").read_text())
    rows = {row[0].strip("`"): row[1] for row in list_rows("docs/architecture.md", "Time budget")}
    for function in list_functions():
        settings = config["lambda_functions"].get(function, {})
        assert rows[function] == f"{settings.get('lambda_timeout', config['lambda_timeout'])} s"


def list_actions(function: str) -> set[str]:
    """Return the actions of a function's role, without logs and traces."""
    source = "".join(map(terraform, ("functions.tf", "pictures.tf", "files.tf")))
    blocks = re.findall(rf"^    {function}\s+= \[\n(.*?)^    \]", source, re.DOTALL | re.M)
    return {action for block in blocks for action in re.findall(r'"[\w-]+:([A-Z]\w+)"', block)}


def test_roles_are_documented() -> None:
    rows = {row[0].strip("`"): " ".join(row[1:]) for row in list_rows("docs/security.md", "Roles of the functions")}
    assert set(rows) == set(list_functions())
    for function, cells in rows.items():
        named = set(re.findall(r"\b(?:[A-Z][a-z]+){2,}\b|\b(?:Query|Scan)\b", cells))
        assert named == list_actions(function), function
