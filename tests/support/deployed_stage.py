"""A stage that `make deploy` deploys from a copy of the checkout to an embedded AWS."""

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from benchmarks.emulator import start_emulator
from local.config import LocalSettings
from local.emulator_clients import emulator_client
from local.stack import Stack
from tests.support.personal_data import assert_no_personal_data

STAGE: Final = "dev"
NAME: Final = f"healthtech-{STAGE}"  # the prefix of all resources
TABLE: Final = f"Users-{STAGE}"
RECORDS_TABLE: Final = f"UserRecords-{STAGE}"
ORIGIN: Final = "https://app.example.com"
BUCKET: Final = "healthtech-pictures-of-dev"
TFVARS: Final = f"""\
cors_allow_origins = ["{ORIGIN}"]
picture_bucket     = "{BUCKET}"
malware_protection = true

picture_uploads_per_day = 200
"""
MAKE_TIMEOUT: Final = 400  # seconds
# The limit of an AWS account. The embedded AWS would otherwise use one that fits the machine.
_CONCURRENCY_LIMIT: Final = "1000"


@dataclass
class DeployedStage:
    """An embedded AWS, a checkout, and the stage that is deployed from one to the other."""

    tree: Path
    aws: LocalSettings
    environment: dict[str, str]

    @property
    def directory(self) -> Path:
        """The state directory of the embedded AWS."""
        return self.aws.state_directory

    @property
    def endpoint(self) -> str:
        return self.aws.aws_endpoint_url

    def make_command(self, *arguments: str, **variables: str) -> tuple[list[str], dict[str, Any]]:
        """Return a make command and the options with which to start it. It does not install packages."""
        command = ["make", "INSTALLED=", *arguments]
        return command, {"cwd": self.tree, "env": {**self.environment, **variables}, "text": True}

    def make(self, *arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
        command, options = self.make_command(*arguments, **variables)
        return subprocess.run(command, **options, capture_output=True, timeout=MAKE_TIMEOUT)

    def terraform(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run Terraform in the workspace of the stage."""
        return subprocess.run(
            ["terraform", "-chdir=infra", *arguments],
            cwd=self.tree,
            env={**self.environment, "TF_WORKSPACE": STAGE},
            capture_output=True,
            text=True,
            timeout=MAKE_TIMEOUT,
        )

    def client(self, service: str) -> Any:
        return emulator_client(service, self.aws)

    @property
    def outputs(self) -> dict[str, Any]:
        """The outputs of Terraform."""
        outputs = json.loads(self.terraform("output", "-json").stdout)
        return {name: output["value"] for name, output in outputs.items()}

    @property
    def api_ids(self) -> list[str]:
        return [str(api["id"]) for api in self.client("apigateway").get_rest_apis()["items"]]

    @property
    def stack(self) -> Stack:
        """The URLs, ids and the access key that clients need."""
        outputs, (api_id,) = self.outputs, self.api_ids
        return Stack(
            api_url=f"{self.endpoint}/restapis/{api_id}/{STAGE}/_user_request_",
            aws_endpoint_url=self.endpoint,
            aws_access_key_id=self.aws.access_key.id,
            aws_secret_access_key=self.aws.access_key.secret,
            region=outputs["region"],
            user_pool_id=outputs["user_pool_id"],
            user_pool_client_id=outputs["user_pool_client_id"],
            table=outputs["table"],
            records_table=outputs["records_table"],
            bucket=outputs["picture_bucket"],
        )


@contextmanager
def start_empty_aws(directory: Path) -> Iterator[LocalSettings]:
    """Start an embedded AWS without resources. Check at the end that its log has no personal data."""
    with start_emulator(directory, persistent=True, LAMBDA_ACCOUNT_CONCURRENCY=_CONCURRENCY_LIMIT) as (aws, _):
        yield aws
    assert_no_personal_data((directory / "aws.log").read_text())


def prepare_checkout(
    tree: Path, aws: LocalSettings, terraform_environment: dict[str, str], tfvars: str
) -> DeployedStage:
    """Prepare a checkout for its first deploy."""
    (tree / "infra" / f"{STAGE}.tfvars").write_text(tfvars)
    (tree / ".venv").symlink_to(sys.prefix)
    terraform = {name: value for name, value in terraform_environment.items() if name.startswith("TF_")}
    return DeployedStage(tree, aws, {**aws.tool_environment(), **terraform})
