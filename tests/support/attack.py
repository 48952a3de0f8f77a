"""An attack on the embedded AWS by a web page that creates a Lambda function, which runs on the developer's machine."""

import base64
import hashlib
import json
from dataclasses import dataclass
from typing import Any

from botocore.auth import SigV4Auth, SigV4QueryAuth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from local.config import AccessKey
from local.emulator_clients import emulator_client
from local.function_archive import build_function_archive
from local.stack import STACK_NAME, Stack

FUNCTION_NAME = "planted"
DOCUMENTED_KEY = AccessKey("test", "test")
_CODE = "def handler(event, context):\n    return 'run'\n"


@dataclass(frozen=True)
class SignedRequest:
    """A request with its signature, which any HTTP client can send."""

    method: str
    url: str
    headers: dict[str, str]
    body: str


def create_function(stack: Stack, key: AccessKey, *, in_query: bool = False) -> SignedRequest:
    """Return CreateFunction, signed with this key in the Authorization header or in the query."""
    body = {
        "FunctionName": FUNCTION_NAME,
        "Role": f"arn:aws:iam::000000000000:role/{STACK_NAME}-pre_sign_up",
        "Runtime": "python3.12",
        "Handler": "planted.handler",
        "Code": {"ZipFile": base64.b64encode(build_function_archive("planted.py", _CODE)).decode()},
    }
    return _sign(stack, key, "/2015-03-31/functions", body, in_query)


def invoke_function(stack: Stack, key: AccessKey) -> SignedRequest:
    """Return Invoke for the created function, signed with this key."""
    return _sign(stack, key, f"/2015-03-31/functions/{FUNCTION_NAME}/invocations", {}, in_query=False)


def _sign(stack: Stack, key: AccessKey, path: str, arguments: dict[str, Any], in_query: bool) -> SignedRequest:
    body = json.dumps(arguments)
    request = AWSRequest("POST", stack.aws_endpoint_url + path, data=None if in_query else body)
    signer = _SigV4QueryAuth(body, key, stack) if in_query else SigV4Auth(*_scope(key, stack))
    signer.add_auth(request)
    return SignedRequest("POST", str(request.url), dict(request.headers), body)


def _scope(key: AccessKey, stack: Stack) -> tuple[Credentials, str, str]:
    return Credentials(key.id, key.secret), "lambda", stack.region


class _SigV4QueryAuth(SigV4QueryAuth):
    """Signs in the query a request with a body. botocore would move the body to the query."""

    def __init__(self, body: str, key: AccessKey, stack: Stack) -> None:
        super().__init__(*_scope(key, stack))
        self._payload_hash = hashlib.sha256(body.encode()).hexdigest()

    def payload(self, request: AWSRequest) -> str:  # noqa: ARG002
        return self._payload_hash


def has_function(stack: Stack) -> bool:
    """Return True if the attack has succeeded."""
    functions = emulator_client("lambda", stack).list_functions()["Functions"]
    return FUNCTION_NAME in {function["FunctionName"] for function in functions}
