"""Terraform as a command. A stage is a workspace: each has a state of its own, and `default` is prod's."""

import json
import os
import re
import shutil
import subprocess
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Final

from infra.deploy.console import Failure

INFRA: Final = Path(__file__).resolve().parents[1]
_OLDEST: Final = (1, 9)
# What no plan may take away: it holds data, or the key to it, or who people are.
_PRECIOUS: Final = frozenset(
    {
        "aws_cognito_user_pool",
        "aws_cognito_user_pool_client",
        "aws_dynamodb_table",
        "aws_kms_key",
        "aws_s3_bucket",
    }
)


class Terraform:
    """One workspace of one module."""

    def __init__(self, module: Path, workspace: str, variables: Mapping[str, str]) -> None:
        self._module = module
        self._environment = {
            **os.environ,
            **{f"TF_VAR_{name}": value for name, value in variables.items()},
            "TF_WORKSPACE": workspace,
            "TF_INPUT": "0",
            "TF_IN_AUTOMATION": "1",
        }
        file = module / f"{workspace if workspace != 'default' else 'prod'}.tfvars"
        self._files = [f"-var-file={file.name}"] if file.exists() else []

    @classmethod
    def of_stage(cls, stage: str) -> "Terraform":
        return cls(INFRA, "default" if stage == "prod" else stage, {})

    @classmethod
    def of_account(cls, region: str) -> "Terraform":
        """What all stages of a region share."""
        return cls(INFRA / "account", region, {"region": region})

    def init(self) -> None:
        self._run("init", "-no-color", "-upgrade=false")

    def apply(self) -> str:
        """Bring about what the files say; how much that was. Raises Failure, and rather than lose data."""
        plan = self._module / ".terraform" / "apply.tfplan"
        self._run("plan", "-json", f"-out={plan}", *self._files)
        self._refuse_losses(plan)
        lines = self._run("apply", "-json", str(plan))
        changes = next(event["changes"] for event in _events(lines) if event["type"] == "change_summary")
        told = [f"{changes[kind]} {word}" for kind, word in _WORDS.items() if changes[kind]]
        return ", ".join(told) or "nothing to change"

    def _refuse_losses(self, plan: Path) -> None:
        changes = json.loads(self._run("show", "-json", str(plan))).get("resource_changes", [])
        lost = [
            change["address"]
            for change in changes
            if "delete" in change["change"]["actions"] and change["type"] in _PRECIOUS
        ]
        if lost:
            raise Failure(
                f"This would delete {', '.join(lost)} and all that is in it. Nothing was touched.\n"
                "If that is meant, do it by hand: terraform -chdir=infra plan, and terraform apply."
            )

    def destroy(self) -> str:
        """Take all of it down. Raises Failure."""
        lines = self._run("apply", "-destroy", "-auto-approve", "-json", *self._files)
        removed = next(event["changes"]["remove"] for event in _events(lines) if event["type"] == "change_summary")
        return f"{removed} removed"

    def outputs(self) -> dict[str, Any]:
        """The outputs' values; empty where nothing was ever applied."""
        told = json.loads(self._run("output", "-json"))
        return {name: output["value"] for name, output in told.items()}

    def forget_workspace(self) -> None:
        """Of a stage that is gone."""
        workspace = self._environment["TF_WORKSPACE"]
        if workspace != "default":
            self._environment["TF_WORKSPACE"] = "default"
            self._run("workspace", "delete", workspace)

    def _run(self, command: str, *arguments: str) -> str:
        done = subprocess.run(
            ["terraform", command, *arguments],
            cwd=self._module,
            env=self._environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode != 0:
            raise Failure(f"terraform {command}: " + (_diagnostics(done.stdout) or done.stderr.strip()))
        return done.stdout


_WORDS: Final = {"add": "added", "change": "changed", "remove": "removed"}


def _events(lines: str) -> Iterable[dict[str, Any]]:
    for line in lines.splitlines():
        try:
            event = json.loads(line)
        except ValueError:
            continue
        if isinstance(event, dict) and "type" in event:
            yield event


def _diagnostics(lines: str) -> str:
    """The errors in Terraform's JSON output, a line each."""
    errors = [event["diagnostic"] for event in _events(lines) if event["type"] == "diagnostic"]
    told = (f"{it['summary']}: {' '.join(it['detail'].split())}" for it in errors if it["severity"] == "error")
    return "\n".join(dict.fromkeys(told))


def check() -> None:
    """Raises Failure unless there is a Terraform that is new enough."""
    wanted = ".".join(map(str, _OLDEST))
    if shutil.which("terraform") is None:
        raise Failure(
            f"terraform is missing: install {wanted} or newer, https://developer.hashicorp.com/terraform/install"
        )
    told = subprocess.run(["terraform", "version"], capture_output=True, text=True, check=False).stdout
    version = re.search(r"v(\d+)\.(\d+)", told)
    if version is None or (int(version[1]), int(version[2])) < _OLDEST:
        raise Failure(f"terraform is too old: {wanted} or newer is needed")
