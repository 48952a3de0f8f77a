"""The Start tab has runnable code with the values of this run."""

import ast
import json

import pytest

from local.web_console.start_page import build_start_page, extract_code
from tests.unit.local.test_stack_file import STACK

COMMANDS = f"export CLIENT={STACK.user_pool_client_id}\ncurl {STACK.aws_endpoint_url}\n"


def get_snippets() -> dict[str, str]:
    return {snippet["name"]: snippet["code"] for snippet in build_start_page(STACK, COMMANDS)["snippets"]}


def test_every_client_has_a_snippet() -> None:
    assert list(get_snippets()) == ["Amplify v6", "amazon-cognito-identity-js", "AWS SDK v3", "Python", "curl"]


@pytest.mark.parametrize("name", ["Amplify v6", "amazon-cognito-identity-js", "AWS SDK v3", "Python", "curl"])
def test_snippet_has_the_values_of_this_run(name: str) -> None:
    code = get_snippets()[name]
    assert STACK.aws_endpoint_url in code
    assert STACK.user_pool_client_id in code
    assert STACK.aws_secret_access_key not in code


def test_python_snippet_needs_no_file() -> None:
    code = get_snippets()["Python"]
    ast.parse(code)
    assert "stack.json" not in code


def test_random_codes_replace_the_fixed_code() -> None:
    page = build_start_page(STACK, COMMANDS, has_random_codes=True)
    for snippet in page["snippets"]:
        assert '"123456"' not in snippet["code"]
        assert snippet["note"].endswith("Replace CODE with the code in the Mail tab.")


def test_facts_contain_no_secret() -> None:
    assert "random" not in json.dumps(build_start_page(STACK, COMMANDS))


def test_code_of_an_unknown_heading_is_empty() -> None:
    assert extract_code("# A\n```js\nx\n```\n", "B", "js") == ""
    assert extract_code("# A\n```js\nx\n```\n", "A", "js") == "x\n"
