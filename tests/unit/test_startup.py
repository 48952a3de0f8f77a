"""What `make run` and `chalice local` suggest when something is in use."""

import socket
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from local.processes import free_port
from local.settings import DEFAULT_API_PORT, DEFAULT_AWS_PORT, DEFAULT_DIRECTORY, ROOT, LocalSettings
from local.startup import CannotStart, find_free_port, format_variables, require_free_ports

HOST = "127.0.0.1"


@pytest.fixture
def taken() -> Iterator[list[int]]:
    """Two ports in use, each with a free one after it."""
    with ExitStack() as opened:
        ports: list[int] = []
        while len(ports) < 2:
            port = free_port()
            if find_free_port(port) == port + 1:
                opened.enter_context(socket.create_server((HOST, port)))
                ports.append(port)
        yield ports


def suggestion(api_port: int, aws_port: int, directory: Path = DEFAULT_DIRECTORY) -> str:
    with pytest.raises(CannotStart) as caught:
        require_free_ports(LocalSettings(api_port, aws_port, directory, {}))
    return str(caught.value)


def test_two_ports_in_use_are_replaced_by_one_command(taken: list[int]) -> None:
    api, aws = taken
    assert suggestion(api, aws) == (
        f"Ports {api} and {aws} are in use. Free them, or choose others: API_PORT={api + 1} AWS_PORT={aws + 1} make run"
    )


def test_port_in_use_is_replaced_and_other_settings_stay(taken: list[int], tmp_path: Path) -> None:
    aws, api = taken[0], free_port()
    assert suggestion(api, aws, tmp_path) == (
        f"Port {aws} is in use. Free it, or choose another: "
        f"API_PORT={api} AWS_PORT={aws + 1} LOCAL_DIR={tmp_path} make run"
    )


def test_suggested_port_is_free_and_not_the_other_one(taken: list[int]) -> None:
    port = taken[0]
    assert find_free_port(port - 1, {port + 1}) > port + 1


def test_highest_port_in_use_is_replaced() -> None:
    assert 1024 <= find_free_port(65535) < 65535


@pytest.mark.parametrize(
    ("directory", "text"),
    [
        (DEFAULT_DIRECTORY, ""),
        (ROOT / ".local-2", "LOCAL_DIR=.local-2 "),
        (Path("/tmp/my state"), "LOCAL_DIR='/tmp/my state' "),
    ],
)
def test_directory_is_written_for_a_shell(directory: Path, text: str) -> None:
    local = LocalSettings(DEFAULT_API_PORT, DEFAULT_AWS_PORT, directory, {})
    assert format_variables(local) == text
