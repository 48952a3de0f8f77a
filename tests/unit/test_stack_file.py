"""`.local/stack.json`, which holds the access key."""

import os
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from local.processes import locked
from local.stack import Stack

STACK = Stack(
    api_url="http://127.0.0.1:8000",
    aws_endpoint_url="http://127.0.0.1:4566",
    aws_access_key_id="LOCAL",
    aws_secret_access_key="random",
    region="us-east-1",
    user_pool_id="us-east-1_Pool",
    user_pool_client_id="client",
    table="Users",
    bucket="pictures",
)


@pytest.fixture(params=[0o000, 0o022, 0o077])
def _umask(request: pytest.FixtureRequest) -> Iterator[None]:
    before = os.umask(request.param)
    yield
    os.umask(before)


@pytest.mark.usefixtures("_umask")
def test_stack_file_is_read_back_as_written(tmp_path: Path) -> None:
    STACK.write(tmp_path / "stack.json")
    assert Stack.read(tmp_path / "stack.json") == STACK


@pytest.mark.usefixtures("_umask")
def test_stack_file_can_be_read_by_its_owner_only(tmp_path: Path) -> None:
    file = tmp_path / "stack.json"
    file.write_text("of an earlier version")
    file.chmod(0o644)
    STACK.write(file)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


@pytest.mark.usefixtures("_umask")
def test_state_directory_is_its_owner_s_only(tmp_path: Path) -> None:
    """It has the private keys of the user pool, too."""
    directory = tmp_path / "local"
    with locked(directory):
        assert stat.S_IMODE(directory.stat().st_mode) == 0o700


def test_part_file_left_behind_is_not_written_to(tmp_path: Path) -> None:
    part = tmp_path / "stack.part"
    part.write_text("")
    part.chmod(0o666)
    with part.open() as left:
        STACK.write(tmp_path / "stack.json")
        assert left.read() == ""


def test_stack_file_is_never_readable_by_others(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    modes = []

    def replace(part: Path, target: Path) -> None:
        modes.append(stat.S_IMODE(part.stat().st_mode))
        part.rename(target)

    monkeypatch.setattr(Path, "replace", replace)
    before = os.umask(0)
    try:
        STACK.write(tmp_path / "stack.json")
    finally:
        os.umask(before)
    assert modes == [0o600]


def test_secret_key_is_hidden_in_texts_of_a_stack() -> None:
    assert "random" not in repr(STACK)
