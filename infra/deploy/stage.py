"""Between Terraform and Chalice: a stage's part of .chalice/config.json, and what of it is deployed.

Chalice remembers what it has deployed in .chalice/deployed/<stage>.json, written when all went well. Who
comes from another machine, or after a deploy that was interrupted, has none, and would get a second API.
So it is written anew from what AWS has, before each deploy.
"""

import json
import os
import sys
from pathlib import Path
from typing import Any, Final

import boto3

from infra.deploy import api
from infra.deploy.console import Failure
from infra.deploy.locks import locked_configuration
from infra.deploy.processes import run

ROOT: Final = Path(__file__).resolve().parents[2]
_CONFIG: Final = ROOT / ".chalice" / "config.json"
_CHALICE: Final = (sys.executable, "-W", "ignore", "-c", "import sys; from chalice.cli import main; sys.exit(main())")


class Stage:
    """One stage of the application, in one region."""

    def __init__(self, name: str, region: str) -> None:
        self.name = name
        self.app = str(_config()["app_name"])
        self._region = region
        self._session = boto3.Session(region_name=region)

    def client(self, service: str) -> Any:
        return self._session.client(service)  # type: ignore[call-overload]  # any service

    def configure(self, section: dict[str, Any]) -> bool:
        """Write what Terraform says of the stage; False if it stands there already."""
        with locked_configuration():
            config = _config()
            if config["stages"].get(self.name) == section:
                return False
            _write(_CONFIG, {**config, "stages": {**config["stages"], self.name: section}})
        return True

    def api_id(self) -> str | None:
        """The stage's API. Raises Failure where there are several: no telling which one clients use."""
        wanted = api.name(self.app, self.name)
        pages = self.client("apigateway").get_paginator("get_rest_apis").paginate()
        found = [str(it["id"]) for page in pages for it in page["items"] if it["name"] == wanted]
        if len(found) > 1:
            raise Failure(f"There are {len(found)} APIs named {wanted}: {', '.join(found)}. Delete those nobody uses.")
        return found[0] if found else None

    def ensured_api(self) -> str:
        """The stage's API, made if there is none: its address is told to the functions before Chalice fills it.

        Raises Failure if another machine has made one at the same time.
        """
        if found := self.api_id():
            return found
        made = self.client("apigateway").create_rest_api(
            name=api.name(self.app, self.name), endpointConfiguration={"types": ["REGIONAL"]}
        )
        self.api_id()
        return str(made["id"])

    def url(self, api_id: str) -> str:
        """Where an API answers."""
        suffix = "amazonaws.com.cn" if self._region.startswith("cn-") else "amazonaws.com"
        return f"https://{api_id}.execute-api.{self._region}.{suffix}/{self.name}"

    def functions(self) -> dict[str, str]:
        """The stage's functions, by their name in app.py: their ARNs."""
        prefix, lambda_ = f"{self.app}-{self.name}", self.client("lambda")
        pages = lambda_.get_paginator("list_functions").paginate()
        found = {str(it["FunctionName"]): str(it["FunctionArn"]) for page in pages for it in page["Functions"]}
        return {
            name.removeprefix(f"{prefix}-") if name != prefix else "api_handler": arn
            for name, arn in found.items()
            if (name == prefix or name.startswith(f"{prefix}-")) and self._is_ours(lambda_, arn)
        }

    def runtimes(self) -> set[str]:
        """Return the runtimes of the stage's functions, such as python3.13."""
        lambda_ = self.client("lambda")
        arns = self.functions().values()
        return {str(lambda_.get_function_configuration(FunctionName=arn)["Runtime"]) for arn in arns}

    def _is_ours(self, lambda_: Any, arn: str) -> bool:
        """Whether Chalice made it for this stage; somebody else's function may be named like ours."""
        tag = str(lambda_.list_tags(Resource=arn)["Tags"].get("aws-chalice", ""))
        return tag.endswith(f":stage={self.name}:app={self.app}")

    def remember(self) -> None:
        """Write down for Chalice what AWS has of the stage."""
        functions = self.functions()
        resources: list[dict[str, str]] = [
            {"name": name, "resource_type": "lambda_function", "lambda_arn": arn} for name, arn in functions.items()
        ]
        prefix = f"{self.app}-{self.name}-"
        resources += [
            {"name": rule.removeprefix(prefix), "resource_type": "cloudwatch_event", "rule_name": rule}
            for rule in self._rules(prefix, set(functions.values()))
        ]
        if api_id := self.api_id():
            resources.append({"name": "rest_api", "resource_type": "rest_api", "rest_api_id": api_id})
        _record(self.name).parent.mkdir(exist_ok=True)
        _write(_record(self.name), {"resources": resources, "schema_version": "2.0", "backend": "api"})

    def _rules(self, prefix: str, functions: set[str]) -> list[str]:
        """The schedules of these functions."""
        events = self.client("events")
        named = [str(rule["Name"]) for rule in events.list_rules(NamePrefix=prefix)["Rules"]]
        return [
            rule
            for rule in named
            if functions & {target["Arn"] for target in events.list_targets_by_rule(Rule=rule)["Targets"]}
        ]

    def chalice(self, command: str) -> None:
        """`chalice deploy` or `chalice delete`. Raises Failure with what it said."""
        environment = {**os.environ, "AWS_DEFAULT_REGION": self._region}
        done = run([*_CHALICE, command, "--stage", self.name], ROOT, environment)
        if done.returncode != 0:
            raise Failure(f"chalice {command}: {(done.stderr or done.stdout).strip()}")


def section_of(name: str) -> dict[str, Any]:
    """Return a stage's section of .chalice/config.json, empty if it has none."""
    section: dict[str, Any] = _config()["stages"].get(name, {})
    return section


def region_of(name: str) -> str:
    """Return the region of a stage that was deployed from this checkout. Raises Failure for any other."""
    variables = section_of(name).get("lambda_functions", {}).get("api_handler", {}).get("environment_variables", {})
    if "USER_POOL_ARN" not in variables:
        raise Failure(f"This checkout does not know the stage {name}. Run: make deploy STAGE={name}")
    return str(variables["USER_POOL_ARN"].split(":")[3])


def has_record(name: str) -> bool:
    """Return whether Chalice knows on this machine what it has deployed for a stage."""
    return _record(name).exists()


def forget(name: str) -> None:
    """A stage that is gone."""
    with locked_configuration():
        config = _config()
        if config["stages"].pop(name, None) is not None:
            _write(_CONFIG, config)
    _record(name).unlink(missing_ok=True)


def _record(name: str) -> Path:
    return ROOT / ".chalice" / "deployed" / f"{name}.json"


def _config() -> dict[str, Any]:
    config: dict[str, Any] = json.loads(_CONFIG.read_text())
    return config


def _write(file: Path, data: Any) -> None:
    """All at once, so that an interruption leaves the old one."""
    part = file.with_suffix(".part")
    part.write_text(json.dumps(data, indent=2) + "\n")
    part.replace(file)
