"""Settings of the API and its stage that `make deploy` makes because Chalice has none for them."""

import json
from typing import Any

import pytest

from chalicelib.api.cors import CorsPolicy
from infra.deploy import api_stage, gateway_config

STAGE = {"name": "dev", "log_group_arn": "arn:aws:logs:us-east-1:000000000000:log-group:api", "rate": 500, "burst": 9}
POLICY = "SecurityPolicy_TLS13_1_2_PFS_PQ_2025_09"


class FakeGateway:
    """A client of API Gateway with one API and its stage, which records the values of an update."""

    def __init__(self) -> None:
        self.stage: dict[str, Any] = {"tracingEnabled": True}
        self.api: dict[str, Any] = {"securityPolicy": "TLS_1_0"}
        self.updates: dict[str, str] = {}

    def get_stage(self, **_: str) -> dict[str, Any]:
        return self.stage

    def get_rest_api(self, **_: str) -> dict[str, Any]:
        return self.api

    def update_stage(self, patchOperations: list[dict[str, str]], **_: str) -> None:  # noqa: N803  # botocore's name
        self.updates = {operation["path"]: operation["value"] for operation in patchOperations}

    def update_rest_api(self, patchOperations: list[dict[str, str]], **_: str) -> None:  # noqa: N803  # botocore's name
        self.updates = {operation["path"]: operation["value"] for operation in patchOperations}


def test_tracing_of_the_stage_is_turned_off() -> None:
    gateway = FakeGateway()
    assert api_stage.configure_stage(gateway, "id", STAGE)
    assert gateway.updates["/tracingEnabled"] == "false"


def test_access_log_has_neither_path_nor_ip_address() -> None:
    gateway = FakeGateway()
    api_stage.configure_stage(gateway, "id", STAGE)
    sources = set(json.loads(gateway.updates["/accessLogSettings/format"]).values())
    assert sources.isdisjoint({"$context.path", "$context.identity.sourceIp", "$context.identity.userAgent"})


def test_other_security_policy_of_an_api_is_replaced() -> None:
    gateway = FakeGateway()
    assert api_stage.set_security_policy(gateway, "id", POLICY)
    assert gateway.updates == {"/securityPolicy": POLICY, "/endpointAccessMode": "BASIC"}


def test_security_policy_of_an_api_is_not_set_again() -> None:
    gateway = FakeGateway()
    gateway.api["securityPolicy"] = POLICY
    assert not api_stage.set_security_policy(gateway, "id", POLICY)
    assert not gateway.updates


@pytest.mark.parametrize("response_type", ["UNAUTHORIZED", "REQUEST_TOO_LARGE", "DEFAULT_5XX"])
def test_gateway_response_has_the_hsts_header(response_type: str) -> None:
    parameters = gateway_config.build_gateway_responses(CorsPolicy(frozenset()), "/problems")[response_type][
        "responseParameters"
    ]
    assert parameters["gatewayresponse.header.Strict-Transport-Security"] == "'max-age=63072000'"


def test_causes_of_gateway_responses_have_their_own_texts() -> None:
    refused = ("ACCESS_DENIED", "INVALID_API_KEY", "WAF_FILTERED", "DEFAULT_4XX")
    assert len({str(gateway_config.GATEWAY_RESPONSES[response_type]) for response_type in refused}) == len(refused)


@pytest.mark.parametrize("response_type", gateway_config.GATEWAY_RESPONSES)
def test_gateway_response_text_has_no_template_syntax(response_type: str) -> None:
    assert not set("$#") & set(str(gateway_config.GATEWAY_RESPONSES[response_type]))
