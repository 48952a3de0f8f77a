"""The prose check of `make check`: which texts it reads and which findings it reports."""

import json
from pathlib import Path

import pytest

from tools.prose_check import (
    check_file,
    extract_python_prose,
    find_phrases,
    find_test_names,
    list_files,
    load_rules,
    main,
)

RULES = load_rules()


def found_in(text: str) -> list[str]:
    """Return the forbidden phrases in a text, without their replacements."""
    return [message.split('"')[1] for _, message in find_phrases(text, RULES)]


@pytest.mark.parametrize(
    ("text", "phrase"),
    [
        ("The client is told the version.", "told"),
        ("Tells the client.", "Tells"),
        ("Returns what is stored.", "what"),
        ("What a client sends.", "What"),
        ("The table says that it is empty.", "says"),
        ("The run ends by itself.", "by itself"),
        ("Deleting files makes room for it.", "makes room"),
        ("Both run at once.", "at once"),
        ("Both run at\n    once.", "at once"),
        ("The profile is no picture.", "is no"),
        ("A walk over all users", "walk"),
        ("The user is in the pool.", "the pool"),
        ("Whoever calls it", "Whoever"),
        ("A stray ` mark.\nThe client is told the `version`.", "told"),
    ],
)
def test_forbidden_phrase_is_found(text: str, phrase: str) -> None:
    assert found_in(text) == [phrase]


@pytest.mark.parametrize(
    "text",
    [
        "The user pool is no longer there.",
        "There is no profile, so there is no picture.",
        "The connection is keep-alive. The placeholder and the health check remain.",
        "`told` and [a link](docs/told.md) at https://example.com/told",
        "The word retold, and a told-like-name",
        "At first.\n\nOnce more.",
    ],
)
def test_technical_text_has_no_findings(text: str) -> None:
    assert found_in(text) == []


def test_finding_has_line_and_replacement() -> None:
    (finding,) = find_phrases("First line.\nThe `code` is kept.", RULES)
    assert finding == (2, '"kept": write stored, retained, cached or unchanged')


def test_python_prose_is_docstrings_and_comments() -> None:
    source = '"""A\nmodule."""\nvalue = "told"  # a comment\n\nclass A:\n    "told"\n    name = "told"\n'
    assert extract_python_prose(source).split("\n") == ['"""A', 'module."""', " a comment", "", "", '    "told"', ""]


@pytest.mark.parametrize("separator", ["\n# ", "\n    # "])
def test_phrase_across_comment_lines_is_found(tmp_path: Path, separator: str) -> None:
    file = tmp_path / "module.py"
    file.write_text(f"if True:\n    # Everything is sent at{separator}once.\n    pass\n")
    assert [line for line, _ in check_file(file, RULES)] == [2]


@pytest.mark.parametrize(
    ("name", "count"),
    [
        ("test_" + "a" * 55, 0),
        ("test_" + "a" * 56, 1),
        ("test_users_profile", 0),
        ("test_a_s_b", 1),
        ("test_stored_profile_is_kept", 1),
    ],
)
def test_test_name_that_violates_a_rule_is_found(name: str, count: int) -> None:
    assert len([*find_test_names(f"def {name}():\n    pass\n", RULES)]) == count


def test_markdown_code_block_is_skipped(tmp_path: Path) -> None:
    file = tmp_path / "page.md"
    file.write_text("# Title\n\n```sh\necho told\n```\n\nThe client is told.\n")
    assert [line for line, _ in check_file(file, RULES)] == [7]


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("main.tf", 'description = "What is deployed."\n'),
        ("main.tf", "a = 1 # Nobody reads it.\n"),
        ("variables.tftest.hcl", "# Nobody reads it.\n"),
        ("Makefile", "target: ## Show what is deployed\n"),
        ("Makefile", "# Both run at\n# once.\n"),
    ],
)
def test_other_file_is_checked_as_a_whole(tmp_path: Path, name: str, text: str) -> None:
    (tmp_path / name).write_text(text)
    assert [line for line, _ in check_file(tmp_path / name, RULES)] == [1]


@pytest.mark.parametrize("name", ["tab.js", "api.ts", "Form.tsx", "page.html"])
@pytest.mark.parametrize(
    "text",
    [
        "const a = 1; // The client is told.\n",
        "/** The client is told. */\n",
        'toast("The client is told.");\n',
        "toast(`The client is told ${count} times.`);\n",
        "<p>The client is told.</p>\n",
        "// Both run at\n// once.\n",
        "/**\n * Both run at\n * once.\n */\n",
        "  // Both run at\n  // once.\n",
    ],
)
def test_phrase_in_a_page_or_script_is_found(tmp_path: Path, name: str, text: str) -> None:
    file = tmp_path / name
    file.write_text("// A page.\n" + text)
    assert len(check_file(file, RULES)) == 1
    assert [*list_files(tmp_path)] == [file]


@pytest.mark.parametrize(
    "text",
    [
        "// The function `told` is not called.\n",
        " * The function `told` is not called.\n",
        "// https://example.com/told\n",
        "const { toldAt } = event;\n",
    ],
)
def test_technical_text_in_a_script_has_no_findings(tmp_path: Path, text: str) -> None:
    file = tmp_path / "tab.js"
    file.write_text(text)
    assert check_file(file, RULES) == []


def test_openapi_texts_are_checked_and_keys_are_not(tmp_path: Path) -> None:
    file = tmp_path / "openapi.json"
    document = {"info": {"title": "API"}, "paths": {"/told": {"get": {"summary": "Is told", "operationId": "told"}}}}
    file.write_text(json.dumps(document, indent=2))
    (finding,) = check_file(file, RULES)
    assert finding == (8, '"told": write returns, reports, logs or responds')


def test_installed_packages_and_builds_are_not_checked(tmp_path: Path) -> None:
    for directory in (".venv", "tests/node_modules", "examples/dist", "docs"):
        (tmp_path / directory).mkdir(parents=True)
        (tmp_path / directory / "page.md").write_text("Told.\n")
    assert [*list_files(tmp_path)] == [tmp_path / "docs" / "page.md"]


def test_findings_fail_the_check(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "page.md").write_text("The client is told.\n")
    assert main(tmp_path) == 1
    assert capsys.readouterr().out == 'page.md:1: "told": write returns, reports, logs or responds\n'


def test_no_findings_pass_the_check(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "page.md").write_text("The response has the version.\n")
    assert main(tmp_path) == 0
    assert capsys.readouterr().out == ""
