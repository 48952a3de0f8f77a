"""`chalice local` as a developer types it in a checkout."""

import json
import os
import signal
import socket
import subprocess
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from local.ports import allocate_port, is_port_in_use
from local.stack import Stack
from local.user_client import UserClient
from tests.support.chalice_command import (
    CHALICE,
    STAGE_CONFIG,
    developer_environment,
    type_chalice,
    write_stage_config,
)
from tests.support.processes import is_running, list_descendants
from tests.support.stack import STACK_TIMEOUT, RunningStack, get_unauthenticated_detail, start_stack, wait_until
from tests.support.users import sign_up_and_sign_in


@dataclass
class RunningChaliceLocal:
    """A running `chalice local`: its process, its URL and its state directory."""

    process: subprocess.Popen[str]
    url: str
    aws_port: int
    directory: Path
    console_output: Path

    @property
    def user_client(self) -> UserClient:
        return UserClient(Stack.read(self.directory / "stack.json"))

    def wait_until(self, condition: Callable[[], bool]) -> None:
        wait_until(condition, self.console_output.read_text)

    def is_ready(self) -> bool:
        return "Press Ctrl-C to stop" in self.console_output.read_text()


@contextmanager
def start_chalice_local(tree: Path, directory: Path, *arguments: str) -> Iterator[RunningChaliceLocal]:
    """Run the command in a process group of its own and yield it once it is ready. Stop it at the end."""
    api_port, aws_port = allocate_port(), allocate_port()
    output = directory / f"output-{api_port}.log"
    with output.open("w") as log:
        process = subprocess.Popen(
            [CHALICE, "local", "--port", str(api_port), *arguments],
            cwd=tree, env=developer_environment(AWS_PORT=str(aws_port), LOCAL_DIR=str(directory)),
            stdout=log, stderr=log, text=True, start_new_session=True,
        )  # fmt: skip
    local = RunningChaliceLocal(process, f"http://127.0.0.1:{api_port}", aws_port, directory, output)
    try:
        local.wait_until(local.is_ready)
        yield local
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGINT)
            process.wait(STACK_TIMEOUT)
        local.wait_until(lambda: not is_port_in_use(aws_port))


@pytest.fixture(scope="module")
def tree(project: Callable[[], Path]) -> Path:
    return project()


@pytest.mark.slow
@pytest.mark.parametrize(
    "arguments", [[], ["--stage", "local", "--no-autoreload", "--host", "0.0.0.0"]], ids=["plain", "options"]
)
def test_local_starts_its_own_embedded_aws(tree: Path, tmp_path: Path, arguments: list[str]) -> None:
    with start_chalice_local(tree, tmp_path, *arguments) as local:
        assert get_unauthenticated_detail(local.url).startswith("A valid ID token")
        assert is_port_in_use(local.aws_port)


@pytest.mark.slow
def test_local_does_not_use_aws_of_a_deployed_stage(project: Callable[[], Path], tmp_path: Path) -> None:
    tree = project()
    write_stage_config(tree, STAGE_CONFIG)
    with start_chalice_local(tree, tmp_path, "--stage", "dev") as local:
        assert sign_up_and_sign_in(local.user_client).get().status == 200


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningStack]:
    with start_stack(tmp_path_factory.mktemp("local")) as stack:
        yield stack


@pytest.mark.slow
def test_local_uses_the_embedded_aws_of_make_run(stack: RunningStack, tree: Path) -> None:
    user = sign_up_and_sign_in(UserClient(stack.outputs))
    with start_chalice_local(tree, stack.directory) as local:
        request = urllib.request.Request(f"{local.url}/users/me", headers={"Authorization": user.token})
        with urllib.request.urlopen(request, timeout=10) as response:
            assert json.load(response)["id"] == user.sub
        assert not is_port_in_use(local.aws_port)
    assert user.get().status == 200, "make run is still running"


@pytest.mark.slow
def test_local_ends_when_make_run_ends(tree: Path, tmp_path: Path) -> None:
    with start_stack(tmp_path) as stack, start_chalice_local(tree, tmp_path, "--no-autoreload") as local:
        stack.stop()
        assert local.process.wait(STACK_TIMEOUT) == 1
        assert "The embedded AWS has ended" in local.console_output.read_text()


@pytest.mark.slow
def test_local_ignores_the_stack_file_of_a_killed_run(stack: RunningStack, tree: Path, tmp_path: Path) -> None:
    stale = replace(stack.outputs, aws_endpoint_url=f"http://127.0.0.1:{allocate_port()}")
    stale.write(tmp_path / "stack.json")
    with start_chalice_local(tree, tmp_path) as local:
        assert local.user_client.stack != stale
        assert get_unauthenticated_detail(local.url).startswith("A valid ID token")


@pytest.mark.slow
@pytest.mark.parametrize(
    ("signal_number", "arguments"),
    [(signal.SIGTERM, []), (signal.SIGKILL, []), (signal.SIGKILL, ["--no-autoreload"])],
    ids=["terminated", "killed", "killed-no-autoreload"],
)
def test_killed_local_leaves_no_process(
    tree: Path, tmp_path: Path, signal_number: signal.Signals, arguments: list[str]
) -> None:
    with start_chalice_local(tree, tmp_path, *arguments) as local:
        started = list_descendants(local.process.pid)
        assert len(started) >= 2
        local.process.send_signal(signal_number)
        local.process.wait(STACK_TIMEOUT)
        local.wait_until(lambda: not any(map(is_running, started)))


@pytest.mark.slow
@pytest.mark.parametrize("arguments", [[], ["--no-autoreload"]], ids=["autoreload", "no-autoreload"])
def test_ctrl_c_ends_all_processes_of_local(tree: Path, tmp_path: Path, arguments: list[str]) -> None:
    with start_chalice_local(tree, tmp_path, *arguments) as local:
        started = list_descendants(local.process.pid)
        os.killpg(local.process.pid, signal.SIGINT)
        assert local.process.wait(STACK_TIMEOUT) == 0
        local.wait_until(lambda: not any(map(is_running, started)))
        assert "Traceback" not in local.console_output.read_text()


@pytest.mark.slow
def test_local_reloads_changed_code(project: Callable[[], Path], tmp_path: Path) -> None:
    tree = project()
    errors = tree / "chalicelib" / "core" / "errors.py"
    with start_chalice_local(tree, tmp_path) as local:
        before = list_descendants(local.process.pid)
        errors.write_text(errors.read_text().replace("A valid ID token", "A brand-new text"))

        local.wait_until(lambda: get_unauthenticated_detail(local.url).startswith("A brand-new text"))
        assert len(list_descendants(local.process.pid)) == len(before)


@pytest.mark.slow
def test_local_without_autoreload_does_not_reload(project: Callable[[], Path], tmp_path: Path) -> None:
    tree = project()
    with start_chalice_local(tree, tmp_path, "--no-autoreload") as local:
        (tree / "app.py").write_text("this is not Python")
        time.sleep(2)  # a reload would start within half of this time
        assert get_unauthenticated_detail(local.url).startswith("A valid ID token")


@pytest.mark.parametrize(
    ("arguments", "code"), [([], -signal.SIGTERM), (["--no-autoreload"], 1)], ids=["autoreload", "no-autoreload"]
)
def test_local_on_a_port_in_use_fails_in_one_line(tree: Path, tmp_path: Path, arguments: list[str], code: int) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        done = type_chalice(
            tree, "local", "--port", str(port), *arguments, timeout=STACK_TIMEOUT, LOCAL_DIR=str(tmp_path)
        )
    # Chalice's file watcher may take bytecode that Python writes at the first import for a change.
    output = done.stdout.removeprefix("Restarting local dev server.\n")
    assert (done.returncode, output) == (code, "")
    message, _, suggested_port = done.stderr.partition(f"LOCAL_DIR={tmp_path} chalice local --port ")
    assert message == f"Port {port} is in use. Free it, or choose another: "
    assert int(suggested_port) > port
