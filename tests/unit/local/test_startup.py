"""Suggestions of `make run` and `chalice local` if a port is in use."""

import socket
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from local.config import DEFAULT_API_PORT, DEFAULT_AWS_PORT, DEFAULT_STATE_DIRECTORY, NO_PORT, ROOT, LocalSettings
from local.ports import allocate_port, find_free_port
from local.startup import StartupError, format_variables, require_free_ports

HOST = "127.0.0.1"


@pytest.fixture
def used_ports() -> Iterator[list[int]]:
    """Three ports in use, each with a free one after it."""
    with ExitStack() as exit_stack:
        ports: list[int] = []
        while len(ports) < 3:
            port = allocate_port()
            if find_free_port(port) == port + 1:
                exit_stack.enter_context(socket.create_server((HOST, port)))
                ports.append(port)
        yield ports


def get_suggestion(
    api_port: int, aws_port: int, directory: Path = DEFAULT_STATE_DIRECTORY, console_port: int = NO_PORT
) -> str:
    settings = LocalSettings(api_port, aws_port, directory, {}, console_port=console_port)
    with pytest.raises(StartupError) as caught:
        require_free_ports(settings)
    return str(caught.value)


def test_suggestion_for_two_ports_is_one_command(used_ports: list[int]) -> None:
    api_port, aws_port, _ = used_ports
    assert get_suggestion(api_port, aws_port) == (
        f"Ports {api_port} and {aws_port} are in use. Free them, or choose others: "
        f"API_PORT={api_port + 1} AWS_PORT={aws_port + 1} make run"
    )


def test_suggestion_for_three_ports_is_one_command(used_ports: list[int]) -> None:
    api_port, aws_port, console_port = used_ports
    assert get_suggestion(api_port, aws_port, console_port=console_port) == (
        f"Ports {api_port}, {aws_port} and {console_port} are in use. Free them, or choose others: "
        f"API_PORT={api_port + 1} AWS_PORT={aws_port + 1} CONSOLE_PORT={console_port + 1} make run"
    )


def test_suggestion_for_one_port_has_all_other_settings(used_ports: list[int], tmp_path: Path) -> None:
    aws_port, api_port = used_ports[0], allocate_port()
    assert get_suggestion(api_port, aws_port, tmp_path) == (
        f"Port {aws_port} is in use. Free it, or choose another: "
        f"API_PORT={api_port} AWS_PORT={aws_port + 1} LOCAL_DIR={tmp_path} make run"
    )


def test_suggested_port_is_free_and_not_the_other_port(used_ports: list[int]) -> None:
    port = used_ports[0]
    assert find_free_port(port - 1, {port + 1}) > port + 1


def test_suggestion_for_the_highest_port_is_lower() -> None:
    assert 1024 <= find_free_port(65535) < 65535


@pytest.mark.parametrize(
    ("directory", "text"),
    [
        (DEFAULT_STATE_DIRECTORY, ""),
        (ROOT / ".local-2", "LOCAL_DIR=.local-2 "),
        (Path("/tmp/my state"), "LOCAL_DIR='/tmp/my state' "),
    ],
)
def test_directory_in_a_suggestion_is_quoted_for_a_shell(directory: Path, text: str) -> None:
    settings = LocalSettings(DEFAULT_API_PORT, DEFAULT_AWS_PORT, directory, {})
    assert format_variables(settings) == text
