"""`.local/stack.json`, which contains the access key of the embedded AWS."""

import os
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from local.stack import Stack
from local.state_lock import lock_directory

STACK = Stack(
    api_url="http://127.0.0.1:8000",
    aws_endpoint_url="http://127.0.0.1:4566",
    aws_access_key_id="LOCAL",
    aws_secret_access_key="random",
    region="us-east-1",
    user_pool_id="us-east-1_Pool",
    user_pool_client_id="client",
    table="Users",
    records_table="UserRecords",
    bucket="pictures",
)


@pytest.fixture(params=[0o000, 0o022, 0o077])
def _umask(request: pytest.FixtureRequest) -> Iterator[None]:
    original = os.umask(request.param)
    yield
    os.umask(original)


@pytest.mark.usefixtures("_umask")
def test_stack_file_is_read_back_as_written(tmp_path: Path) -> None:
    STACK.write(tmp_path / "stack.json")
    assert Stack.read(tmp_path / "stack.json") == STACK


@pytest.mark.usefixtures("_umask")
def test_stack_file_is_readable_by_its_owner_only(tmp_path: Path) -> None:
    file = tmp_path / "stack.json"
    file.write_text("of an earlier version")
    file.chmod(0o644)
    STACK.write(file)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


@pytest.mark.usefixtures("_umask")
def test_state_directory_is_accessible_to_its_owner_only(tmp_path: Path) -> None:
    """It contains the private keys of the user pool as well."""
    directory = tmp_path / "local"
    with lock_directory(directory):
        assert stat.S_IMODE(directory.stat().st_mode) == 0o700


def test_existing_partial_file_is_replaced(tmp_path: Path) -> None:
    part = tmp_path / "stack.part"
    part.write_text("")
    part.chmod(0o666)
    with part.open() as opened_before:
        STACK.write(tmp_path / "stack.json")
        assert opened_before.read() == ""


def test_stack_file_is_never_readable_by_others(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    modes = []

    def replace(part: Path, target: Path) -> None:
        modes.append(stat.S_IMODE(part.stat().st_mode))
        part.rename(target)

    monkeypatch.setattr(Path, "replace", replace)
    original = os.umask(0)
    try:
        STACK.write(tmp_path / "stack.json")
    finally:
        os.umask(original)
    assert modes == [0o600]


def test_secret_key_is_hidden_in_the_repr_of_a_stack() -> None:
    assert "random" not in repr(STACK)
