"""A page's attack on the embedded AWS: a Lambda function is a process of the user."""

import base64
import hashlib
import io
import json
import zipfile
from dataclasses import dataclass
from typing import Any

from botocore.auth import SigV4Auth, SigV4QueryAuth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from local.settings import AccessKey
from local.stack import NAME, Stack, client

FUNCTION = "planted"
DOCUMENTED_KEY = AccessKey("test", "test")
_CODE = "def handler(event, context):\n    return 'run'\n"


@dataclass(frozen=True)
class Signed:
    """A request with its signature, ready to be sent by anybody."""

    method: str
    url: str
    headers: dict[str, str]
    body: str


def create_function(stack: Stack, key: AccessKey, *, in_query: bool = False) -> Signed:
    """CreateFunction, signed with this key in the Authorization header or in the query."""
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as file:
        file.writestr("planted.py", _CODE)
    body = {
        "FunctionName": FUNCTION,
        "Role": f"arn:aws:iam::000000000000:role/{NAME}-pre_sign_up",
        "Runtime": "python3.12",
        "Handler": "planted.handler",
        "Code": {"ZipFile": base64.b64encode(archive.getvalue()).decode()},
    }
    return _sign(stack, key, "/2015-03-31/functions", body, in_query)


def invoke_function(stack: Stack, key: AccessKey) -> Signed:
    return _sign(stack, key, f"/2015-03-31/functions/{FUNCTION}/invocations", {}, in_query=False)


def _sign(stack: Stack, key: AccessKey, path: str, arguments: dict[str, Any], in_query: bool) -> Signed:
    body = json.dumps(arguments)
    request = AWSRequest("POST", stack.aws_endpoint_url + path, data=None if in_query else body)
    signer = _SigV4QueryAuth(body, key, stack) if in_query else SigV4Auth(*_scope(key, stack))
    signer.add_auth(request)
    return Signed("POST", str(request.url), dict(request.headers), body)


def _scope(key: AccessKey, stack: Stack) -> tuple[Credentials, str, str]:
    return Credentials(key.id, key.secret), "lambda", stack.region


class _SigV4QueryAuth(SigV4QueryAuth):
    """A signature in the query, of a request with a body, which botocore would move to the query."""

    def __init__(self, body: str, key: AccessKey, stack: Stack) -> None:
        super().__init__(*_scope(key, stack))
        self._payload_hash = hashlib.sha256(body.encode()).hexdigest()

    def payload(self, request: AWSRequest) -> str:  # noqa: ARG002
        return self._payload_hash


def has_function(stack: Stack) -> bool:
    """Whether the attack has succeeded."""
    return FUNCTION in {it["FunctionName"] for it in client("lambda", stack).list_functions()["Functions"]}
