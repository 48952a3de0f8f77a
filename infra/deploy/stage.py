"""The deployed resources of a stage, and the `chalice` command that deploys and deletes them.

Chalice records the resources that it has deployed in .chalice/deployed/<stage>.json. The file is missing on another
machine and after an interrupted deployment, and Chalice would then create a second API. Each deployment therefore
rebuilds the file from AWS.
"""

import os
import sys
from typing import Any, Final

import boto3

from infra.deploy import api_stage, chalice_config
from infra.deploy.progress import DeployError
from infra.deploy.subprocesses import run
from tools.chalice_program import CHALICE_PROGRAM

_CHALICE: Final = (sys.executable, "-W", "ignore", "-c", CHALICE_PROGRAM)


class Stage:
    """One stage of the application, in one region."""

    def __init__(self, name: str, region: str) -> None:
        self.name = name
        self.app = chalice_config.get_app_name()
        self._region = region
        self._session = boto3.Session(region_name=region)

    def client(self, service: str) -> Any:
        """Return a boto3 client for the region of the stage."""
        return self._session.client(service)  # type: ignore[call-overload]  # any service

    def write_config(self, stage_config: dict[str, Any]) -> bool:
        """Write the configuration of the stage from Terraform. Return False if it is unchanged."""
        return chalice_config.write_stage_config(self.name, stage_config)

    def find_api_id(self) -> str | None:
        """Return the ID of the API of the stage, or None.

        Raises DeployError if several APIs have the name: it is unknown which one the clients use.
        """
        name = api_stage.build_api_name(self.app, self.name)
        pages = self.client("apigateway").get_paginator("get_rest_apis").paginate()
        found = [str(rest_api["id"]) for page in pages for rest_api in page["items"] if rest_api["name"] == name]
        if len(found) > 1:
            raise DeployError(f"There are {len(found)} APIs named {name}: {', '.join(found)}. Delete the unused ones.")
        return found[0] if found else None

    def ensure_api(self) -> str:
        """Return the ID of the API. Create an empty API if there is none.

        The functions need the URL of the API before Chalice deploys it. Raises DeployError if another machine has
        created one at the same time.
        """
        if found := self.find_api_id():
            return found
        created = self.client("apigateway").create_rest_api(
            name=api_stage.build_api_name(self.app, self.name), endpointConfiguration={"types": ["REGIONAL"]}
        )
        self.find_api_id()
        return str(created["id"])

    def build_api_url(self, api_id: str) -> str:
        """Return the URL of an API of the stage."""
        suffix = "amazonaws.com.cn" if self._region.startswith("cn-") else "amazonaws.com"
        return f"https://{api_id}.execute-api.{self._region}.{suffix}/{self.name}"

    def list_functions(self) -> dict[str, str]:
        """Return the ARNs of the functions of the stage, by their names in app.py."""
        prefix, lambda_ = f"{self.app}-{self.name}", self.client("lambda")
        pages = lambda_.get_paginator("list_functions").paginate()
        arns = {str(item["FunctionName"]): str(item["FunctionArn"]) for page in pages for item in page["Functions"]}
        return {
            name.removeprefix(f"{prefix}-") if name != prefix else "api_handler": arn
            for name, arn in arns.items()
            if (name == prefix or name.startswith(f"{prefix}-")) and self._belongs_to_stage(lambda_, arn)
        }

    def _belongs_to_stage(self, lambda_: Any, arn: str) -> bool:
        """Return True if Chalice has created the function for this stage. Other functions may have the same prefix."""
        tag = str(lambda_.list_tags(Resource=arn)["Tags"].get("aws-chalice", ""))
        return tag.endswith(f":stage={self.name}:app={self.app}")

    def list_runtimes(self) -> set[str]:
        """Return the runtimes of the functions of the stage, such as python3.13."""
        lambda_ = self.client("lambda")
        arns = self.list_functions().values()
        return {str(lambda_.get_function_configuration(FunctionName=arn)["Runtime"]) for arn in arns}

    def write_deployed_record(self) -> None:
        """Write the record of deployed resources for Chalice from the resources on AWS.

        Raises DeployError if several APIs have the name of the stage.
        """
        functions = self.list_functions()
        resources: list[dict[str, str]] = [
            {"name": name, "resource_type": "lambda_function", "lambda_arn": arn} for name, arn in functions.items()
        ]
        prefix = f"{self.app}-{self.name}-"
        resources += [
            {"name": rule.removeprefix(prefix), "resource_type": "cloudwatch_event", "rule_name": rule}
            for rule in self._list_schedules(prefix, set(functions.values()))
        ]
        if api_id := self.find_api_id():
            resources.append({"name": "rest_api", "resource_type": "rest_api", "rest_api_id": api_id})
        chalice_config.write_deployed_record(self.name, resources)

    def _list_schedules(self, prefix: str, functions: set[str]) -> list[str]:
        """Return the EventBridge schedules with the prefix that invoke one of the functions.

        Rules without a schedule belong to Terraform. Chalice would delete them.
        """
        events = self.client("events")
        rules = [
            str(rule["Name"])
            for rule in events.list_rules(NamePrefix=prefix)["Rules"]
            if rule.get("ScheduleExpression")
        ]
        return [
            rule
            for rule in rules
            if functions & {target["Arn"] for target in events.list_targets_by_rule(Rule=rule)["Targets"]}
        ]

    def run_chalice(self, command: str) -> None:
        """Run `chalice deploy` or `chalice delete`. Raises DeployError with its output if it fails."""
        environment = {**os.environ, "AWS_DEFAULT_REGION": self._region}
        done = run([*_CHALICE, command, "--stage", self.name], chalice_config.ROOT, environment)
        if done.returncode != 0:
            raise DeployError(f"chalice {command}: {(done.stderr or done.stdout).strip()}")
