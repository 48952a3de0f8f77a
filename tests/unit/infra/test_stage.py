"""A stage: its API, its region and its Terraform plan."""

import json
from pathlib import Path
from typing import Any

import pytest

from infra.deploy import chalice_config
from infra.deploy.progress import DeployError
from infra.deploy.stage import Stage
from infra.deploy.terraform import Terraform

ARN = "arn:aws:cognito-idp:eu-west-1:123456789012:userpool/eu-west-1_Ab12"


class FakeGateway:
    """A client of API Gateway in an account where another machine creates an API of the same name concurrently."""

    def __init__(self) -> None:
        self.apis: list[dict[str, str]] = []

    def get_paginator(self, operation: str) -> "FakeGateway":
        assert operation == "get_rest_apis"
        return self

    def paginate(self) -> list[dict[str, Any]]:
        return [{"items": [*self.apis]}]

    def create_rest_api(self, name: str, **_: Any) -> dict[str, str]:
        self.apis += [{"id": "theirs", "name": name}, {"id": "ours", "name": name}]
        return self.apis[-1]


class RacingStage(Stage):
    """A stage that two machines deploy concurrently for the first time."""

    def __init__(self, gateway: FakeGateway) -> None:
        self.name, self.app, self._gateway = "dev", "healthtech", gateway

    def client(self, service: str) -> Any:
        return {"apigateway": self._gateway}[service]


def test_second_api_of_a_stage_is_detected_on_creation() -> None:
    with pytest.raises(DeployError, match="There are 2 APIs named healthtech-dev: theirs, ours"):
        RacingStage(FakeGateway()).ensure_api()


class FakeServices:
    """Clients of Lambda, EventBridge and API Gateway. All rules invoke a function of the stage."""

    def __init__(self, *rules: dict[str, str]) -> None:
        self._rules = rules

    def list_rules(self, NamePrefix: str) -> dict[str, Any]:  # noqa: N803  # botocore's name
        return {"Rules": [rule for rule in self._rules if rule["Name"].startswith(NamePrefix)]}

    def list_targets_by_rule(self, Rule: str) -> dict[str, Any]:  # noqa: ARG002, N803  # botocore's name
        return {"Targets": [{"Arn": "arn:function"}]}


class StageWithRules(Stage):
    """A stage with one function and no API."""

    def __init__(self, *rules: dict[str, str]) -> None:
        self.name, self.app, self._services = "dev", "healthtech", FakeServices(*rules)

    def client(self, service: str) -> Any:
        return {"events": self._services}[service]

    def list_functions(self) -> dict[str, str]:
        return {"reconcile": "arn:function"}

    def find_api_id(self) -> str | None:
        return None


def test_rules_of_terraform_are_not_recorded_for_chalice(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Chalice deletes the rules that its record has and its app does not have."""
    monkeypatch.setattr(chalice_config, "_RECORD_DIRECTORY", tmp_path)
    schedule = {"Name": "healthtech-dev-reconcile-event", "ScheduleExpression": "rate(1 hour)"}
    pattern = {"Name": "healthtech-dev-scan-results", "EventPattern": "{}"}
    StageWithRules(schedule, pattern).write_deployed_record()
    resources = json.loads((tmp_path / "dev.json").read_text())["resources"]
    rules = [resource["rule_name"] for resource in resources if resource["resource_type"] == "cloudwatch_event"]
    assert rules == ["healthtech-dev-reconcile-event"]


def test_region_of_a_stage_is_that_of_its_user_pool(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    config = tmp_path / "config.json"
    variables = f'{{"api_handler": {{"environment_variables": {{"USER_POOL_ARN": "{ARN}"}}}}}}'
    config.write_text(f'{{"stages": {{"dev": {{"lambda_functions": {variables}}}}}}}')
    monkeypatch.setattr(chalice_config, "_CONFIG_FILE", config)
    assert chalice_config.get_region("dev") == "eu-west-1"
    with pytest.raises(
        DeployError, match=r"The stage prod is not configured in this checkout\. Run: make deploy STAGE=prod"
    ):
        chalice_config.get_region("prod")


def test_each_stage_has_a_plan_of_its_own(tmp_path: Path) -> None:
    plans = {Terraform(tmp_path, workspace, ()).plan_file for workspace in ("dev", "test")}
    assert plans == {tmp_path / ".terraform" / "dev.tfplan", tmp_path / ".terraform" / "test.tfplan"}
