"""`make restore` waits until the table is restored."""

from typing import Any

import pytest

from infra.deploy.progress import DeployError
from infra.deploy.restore import wait_until_restored


class FakeDynamoDB:
    """A client of DynamoDB whose table has these states, one for each call."""

    class exceptions:  # noqa: N801  # botocore's name
        ResourceNotFoundException = LookupError

    def __init__(self, *states: str) -> None:
        self.states = list(states)

    def describe_table(self, TableName: str) -> dict[str, Any]:  # noqa: N803  # botocore's name
        if not self.states:
            raise LookupError(TableName)
        return {"Table": {"TableStatus": self.states.pop(0)}}


def test_restore_waits_until_the_table_is_active(capsys: pytest.CaptureFixture[str]) -> None:
    pauses: list[float] = []
    wait_until_restored(FakeDynamoDB("CREATING", "CREATING", "ACTIVE"), "Users-dev-restored", pauses.append)
    assert pauses == [15, 15]
    assert capsys.readouterr().out.count("AWS is restoring Users-dev-restored") == 1


def test_restore_does_not_wait_for_an_active_table() -> None:
    wait_until_restored(FakeDynamoDB("ACTIVE"), "Users-dev-restored", lambda _: pytest.fail("waited"))


def test_missing_table_is_a_failure() -> None:
    with pytest.raises(DeployError, match="The table Users-dev-restored does not exist"):
        wait_until_restored(FakeDynamoDB(), "Users-dev-restored", lambda _: pytest.fail("waited"))
