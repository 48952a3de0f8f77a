"""Terraform as a command. A stage is a workspace: each has a state of its own, and `default` is prod's."""

import json
import os
import re
import shutil
import subprocess
from collections.abc import Iterable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

import boto3

from infra.deploy.console import Failure
from infra.deploy.processes import run

INFRA: Final = Path(__file__).resolve().parents[1]
_OLDEST: Final = (1, 9)
_NO_STATE: Final = "No state file was found"
_PROTECTION: Final = "TF_VAR_deletion_protection"
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

    def __init__(self, module: Path, workspace: str, arguments: Sequence[str]) -> None:
        self._module = module
        self._workspace = workspace
        self._arguments = tuple(arguments)

    @classmethod
    def of_stage(cls, stage: str) -> "Terraform":
        """The stage's variables are in its file; a TF_VAR_deletion_protection outranks it."""
        file = INFRA / f"{stage}.tfvars"
        lifted = os.environ.get(_PROTECTION)
        return cls(
            INFRA,
            "default" if stage == "prod" else stage,
            [
                *([f"-var-file={file.name}"] if file.exists() else []),
                *([f"-var=deletion_protection={lifted}"] if lifted else []),
            ],
        )

    @classmethod
    def of_account(cls, region: str) -> "Terraform":
        """What all stages of a region share."""
        return cls(INFRA / "account", region, [f"-var=region={region}"])

    def init(self) -> None:
        """Fetch what the module needs. In the workspace there always is: the stage's may be new."""
        self._run("init", workspace="default")

    def apply(self) -> str:
        """Bring about what the files say; how much that was. Raises Failure, and rather than lose data."""
        plan = self._plan()
        if tainted := self._refuse_losses(plan):
            for address in tainted:  # made, but not finished: it is finished, not made again
                self._run("untaint", address)
            plan = self._plan()
            if self._refuse_losses(plan):
                raise Failure("terraform untaint has had no effect. Nothing was touched.")
        lines = self._run("apply", "-json", str(plan))
        changes = next(event["changes"] for event in _events(lines) if event["type"] == "change_summary")
        told = [f"{changes[kind]} {word}" for kind, word in _WORDS.items() if changes[kind]]
        return ", ".join(told) or "nothing to change"

    @property
    def plan_file(self) -> Path:
        """A file of this workspace alone: stages may be deployed at the same time."""
        return self._module / ".terraform" / f"{self._workspace}.tfplan"

    def _plan(self) -> Path:
        self._run("plan", "-json", f"-out={self.plan_file}", *self._arguments)
        return self.plan_file

    def _refuse_losses(self, plan: Path) -> list[str]:
        """Addresses of what would be replaced only because it was not finished. Raises Failure for other losses."""
        told = json.loads(self._run("show", "-json", str(plan)))
        changes = [it for it in told.get("resource_changes", []) if it["type"] in _PRECIOUS]
        lost = [it for it in changes if "delete" in it["change"]["actions"]]
        tainted = [it["address"] for it in lost if it.get("action_reason") == "replace_because_tainted"]
        if tainted:
            return tainted  # what depends on them is replaced with them: the next plan tells
        if doomed := [it["address"] for it in lost]:
            raise Failure(
                f"This would delete {', '.join(doomed)} and all that is in it. Nothing was touched.\n"
                "If that is meant, do it by hand: terraform -chdir=infra plan, and terraform apply."
            )
        gone = [
            it["address"]
            for it in told.get("resource_drift", [])
            if it["type"] in _PRECIOUS and "delete" in it["change"]["actions"]
        ]
        if gone:
            raise Failure(
                f"{', '.join(gone)} is not where it was. Nothing was touched.\n"
                "Is this the account and the region of the stage? If it was deleted by hand, say so by hand: "
                "terraform -chdir=infra apply -refresh-only"
            )
        _refuse_a_second(told)
        return []

    def destroy(self) -> str:
        """Take all of it down. Raises Failure."""
        lines = self._run("apply", "-destroy", "-auto-approve", "-json", *self._arguments)
        removed = next(event["changes"]["remove"] for event in _events(lines) if event["type"] == "change_summary")
        return f"{removed} removed"

    def outputs(self) -> dict[str, Any]:
        """The outputs' values; empty where nothing was ever applied, and after a destroy that was interrupted."""
        told = json.loads(self._run("output", "-json"))
        return {name: output["value"] for name, output in told.items()}

    def is_empty(self) -> bool:
        """Whether there is nothing that it manages."""
        if not self.exists():
            return True
        try:
            return not self._run("state", "list").strip()
        except Failure as failure:
            if _NO_STATE in str(failure):
                return True
            raise

    def exists(self) -> bool:
        """Whether there is such a workspace; an empty one is left by a destroy that was interrupted at its end."""
        listed = self._run("workspace", "list", workspace="default")
        return self._workspace in {line.strip("* ") for line in listed.splitlines()}

    def forget_workspace(self) -> None:
        """Of a stage that is gone."""
        if self._workspace != "default":
            self._run("workspace", "delete", self._workspace, workspace="default")

    def _run(self, command: str, *arguments: str, workspace: str | None = None) -> str:
        environment = {
            **os.environ,
            "TF_WORKSPACE": workspace or self._workspace,
            "TF_INPUT": "0",
            "TF_IN_AUTOMATION": "1",
        }
        if command == "workspace" and arguments[0] == "list":
            del environment["TF_WORKSPACE"]  # it refuses to list while one is chosen that is not there
        done = run(["terraform", command, *arguments], self._module, environment)
        if done.returncode != 0:
            raise Failure(f"terraform {command}: " + (_diagnostics(done.stdout) or done.stderr.strip()))
        return done.stdout


def _refuse_a_second(plan: dict[str, Any]) -> None:
    """The state is empty, but the stage is there: another one beside it would be half of one. Raises Failure."""
    made = [
        it["change"]["after"]["name"]
        for it in plan.get("resource_changes", [])
        if it["type"] == "aws_dynamodb_table" and it["change"]["actions"] == ["create"]
    ]
    for table in made:
        dynamodb = boto3.client("dynamodb", region_name=plan["planned_values"]["outputs"]["region"]["value"])
        with suppress(dynamodb.exceptions.ResourceNotFoundException):
            dynamodb.describe_table(TableName=table)
            raise Failure(
                f"{table} is there, but not in Terraform's state on this machine. Nothing was touched.\n"
                "Deploy from where its state is, or move that into a backend you share: see the README."
            )


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
