"""The house rules that a reader can't see broken at a glance."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
# Top to bottom; a module imports only from lines below its own, or nothing of ours.
FLOORS = [
    ["app"],
    ["reconciliation"],
    ["reconciliation_profiles", "reconciliation_users"],
    ["http", "images", "pictures", "problems", "reconciliation_checkpoints"],
    ["checking", "picture_leases", "profiles"],
    ["user_pool"],
    ["auth", "bucket", "cognito", "image_limits", "repository"],
    ["aws", "models"],
    ["sdk"],
    ["botocore_tuning", "gc_tuning"],
    ["preconditions", "rate_limit", "settings", "values"],
    ["cors", "errors", "idle_connections", "logs"],
]
MODULES = sorted((ROOT / "chalicelib").glob("*.py"))


def imported(file: Path) -> tuple[set[str], set[str]]:
    """The modules of chalicelib that a file imports, and the packages of others."""
    ours, others = set[str](), set[str]()
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.Import):
            others |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module == "chalicelib":
            ours |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            package, _, module = node.module.partition(".")
            ours |= {module} if package == "chalicelib" else set()
            others.add(package)
    return ours, others


def floor(module: str) -> int:
    return next(number for number, modules in enumerate(FLOORS) if module in modules)


@pytest.mark.parametrize("file", [ROOT / "app.py", *MODULES], ids=lambda file: file.stem)
def test_imports_point_down(file: Path) -> None:
    if file.stem == "__init__":
        return
    ours, _ = imported(file)
    assert all(floor(file.stem) < floor(module) for module in ours), ours


@pytest.mark.parametrize("file", MODULES, ids=lambda file: file.stem)
def test_nothing_in_production_imports_what_is_for_development(file: Path) -> None:
    assert not imported(file)[1] & {"local", "jwt", "ministack", "pycognito", "tests"}


@pytest.mark.parametrize("file", [ROOT / "app.py", *MODULES], ids=lambda file: file.stem)
def test_only_settings_reads_the_environment(file: Path) -> None:
    assert ("os" in imported(file)[1]) == (file.stem == "settings")


def test_the_image_library_is_imported_by_one_module_and_that_by_one_function() -> None:
    assert [file.stem for file in MODULES if "PIL" in imported(file)[1]] == ["images"]
    assert not [file.stem for file in MODULES if "images" in imported(file)[0]]
    top = ast.parse((ROOT / "app.py").read_text()).body
    assert not [node for node in top if isinstance(node, ast.ImportFrom) and "images" in ast.unparse(node)]


def test_handlers_are_under_ten_lines() -> None:
    functions = [
        node for node in ast.walk(ast.parse((ROOT / "app.py").read_text())) if isinstance(node, ast.FunctionDef)
    ]
    assert functions
    assert all((node.end_lineno or 0) - node.lineno < 10 for node in functions)
