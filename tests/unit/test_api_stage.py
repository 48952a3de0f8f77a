"""What `make deploy` sets of an API that Chalice has no setting for."""

import json
from typing import Any

import pytest

from chalicelib.cors import Cors
from infra.deploy import api

WANTED = {"name": "dev", "log_group_arn": "arn:aws:logs:us-east-1:000000000000:log-group:api", "rate": 500, "burst": 9}
POLICY = "SecurityPolicy_TLS13_1_2_PFS_PQ_2025_09"


class Gateway:
    """API Gateway's client, of one API and its stage."""

    def __init__(self) -> None:
        self.stage: dict[str, Any] = {"tracingEnabled": True}
        self.api: dict[str, Any] = {"securityPolicy": "TLS_1_0"}
        self.sent: dict[str, str] = {}

    def get_stage(self, **_: str) -> dict[str, Any]:
        return self.stage

    def get_rest_api(self, **_: str) -> dict[str, Any]:
        return self.api

    def update_stage(self, patchOperations: list[dict[str, str]], **_: str) -> None:  # noqa: N803
        self.sent = {it["path"]: it["value"] for it in patchOperations}

    def update_rest_api(self, patchOperations: list[dict[str, str]], **_: str) -> None:  # noqa: N803
        self.sent = {it["path"]: it["value"] for it in patchOperations}


def test_tracing_of_the_stage_is_turned_off() -> None:
    gateway = Gateway()
    assert api.settle(gateway, "id", WANTED)
    assert gateway.sent["/tracingEnabled"] == "false"


def test_access_log_names_neither_path_nor_address() -> None:
    gateway = Gateway()
    api.settle(gateway, "id", WANTED)
    sources = set(json.loads(gateway.sent["/accessLogSettings/format"]).values())
    assert sources.isdisjoint({"$context.path", "$context.identity.sourceIp", "$context.identity.userAgent"})


def test_address_with_the_wrong_policy_gets_the_wanted_one() -> None:
    gateway = Gateway()
    assert api.secure(gateway, "id", POLICY)
    assert gateway.sent == {"/securityPolicy": POLICY, "/endpointAccessMode": "BASIC"}


def test_address_with_the_wanted_policy_is_left_alone() -> None:
    gateway = Gateway()
    gateway.api["securityPolicy"] = POLICY
    assert not api.secure(gateway, "id", POLICY)
    assert not gateway.sent


@pytest.mark.parametrize("kind", ["UNAUTHORIZED", "REQUEST_TOO_LARGE", "DEFAULT_5XX"])
def test_answers_of_the_gateway_ask_for_https(kind: str) -> None:
    parameters = api.gateway_responses(Cors(frozenset()), "/problems")[kind]["responseParameters"]
    assert parameters["gatewayresponse.header.Strict-Transport-Security"] == "'max-age=63072000'"
