"""`make restore`: what it waits for."""

from typing import Any

import pytest

from infra.deploy.console import Failure
from infra.deploy.restore import wait_until_restored


class DynamoDB:
    """A DynamoDB that restores a table, with these states one after the other."""

    class exceptions:  # noqa: N801  # botocore's name
        ResourceNotFoundException = LookupError

    def __init__(self, *states: str) -> None:
        self.states = list(states)

    def describe_table(self, TableName: str) -> dict[str, Any]:  # noqa: N803  # botocore's name
        if not self.states:
            raise LookupError(TableName)
        return {"Table": {"TableStatus": self.states.pop(0)}}


def test_restore_waits_until_the_table_is_there(capsys: pytest.CaptureFixture[str]) -> None:
    pauses: list[float] = []
    wait_until_restored(DynamoDB("CREATING", "CREATING", "ACTIVE"), "Users-dev-restored", pauses.append)
    assert pauses == [15, 15]
    assert capsys.readouterr().out.count("AWS is restoring Users-dev-restored") == 1


def test_restored_table_is_not_waited_for() -> None:
    wait_until_restored(DynamoDB("ACTIVE"), "Users-dev-restored", lambda _: pytest.fail("waited"))


def test_missing_table_is_a_failure() -> None:
    with pytest.raises(Failure, match="There is no table Users-dev-restored"):
        wait_until_restored(DynamoDB(), "Users-dev-restored", lambda _: pytest.fail("waited"))
