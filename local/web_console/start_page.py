"""The content of the Start tab: the addresses and ids of this run, and code for front ends with these values.

The code is that of docs/getting-started.md, which the tests run.
"""

import json
import re
from typing import Any, Final

from local.config import ROOT
from local.demo import ATTRIBUTES, PASSWORD, USERNAME
from local.openapi_route import OPENAPI_PATH
from local.stack import Stack

_DOCUMENT: Final = ROOT / "docs" / "getting-started.md"
# Name of the tab, heading in the document, language.
_SNIPPETS: Final = (
    ("Amplify v6", "Amplify", "js"),
    ("amazon-cognito-identity-js", "amazon-cognito-identity-js", "js"),
    ("AWS SDK v3", "AWS SDK for JavaScript v3", "js"),
    ("Python", "Use it from Python", "python"),
)
_PUBLIC_KEYS: Final = ("api_url", "aws_endpoint_url", "region", "user_pool_id", "user_pool_client_id")
_CURL: Final = """\
# Sign up. The code is in the Mail tab.
curl -sS {stack.aws_endpoint_url} \\
  -H 'Content-Type: application/x-amz-json-1.1' \\
  -H 'X-Amz-Target: AWSCognitoIdentityProviderService.SignUp' \\
  -d '{sign_up}'

# Confirm.
curl -sS {stack.aws_endpoint_url} \\
  -H 'Content-Type: application/x-amz-json-1.1' \\
  -H 'X-Amz-Target: AWSCognitoIdentityProviderService.ConfirmSignUp' \\
  -d '{confirm}'

# Read the profile of the demo user, in the folder of the checkout.
TOKEN=$(make -s token EMAIL={username} PASSWORD='{password}')
curl -sS {stack.api_url}/users/me -H "Authorization: Bearer $TOKEN"
"""


def build_start_page(stack: Stack) -> dict[str, Any]:
    """Return the facts and the snippets."""
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
        "snippets": [*_build_documented_snippets(stack), _build_curl_snippet(stack)],
        "demo_user": {"email": USERNAME, "password": PASSWORD},
    }


def _build_documented_snippets(stack: Stack) -> list[dict[str, str]]:
    text = _DOCUMENT.read_text()
    values = json.dumps({name: getattr(stack, name) for name in _PUBLIC_KEYS}, indent=2)
    snippets = []
    for name, heading, language in _SNIPPETS:
        code = extract_code(text, heading, language)
        code = f"const stack = {values};\n\n{code}" if language == "js" else _insert_values(code, values)
        snippets.append({"name": name, "language": language, "code": code})
    return snippets


def extract_code(text: str, heading: str, language: str) -> str:
    """Return the first code block of a language below a heading of a Markdown text, or "" if there is none."""
    section = re.search(rf"(?ms)^#+ {re.escape(heading)}$(.*?)(?=^#+ |\Z)", text)
    block = re.search(rf"(?ms)^```{language}\n(.*?)^```", section[1]) if section else None
    return block[1] if block else ""


def _insert_values(code: str, values: str) -> str:
    """Replace the reading of stack.json in Python code by the values of this run."""
    without_imports = code.replace("import json\nfrom pathlib import Path\n\n", "")
    return re.sub(r"(?m)^stack = json\.loads.*$", lambda _: f"stack = {values}", without_imports)


def _build_curl_snippet(stack: Stack) -> dict[str, str]:
    email = "jane@example.com"
    attributes = {**ATTRIBUTES, "name": "Jane Roe", "email": email}
    sign_up = {
        "ClientId": stack.user_pool_client_id,
        "Username": email,
        "Password": PASSWORD,
        "UserAttributes": [{"Name": name, "Value": value} for name, value in attributes.items()],
    }
    confirm = {"ClientId": stack.user_pool_client_id, "Username": email, "ConfirmationCode": "<code of the mail>"}
    code = _CURL.format(
        stack=stack, sign_up=json.dumps(sign_up), confirm=json.dumps(confirm), username=USERNAME, password=PASSWORD
    )
    return {"name": "curl", "language": "sh", "code": code}
