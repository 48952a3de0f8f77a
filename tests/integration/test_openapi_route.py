"""The OpenAPI document that `chalice local` serves."""

import json
import urllib.request

from local.config import ROOT
from tests.support.stack import RunningStack

COMMITTED = json.loads((ROOT / "openapi.json").read_text())


def test_local_document_lists_its_own_server_first(stack: RunningStack) -> None:
    with urllib.request.urlopen(f"{stack.outputs.api_url}/openapi.json") as response:
        served = json.load(response)
    first, *other_servers = served["servers"]
    assert first["url"] == stack.outputs.api_url
    assert other_servers == COMMITTED["servers"][:1]
    assert {**served, "servers": []} == {**COMMITTED, "servers": []}


def test_local_document_is_readable_from_another_origin(stack: RunningStack) -> None:
    request = urllib.request.Request(f"{stack.outputs.api_url}/openapi.json", headers={"Origin": "http://docs.example"})
    with urllib.request.urlopen(request) as response:
        assert response.headers["Access-Control-Allow-Origin"] == "*"
        assert response.headers["Content-Type"] == "application/json"
