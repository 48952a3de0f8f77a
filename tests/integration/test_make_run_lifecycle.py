"""Start, stop, restart and failure of `make run`."""

import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from local.config import ROOT
from local.emulator import CONFIRMATION_CODE
from local.emulator_clients import emulator_client
from local.ports import allocate_port, is_port_in_use
from local.user_client import UserClient
from tests.support.data import sign_up_attributes
from tests.support.picture_client import upload_file
from tests.support.processes import is_running, list_descendants
from tests.support.sample_images import make_image
from tests.support.stack import (
    STACK_TIMEOUT,
    RunningStack,
    get_unauthenticated_detail,
    list_ports,
    start_stack,
    wait_until,
)
from tests.support.token_forger import send_request
from tests.support.users import PASSWORD, generate_email, sign_up_and_sign_in


@pytest.mark.parametrize(
    "signal_number",
    [
        signal.SIGINT,
        pytest.param(signal.SIGTERM, marks=pytest.mark.slow),
        pytest.param(signal.SIGHUP, marks=pytest.mark.slow),
    ],
)
def test_stop_ends_processes_frees_ports_and_deletes_the_file(tmp_path: Path, signal_number: int) -> None:
    with start_stack(tmp_path) as stack:
        started, ports = list_descendants(stack.process.pid), list_ports(stack)
        assert len(started) >= 2
        assert stack.stop(signal_number) == 0
        assert not [process for process in started if is_running(process)]
        assert not [port for port in ports if is_port_in_use(port)]
        assert not (tmp_path / "stack.json").exists()
    assert stack.console_output.read_text().endswith("Stopped.\n")


@pytest.mark.slow
def test_second_run_has_the_users_of_the_first(tmp_path: Path) -> None:
    with start_stack(tmp_path) as first:
        user = sign_up_and_sign_in(UserClient(first.outputs))
        profile = user.get().body
        pool_id = first.outputs.user_pool_id
        first.stop()
    with start_stack(tmp_path) as second:
        assert "exists from an earlier run" in second.console_output.read_text()
        user_client = UserClient(second.outputs)
        assert second.outputs.user_pool_id == pool_id
        assert user_client.call("GET", "/users/me", user.token).body == profile
        new_token = user_client.sign_in(user.email, PASSWORD)["IdToken"]
        assert user_client.call("GET", "/users/me", new_token).body == profile


@pytest.mark.parametrize("seconds", [0.05, 0.1, 0.2, 0.3, 0.4])
def test_ctrl_c_during_the_start_prints_no_traceback(tmp_path: Path, seconds: float) -> None:
    environment = {
        **os.environ,
        "API_PORT": str(allocate_port()),
        "AWS_PORT": str(allocate_port()),
        "CONSOLE_PORT": str(allocate_port()),
        "LOCAL_DIR": str(tmp_path),
    }
    process = subprocess.Popen(
        [sys.executable, "-m", "local"],
        cwd=ROOT,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    wait_until(lambda: handles_sigterm(process.pid))
    time.sleep(seconds)
    process.send_signal(signal.SIGINT)
    assert "Traceback" not in process.communicate(timeout=STACK_TIMEOUT)[0]


def handles_sigterm(process: int) -> bool:
    """Return True if a process has its own handler for SIGTERM, which it sets together with that for SIGINT."""
    status = Path(f"/proc/{process}/status").read_text()
    (line,) = [line for line in status.splitlines() if line.startswith("SigCgt:")]
    return bool(int(line.split()[1], 16) & 1 << signal.SIGTERM - 1)


@pytest.mark.slow
def test_killed_run_leaves_no_process_and_loses_no_saved_user(tmp_path: Path) -> None:
    with start_stack(tmp_path) as first:
        user_client, started, ports = UserClient(first.outputs), list_descendants(first.process.pid), list_ports(first)
        email = generate_email()
        user_client.sign_up(email, PASSWORD, sign_up_attributes(email))
        user_client.confirm(email, CONFIRMATION_CODE)
        state = tmp_path / "state" / "cognito.json"
        wait_until(lambda: state.exists() and email in state.read_text())
        first.process.kill()
        first.process.wait()
        wait_until(lambda: not any(is_running(process) for process in started))
        assert not [port for port in ports if is_port_in_use(port)]
    with start_stack(tmp_path) as second:
        assert UserClient(second.outputs).sign_in(email, PASSWORD)["IdToken"]


def find_child(stack: RunningStack, text: str) -> int:
    """Return the child process whose command line contains `text`."""
    return next(
        process
        for process in list_descendants(stack.process.pid)
        if text in Path(f"/proc/{process}/cmdline").read_text()
    )


@pytest.mark.slow
def test_run_ends_when_the_embedded_aws_exits(tmp_path: Path) -> None:
    with start_stack(tmp_path) as stack:
        os.kill(find_child(stack, "local.emulator"), signal.SIGKILL)
        assert stack.process.wait(STACK_TIMEOUT) == 1
        assert "the embedded AWS has ended" in stack.console_output.read_text()


@pytest.mark.slow
def test_api_is_restarted_when_it_exits(tmp_path: Path) -> None:
    with start_stack(tmp_path) as stack:
        os.kill(find_child(stack, "chalice"), signal.SIGKILL)
        stack.wait_for_output("chalice local has ended, reloading")
        wait_until(lambda: get_unauthenticated_detail(stack.outputs.api_url).startswith("A valid ID token"))


@pytest.mark.slow
def test_requests_of_a_front_end_are_printed(tmp_path: Path) -> None:
    """It prints sign-ups, sign-ins, API calls and uploads, but not the requests of `make run` itself."""
    with start_stack(tmp_path) as stack:
        assert "GET /users/" not in stack.console_output.read_text().partition("Ready in")[2]
        user = sign_up_and_sign_in(UserClient(stack.outputs))
        upload_file(user, make_image())
        user.get()
        send_request(stack.outputs, "GET", "/users/me", {})
        stack.wait_for_output("There is no token.")
        printed = stack.console_output.read_text().partition("Ready in")[2]
        bucket = stack.outputs.bucket
    lines = [line.strip() for line in printed.splitlines() if line.startswith(("  2", "  4"))]
    expected = [
        f"200  Cognito SignUp  .*  user {user.sub}",
        "200  Cognito ConfirmSignUp  .*",
        "200  Cognito InitiateAuth  .* challenge PASSWORD_VERIFIER",
        "200  Cognito RespondToAuthChallenge  .* tokens issued",
        "200  POST /users/me/picture .*",
        f"204  S3 POST /{bucket} .*",
        "200  GET /users/me  .*",
        "401  GET /users/me  .*  There is no token.*",
    ]
    assert all(re.fullmatch(pattern, line) for pattern, line in zip(expected, lines, strict=True)), printed


def test_run_continues_if_the_example_user_is_disabled(tmp_path: Path) -> None:
    with start_stack(tmp_path) as first:
        pool = {"UserPoolId": first.outputs.user_pool_id, "Username": "john@example.com"}
        emulator_client("cognito-idp", first.outputs).admin_disable_user(**pool)
    with start_stack(tmp_path) as second:
        assert "The demo cannot sign in: User is disabled." in second.console_output.read_text()
