"""The content of the Start tab: the addresses and ids of this run, and code for front ends with these values.

The code is that of docs/getting-started.md, which the tests run.
"""

import json
import re
from typing import Any, Final

from local.config import ROOT
from local.demo import PASSWORD, USERNAME
from local.emulator import CONFIRMATION_CODE
from local.openapi_route import OPENAPI_PATH
from local.printed_commands import RANDOM_CODE
from local.stack import Stack

_DOCUMENT: Final = ROOT / "docs" / "getting-started.md"
# Name of the tab, heading in the document, language.
_SNIPPETS: Final = (
    ("Amplify v6", "Amplify", "js"),
    ("amazon-cognito-identity-js", "amazon-cognito-identity-js", "js"),
    ("AWS SDK v3", "AWS SDK for JavaScript v3", "js"),
    ("Python", "Use it from Python", "python"),
)
_NOTES: Final = {"Python": "Run it with .venv/bin/python of the checkout."}
_CURL_NOTE: Final = "Paste into a terminal, in the folder of the checkout."
_CODE_NOTE: Final = f"Replace {RANDOM_CODE} with the code in the Mail tab."
_PUBLIC_KEYS: Final = ("api_url", "aws_endpoint_url", "region", "user_pool_id", "user_pool_client_id")


def build_start_page(stack: Stack, commands: str, *, has_random_codes: bool = False) -> dict[str, Any]:
    """Return the facts and the snippets. `commands` are those for a terminal (local.printed_commands)."""
    snippets = [*_build_documented_snippets(stack), {"name": "curl", "code": commands, "note": _CURL_NOTE}]
    if has_random_codes:
        snippets = [_without_fixed_code(snippet) for snippet in snippets]
    facts = {
        "API": stack.api_url,
        "OpenAPI document": stack.api_url + OPENAPI_PATH,
        "Embedded AWS": stack.aws_endpoint_url,
        "Region": stack.region,
        "User pool": stack.user_pool_id,
        "App client": stack.user_pool_client_id,
        "Tables": f"{stack.table}, {stack.records_table}",
        "Bucket": stack.bucket,
    }
    return {
        "facts": [{"name": name, "value": value} for name, value in facts.items()],
        "snippets": snippets,
        "example_user": {"email": USERNAME, "password": PASSWORD},
    }


def _build_documented_snippets(stack: Stack) -> list[dict[str, str]]:
    text = _DOCUMENT.read_text() if _DOCUMENT.exists() else ""
    values = json.dumps({name: getattr(stack, name) for name in _PUBLIC_KEYS}, indent=2)
    snippets = []
    for name, heading, language in _SNIPPETS:
        code = extract_code(text, heading, language)
        code = f"const stack = {values};\n\n{code}" if language == "js" else _insert_values(code, values)
        snippets.append({"name": name, "code": code, "note": _NOTES.get(name, "")})
    return snippets


def _without_fixed_code(snippet: dict[str, str]) -> dict[str, str]:
    code = snippet["code"].replace(f'"{CONFIRMATION_CODE}"', f'"{RANDOM_CODE}"')
    return {**snippet, "code": code, "note": f"{snippet['note']} {_CODE_NOTE}".strip()}


def extract_code(text: str, heading: str, language: str) -> str:
    """Return the first code block of a language below a heading of a Markdown text, or "" if there is none."""
    section = re.search(rf"(?ms)^#+ {re.escape(heading)}$(.*?)(?=^#+ |\Z)", text)
    block = re.search(rf"(?ms)^```{language}\n(.*?)^```", section[1]) if section else None
    return block[1] if block else ""


def _insert_values(code: str, values: str) -> str:
    """Replace the reading of stack.json in Python code by the values of this run."""
    without_imports = code.replace("import json\nfrom pathlib import Path\n\n", "")
    return re.sub(r"(?m)^stack = json\.loads.*$", lambda _: f"stack = {values}", without_imports)
