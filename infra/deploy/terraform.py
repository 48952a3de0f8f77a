"""Run Terraform. Each stage is a workspace with its own state. The workspace of the stage `prod` is `default`."""

import json
import os
import re
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from infra.deploy import plan_safety
from infra.deploy.progress import DeployError
from infra.deploy.subprocesses import run
from infra.deploy.terraform_output import describe_changes, parse_changes, parse_errors

INFRA: Final = Path(__file__).resolve().parents[1]
_MIN_VERSION: Final = (1, 9)
_NO_STATE_MESSAGE: Final = "No state file was found"
_PROTECTION_VARIABLE: Final = "TF_VAR_deletion_protection"


class Terraform:
    """One workspace of one module."""

    def __init__(self, module: Path, workspace: str, arguments: Sequence[str]) -> None:
        self._module = module
        self._workspace = workspace
        self._arguments = tuple(arguments)

    @classmethod
    def for_stage(cls, stage: str) -> "Terraform":
        """Return the workspace of a stage. TF_VAR_deletion_protection overrides its variables file."""
        file = INFRA / f"{stage}.tfvars"
        override = os.environ.get(_PROTECTION_VARIABLE)
        return cls(
            INFRA,
            "default" if stage == "prod" else stage,
            [
                *([f"-var-file={file.name}"] if file.exists() else []),
                *([f"-var=deletion_protection={override}"] if override else []),
            ],
        )

    @classmethod
    def for_account(cls, region: str) -> "Terraform":
        """Return the workspace of the resources that all stages of a region share."""
        return cls(INFRA / "account", region, [f"-var=region={region}"])

    def init(self) -> None:
        """Install the providers. Raises DeployError on failure.

        Use the workspace `default`, because the workspace of the stage may not exist yet.
        """
        self._run("init", workspace="default")

    def apply(self) -> str:
        """Plan and apply. Return a summary. Raises DeployError on failure, or if the plan would destroy data."""
        plan_file = self._plan()
        plan = self._read_plan(plan_file)
        if tainted := plan_safety.find_tainted(plan):
            for address in tainted:  # update the partly created resource; do not replace it
                self._run("untaint", address)
            plan_file = self._plan()
            plan = self._read_plan(plan_file)
            if plan_safety.find_tainted(plan):
                raise DeployError("terraform untaint had no effect. Nothing was changed.")
        plan_safety.reject_data_loss(plan)
        plan_safety.reject_existing_stage(plan)
        return describe_changes(parse_changes(self._run("apply", "-json", str(plan_file))))

    @property
    def plan_file(self) -> Path:
        """The plan file of this workspace. Stages can be deployed concurrently."""
        return self._module / ".terraform" / f"{self._workspace}.tfplan"

    def _plan(self) -> Path:
        self._run("plan", "-json", f"-out={self.plan_file}", *self._arguments)
        return self.plan_file

    def _read_plan(self, plan_file: Path) -> plan_safety.Plan:
        plan: plan_safety.Plan = json.loads(self._run("show", "-json", str(plan_file)))
        return plan

    def destroy(self) -> str:
        """Destroy all resources of the workspace. Return a summary. Raises DeployError on failure."""
        output = self._run("apply", "-destroy", "-auto-approve", "-json", *self._arguments)
        return f"{parse_changes(output)['remove']} removed"

    def get_outputs(self) -> dict[str, Any]:
        """Return the values of the outputs, empty before the first apply and after an interrupted destroy.

        Raises DeployError on failure.
        """
        outputs = json.loads(self._run("output", "-json"))
        return {name: output["value"] for name, output in outputs.items()}

    def is_empty(self) -> bool:
        """Return True if the workspace has no resources or does not exist. Raises DeployError on failure."""
        if not self.exists():
            return True
        try:
            return not self._run("state", "list").strip()
        except DeployError as error:
            if _NO_STATE_MESSAGE in str(error):
                return True
            raise

    def exists(self) -> bool:
        """Return True if the workspace exists. A destroy that was interrupted at its end leaves an empty one.

        Raises DeployError on failure.
        """
        output = self._run("workspace", "list", workspace="default")
        return self._workspace in {line.strip("* ") for line in output.splitlines()}

    def delete_workspace(self) -> None:
        """Delete the workspace. Terraform does not allow this for `default`. Raises DeployError on failure."""
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
            del environment["TF_WORKSPACE"]  # `workspace list` fails if the selected workspace does not exist
        done = run(["terraform", command, *arguments], self._module, environment)
        if done.returncode != 0:
            raise DeployError(f"terraform {command}: " + (parse_errors(done.stdout) or done.stderr.strip()))
        return done.stdout


def check_version() -> None:
    """Raise DeployError unless a supported version of Terraform is installed."""
    required = ".".join(map(str, _MIN_VERSION))
    if shutil.which("terraform") is None:
        raise DeployError(
            f"terraform is missing: install {required} or newer, https://developer.hashicorp.com/terraform/install"
        )
    output = subprocess.run(["terraform", "version"], capture_output=True, text=True, check=False).stdout
    version = re.search(r"v(\d+)\.(\d+)", output)
    if version is None or (int(version[1]), int(version[2])) < _MIN_VERSION:
        raise DeployError(f"terraform is too old: {required} or newer is needed")
