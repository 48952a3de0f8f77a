"""The import rules of docs/architecture.md, and other rules about the structure of the application."""

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Final, NamedTuple

ROOT: Final = Path(__file__).parents[2]
APPLICATION: Final = [ROOT / "app.py", *sorted((ROOT / "chalicelib").rglob("*.py"))]
DOMAINS: Final = ("accounts", "profiles", "pictures", "files", "privacy", "reconciliation")
# The packages of chalicelib that each package may import, apart from itself.
ALLOWED_PACKAGES: Final = {
    "core": set[str](),
    "aws": {"core"},
    "api": {"core"},
    "access": {"core"},
    "profiles": {"core", "aws", "access"},
    "accounts": {"core", "aws", "profiles"},
    "pictures": {"core", "aws", "access", "profiles"},
    "files": {"core", "aws", "access", "profiles"},
    "privacy": {"core", "aws", "access", "profiles", "pictures", "files"},
    "reconciliation": {"core", "aws", "profiles", "pictures", "files", "privacy"},
}
# Modules at the edge of a domain are called by Chalice. They may also import these packages.
ENTRY_POINTS: Final = {
    "routes": {"api", "access", "bootstrap"},
    "triggers": {"bootstrap"},
    "functions": {"bootstrap"},
    "jobs": {"bootstrap"},
}
DEVELOPMENT_PACKAGES: Final = {"benchmarks", "infra", "jwt", "local", "ministack", "pycognito", "tests", "tools"}


class Imported(NamedTuple):
    """An imported module, or a module of which names are imported."""

    module: str
    is_at_top_level: bool

    @property
    def root(self) -> str:
        return self.module.partition(".")[0]

    @property
    def package(self) -> str | None:
        """Return the package below chalicelib."""
        return self.module.split(".")[1] if self.module.startswith("chalicelib.") else None


@cache
def find_imports(file: Path) -> tuple[Imported, ...]:
    """Return all imports of a file except those for type checkers."""
    return tuple(_iterate_imports(file))


def _iterate_imports(file: Path) -> Iterator[Imported]:
    tree = ast.parse(file.read_text())
    type_checking = [
        node
        for statement in ast.walk(tree)
        if isinstance(statement, ast.If) and ast.unparse(statement.test) == "TYPE_CHECKING"
        for node in ast.walk(statement)
    ]
    for node in ast.walk(tree):
        is_at_top_level = node in tree.body
        if node in type_checking:
            continue
        if isinstance(node, ast.Import):
            yield from (Imported(alias.name, is_at_top_level) for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield from (Imported(f"{node.module}.{alias.name}", is_at_top_level) for alias in node.names)


def name_of(file: Path) -> str:
    return file.relative_to(ROOT).with_suffix("").as_posix()


def package_of(file: Path) -> str | None:
    parts = file.relative_to(ROOT).parts
    return parts[1] if len(parts) == 3 else None


def files_that_import(*roots: str) -> list[str]:
    """Return the files of the application that import one of these packages."""
    return [name_of(file) for file in APPLICATION if {imported.root for imported in find_imports(file)} & set(roots)]


def test_packages_import_only_packages_of_the_table() -> None:
    for file in APPLICATION:
        if (package := package_of(file)) is not None:
            allowed = {package} | ALLOWED_PACKAGES[package] | ENTRY_POINTS.get(file.stem, set())
            assert {imported.package for imported in find_imports(file)} - {None} <= allowed, name_of(file)


def test_table_has_all_packages() -> None:
    assert {package_of(file) for file in APPLICATION} - {None} == set(ALLOWED_PACKAGES)


def test_entry_points_are_imported_only_by_the_app() -> None:
    entry_points = {f"chalicelib.{domain}.{module}" for domain in DOMAINS for module in ENTRY_POINTS}
    importers = {
        file.stem for file in APPLICATION if {imported.module for imported in find_imports(file)} & entry_points
    }
    assert importers == {"app"}


def test_bootstrap_imports_domains_inside_its_factories() -> None:
    imports = [imported for imported in find_imports(ROOT / "chalicelib/bootstrap.py") if imported.package]
    assert {imported.package for imported in imports if imported.is_at_top_level} <= {"core", "aws"}
    assert {imported.package for imported in imports} >= {"profiles", "pictures"}


def test_services_know_neither_chalice_nor_botocore() -> None:
    assert [name for name in files_that_import("botocore", "chalice") if name.endswith("/service")] == []


def test_only_aws_imports_botocore() -> None:
    assert files_that_import("boto3") == []
    assert {name.split("/")[1] for name in files_that_import("botocore")} == {"aws"}


def test_only_settings_imports_os() -> None:
    assert files_that_import("os") == ["chalicelib/core/settings"]


def test_only_the_sanitizer_imports_pillow() -> None:
    assert files_that_import("PIL") == ["chalicelib/pictures/image_sanitizer"]


def test_sanitizer_is_imported_inside_its_function() -> None:
    importers = {
        (name_of(file), imported.is_at_top_level)
        for file in APPLICATION
        for imported in find_imports(file)
        if imported.module.endswith("image_sanitizer")
    }
    assert importers == {("chalicelib/pictures/functions", False)}


def test_application_imports_no_development_package() -> None:
    development = {
        (name_of(file), imported.module, imported.is_at_top_level)
        for file in APPLICATION
        for imported in find_imports(file)
        if imported.root in DEVELOPMENT_PACKAGES
    }
    # The chalice command loads app.py on a developer's machine, where tools/ patches it.
    assert development == {("app", "tools.chalice_cli", False)}


def find_functions(file: Path) -> list[ast.FunctionDef]:
    return [node for node in ast.parse(file.read_text()).body if isinstance(node, ast.FunctionDef)]


def test_views_are_under_ten_lines() -> None:
    views = [
        view
        for file in [ROOT / "app.py", *APPLICATION]
        if file.stem in ("app", "routes", "triggers")
        for view in find_functions(file)
    ]
    assert len(views) > 8
    assert [view.name for view in views if (view.end_lineno or 0) - view.lineno >= 10] == []


def test_views_have_no_docstrings() -> None:
    """Chalice would publish them as descriptions in the deployed API."""
    views = [
        view
        for file in APPLICATION
        if file.stem in ("app", "routes")
        for view in find_functions(file)
        if view.decorator_list
    ]
    assert len(views) > 7
    assert [view.name for view in views if ast.get_docstring(view)] == []


def test_only_the_local_stack_imports_the_console() -> None:
    packages = ("benchmarks", "chalicelib", "infra", "tools")
    files = [ROOT / "app.py", *(file for package in packages for file in (ROOT / package).rglob("*.py"))]
    importers = [
        name_of(file)
        for file in files
        for imported in find_imports(file)
        if imported.module.startswith("local.web_console")
    ]
    assert len(files) > 50
    assert importers == []
