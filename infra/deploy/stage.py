"""Between Terraform and Chalice: a stage's part of .chalice/config.json, and what of it is deployed.

Chalice remembers what it has deployed in .chalice/deployed/<stage>.json, written when all went well. Who
comes from another machine, or after a deploy that was interrupted, has none, and would get a second API.
So it is written anew from what AWS has, before each deploy.
"""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any, Final

import boto3

from infra.deploy import api
from infra.deploy.console import Failure

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

    @property
    def _record(self) -> Path:
        return ROOT / ".chalice" / "deployed" / f"{self.name}.json"

    def client(self, service: str) -> Any:
        return self._session.client(service)  # type: ignore[call-overload]  # any service

    def configure(self, section: dict[str, Any]) -> bool:
        """Write what Terraform says of the stage; False if it stands there already."""
        config = _config()
        if config["stages"].get(self.name) == section:
            return False
        _write(_CONFIG, {**config, "stages": {**config["stages"], self.name: section}})
        return True

    def forget(self) -> None:
        """Of a stage that is gone."""
        config = _config()
        config["stages"].pop(self.name, None)
        _write(_CONFIG, config)
        self._record.unlink(missing_ok=True)

    def api_id(self) -> str | None:
        """The stage's API. Raises Failure where there are several: no telling which one clients use."""
        wanted = api.name(self.app, self.name)
        pages = self.client("apigateway").get_paginator("get_rest_apis").paginate()
        found = [str(it["id"]) for page in pages for it in page["items"] if it["name"] == wanted]
        if len(found) > 1:
            raise Failure(f"There are {len(found)} APIs named {wanted}: {', '.join(found)}. Delete those nobody uses.")
        return found[0] if found else None

    def functions(self) -> dict[str, str]:
        """The stage's functions, by their name in app.py: their ARNs."""
        prefix = f"{self.app}-{self.name}"
        pages = self.client("lambda").get_paginator("list_functions").paginate()
        found = {str(it["FunctionName"]): str(it["FunctionArn"]) for page in pages for it in page["Functions"]}
        return {
            name.removeprefix(f"{prefix}-") if name != prefix else "api_handler": arn
            for name, arn in found.items()
            if name == prefix or name.startswith(f"{prefix}-")
        }

    def remember(self) -> None:
        """Write down for Chalice what AWS has of the stage."""
        resources: list[dict[str, str]] = [
            {"name": name, "resource_type": "lambda_function", "lambda_arn": arn}
            for name, arn in self.functions().items()
        ]
        prefix = f"{self.app}-{self.name}-"
        rules = self.client("events").list_rules(NamePrefix=prefix)["Rules"]
        resources += [
            {"name": rule["Name"].removeprefix(prefix), "resource_type": "cloudwatch_event", "rule_name": rule["Name"]}
            for rule in rules
        ]
        if api_id := self.api_id():
            resources.append({"name": "rest_api", "resource_type": "rest_api", "rest_api_id": api_id})
        self._record.parent.mkdir(exist_ok=True)
        _write(self._record, {"resources": resources, "schema_version": "2.0", "backend": "api"})

    def chalice(self, command: str) -> None:
        """`chalice deploy` or `chalice delete`. Raises Failure with what it said."""
        done = subprocess.run(
            [*_CHALICE, command, "--stage", self.name],
            cwd=ROOT,
            env={**os.environ, "AWS_DEFAULT_REGION": self._region},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode != 0:
            raise Failure(f"chalice {command}: {(done.stderr or done.stdout).strip()}")

    @property
    def url(self) -> str:
        """Where the API is."""
        resources = json.loads(self._record.read_text())["resources"]
        return f"{next(it['rest_api_url'] for it in resources if it['resource_type'] == 'rest_api')}users"


def _config() -> dict[str, Any]:
    config: dict[str, Any] = json.loads(_CONFIG.read_text())
    return config


def _write(file: Path, data: Any) -> None:
    """All at once, so that an interruption leaves the old one."""
    part = file.with_suffix(".part")
    part.write_text(json.dumps(data, indent=2) + "\n")
    part.replace(file)
