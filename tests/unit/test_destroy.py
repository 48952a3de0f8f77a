"""`make destroy`: what an interruption must not leave."""

from typing import Any

import pytest

from infra.deploy.__main__ import remove_code
from infra.deploy.stage import Stage


class Logs:
    """CloudWatch Logs, which remembers what was deleted."""

    class exceptions:  # noqa: N801  # botocore's name
        ResourceNotFoundException = LookupError

    def __init__(self) -> None:
        self.deleted: list[str] = []

    def delete_log_group(self, logGroupName: str) -> None:  # noqa: N803  # botocore's name
        self.deleted.append(logGroupName)


class InterruptedStage(Stage):
    """A stage whose API is gone when Ctrl-C ends Chalice."""

    def __init__(self) -> None:
        self.name = "dev"
        self.logs = Logs()

    def client(self, service: str) -> Any:
        return {"logs": self.logs}[service]

    def api_id(self) -> str | None:
        return "abc123"

    def configure(self, section: dict[str, Any]) -> bool:  # noqa: ARG002
        return False

    def remember(self) -> None:
        """Know all of it."""

    def chalice(self, command: str) -> None:  # noqa: ARG002
        raise KeyboardInterrupt


def test_interrupted_removal_leaves_no_log_of_the_api() -> None:
    stage = InterruptedStage()
    with pytest.raises(KeyboardInterrupt):
        remove_code(stage, {})
    assert stage.logs.deleted == ["API-Gateway-Execution-Logs_abc123/dev"]
