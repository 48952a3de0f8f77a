"""`make run`: its console output, its stack.json and its network interface."""

import json
import socket

import pytest

from tests.support.stack import RunningStack, list_ports


def test_output_is_plain_short_and_complete(stack: RunningStack) -> None:
    output = stack.console_output.read_text()
    assert "\033" not in output
    steps = ["SignUp", "ConfirmSignUp", "DynamoDB", "Sign in (SRP)", "GET /users/{user_id}", "PUT /users/{user_id}"]
    assert sorted(steps, key=output.index) == steps
    key = stack.outputs.access_key.variables.values()
    assert not [value for value in key if value in output]
    for value in vars(stack.outputs).values():
        assert value in output or value in ("us-east-1", *key)
    assert "Traceback" not in output
    assert len(output.partition("Ready in")[0].splitlines()) < 45


def test_first_line_is_the_address_of_the_console(stack: RunningStack) -> None:
    first, _, _ = stack.console_output.read_text().partition("\n")
    assert first == f"Console: {stack.outputs.console_url}"


def test_stack_file_has_the_documented_keys(stack: RunningStack) -> None:
    outputs = json.loads((stack.directory / "stack.json").read_text())
    names = {"api_url", "aws_endpoint_url", "region", "user_pool_id", "user_pool_client_id"}
    names |= {"table", "records_table", "bucket", "console_url"}
    assert outputs.keys() == names | {"aws_access_key_id", "aws_secret_access_key"}


def test_servers_listen_on_the_loopback_interface_only(stack: RunningStack) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.connect(("192.0.2.1", 9))  # sends nothing, but selects the address of this machine
        address = probe.getsockname()[0]
    if address.startswith("127."):
        pytest.skip("this machine has no other address")
    for port in list_ports(stack):
        with pytest.raises(OSError, match=r"refused|timed out"):
            socket.create_connection((address, port), timeout=2)
