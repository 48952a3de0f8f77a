"""`make destroy`: an interruption leaves no log of the API."""

from typing import Any

import pytest

from infra.deploy.removal import remove_code
from infra.deploy.stage import Stage


class FakeLogs:
    """A client of CloudWatch Logs that records the names of deleted log groups."""

    class exceptions:  # noqa: N801  # botocore's name
        ResourceNotFoundException = LookupError

    def __init__(self) -> None:
        self.deleted: list[str] = []

    def delete_log_group(self, logGroupName: str) -> None:  # noqa: N803  # botocore's name
        self.deleted.append(logGroupName)


class InterruptedStage(Stage):
    """A stage whose API is deleted when Ctrl-C ends the command of Chalice."""

    def __init__(self) -> None:
        self.name = "dev"
        self.logs = FakeLogs()

    def client(self, service: str) -> Any:
        return {"logs": self.logs}[service]

    def find_api_id(self) -> str | None:
        return "abc123"

    def write_config(self, stage_config: dict[str, Any]) -> bool:  # noqa: ARG002
        return False

    def write_deployed_record(self) -> None:
        """Do nothing: the record of the deployment is complete."""

    def run_chalice(self, command: str) -> None:  # noqa: ARG002
        raise KeyboardInterrupt


def test_interrupted_removal_leaves_no_log_of_the_api() -> None:
    stage = InterruptedStage()
    with pytest.raises(KeyboardInterrupt):
        remove_code(stage, {})
    assert stage.logs.deleted == ["API-Gateway-Execution-Logs_abc123/dev"]
