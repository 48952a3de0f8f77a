"""The `chalice` command as it is typed in a checkout: local, deploy and package."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from local.config import ROOT
from local.ports import allocate_port, is_port_in_use
from local.stack import Stack
from local.user_client import UserClient
from tests.deployment.conftest import POOL_ARN
from tests.support.processes import is_running, list_descendants
from tests.support.stack import STACK_TIMEOUT, RunningStack, start_stack
from tests.support.users import sign_up_and_sign_in

CHALICE = str(Path(sys.executable).with_name("chalice"))
ROLE_ARN = "arn:aws:iam::000000000000:role/healthtech-dev-api_handler"
# What `make deploy` writes, as far as app.py needs it.
PREPARED: dict[str, Any] = {
    "environment_variables": {"DYNAMODB_TABLE": "Users-dev"},
    "lambda_functions": {
        "api_handler": {"iam_role_arn": ROLE_ARN, "environment_variables": {"USER_POOL_ARN": POOL_ARN}},
    },
}


def environment(**more: str) -> dict[str, str]:
    """A developer's environment: no account, no settings of the application."""
    ours = ("AWS_", "CORS_", "DYNAMODB_", "PICTURE_", "S3_", "USER_POOL_")
    return {**{name: text for name, text in os.environ.items() if not name.startswith(ours)}, **more}


@dataclass
class Local:
    """A `chalice local` under way."""

    process: subprocess.Popen[str]
    url: str
    aws_port: int
    directory: Path
    output: Path

    @property
    def session(self) -> UserClient:
        return UserClient(Stack.read(self.directory / "stack.json"))

    def wait_until(self, condition: Callable[[], bool]) -> None:
        deadline = time.monotonic() + STACK_TIMEOUT
        while not condition():
            assert time.monotonic() < deadline, self.output.read_text()
            time.sleep(0.1)

    def is_ready(self) -> bool:
        return "Press Ctrl-C to stop" in self.output.read_text()


@contextmanager
def chalice_local(tree: Path, directory: Path, *arguments: str) -> Iterator[Local]:
    """Type the command in a terminal of its own. Whatever it starts is stopped at the end."""
    api_port, aws_port = allocate_port(), allocate_port()
    output = directory / f"output-{api_port}.log"
    with output.open("w") as log:
        process = subprocess.Popen(
            [CHALICE, "local", "--port", str(api_port), *arguments],
            cwd=tree, env=environment(AWS_PORT=str(aws_port), LOCAL_DIR=str(directory)),
            stdout=log, stderr=log, text=True, start_new_session=True,
        )  # fmt: skip
    local = Local(process, f"http://127.0.0.1:{api_port}", aws_port, directory, output)
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


def prepare(tree: Path, section: dict[str, Any]) -> None:
    """Write a section for the stage dev, as `make deploy` does."""
    file = tree / ".chalice" / "config.json"
    config = json.loads(file.read_text())
    file.write_text(json.dumps({**config, "stages": {**config["stages"], "dev": section}}))


def detail(url: str) -> str:
    """What the API answers without a token."""
    try:
        urllib.request.urlopen(f"{url}/users/me", timeout=5)
    except urllib.error.HTTPError as exc:
        return str(json.load(exc)["detail"])
    raise AssertionError("it answered without a token")


@pytest.mark.slow
@pytest.mark.parametrize(
    "arguments", [[], ["--stage", "local", "--no-autoreload", "--host", "0.0.0.0"]], ids=["plain", "options"]
)
def test_local_serves_the_api_on_an_aws_of_its_own(tree: Path, tmp_path: Path, arguments: list[str]) -> None:
    with chalice_local(tree, tmp_path, *arguments) as local:
        assert detail(local.url).startswith("A valid ID token")
        assert is_port_in_use(local.aws_port)


@pytest.mark.slow
def test_local_does_not_use_the_cloud_of_a_deployed_stage(project: Callable[[], Path], tmp_path: Path) -> None:
    tree = project()
    prepare(tree, PREPARED)
    with chalice_local(tree, tmp_path, "--stage", "dev") as local:
        assert sign_up_and_sign_in(local.session).get().status == 200


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningStack]:
    with start_stack(tmp_path_factory.mktemp("local")) as run:
        yield run


@pytest.mark.slow
def test_local_uses_the_aws_of_a_running_make_run(run: RunningStack, tree: Path) -> None:
    user = sign_up_and_sign_in(UserClient(run.outputs))
    with chalice_local(tree, run.directory) as local:
        request = urllib.request.Request(f"{local.url}/users/me", headers={"Authorization": user.token})
        with urllib.request.urlopen(request, timeout=10) as answer:
            assert json.load(answer)["id"] == user.sub
        assert not is_port_in_use(local.aws_port)
    assert user.get().status == 200, "make run goes on"


@pytest.mark.slow
def test_local_ends_when_the_make_run_it_uses_ends(tree: Path, tmp_path: Path) -> None:
    with start_stack(tmp_path) as run, chalice_local(tree, tmp_path, "--no-autoreload") as local:
        run.stop()
        assert local.process.wait(STACK_TIMEOUT) == 1
        assert "The embedded AWS has ended" in local.output.read_text()


@pytest.mark.slow
def test_local_starts_an_aws_where_a_killed_run_left_its_file(run: RunningStack, tree: Path, tmp_path: Path) -> None:
    stale = replace(run.outputs, aws_endpoint_url=f"http://127.0.0.1:{allocate_port()}")
    stale.write(tmp_path / "stack.json")
    with chalice_local(tree, tmp_path) as local:
        assert local.session.stack != stale
        assert detail(local.url).startswith("A valid ID token")


@pytest.mark.slow
@pytest.mark.parametrize(
    ("number", "arguments"),
    [(signal.SIGTERM, []), (signal.SIGKILL, []), (signal.SIGKILL, ["--no-autoreload"])],
    ids=["terminated", "killed", "killed-no-autoreload"],
)
def test_local_that_is_killed_leaves_no_process(
    tree: Path, tmp_path: Path, number: signal.Signals, arguments: list[str]
) -> None:
    with chalice_local(tree, tmp_path, *arguments) as local:
        started = list_descendants(local.process.pid)
        assert len(started) >= 2
        local.process.send_signal(number)
        local.process.wait(STACK_TIMEOUT)
        local.wait_until(lambda: not any(map(is_running, started)))


@pytest.mark.slow
@pytest.mark.parametrize("arguments", [[], ["--no-autoreload"]], ids=["autoreload", "no-autoreload"])
def test_local_ends_all_its_processes_at_ctrl_c(tree: Path, tmp_path: Path, arguments: list[str]) -> None:
    with chalice_local(tree, tmp_path, *arguments) as local:
        started = list_descendants(local.process.pid)
        os.killpg(local.process.pid, signal.SIGINT)
        assert local.process.wait(STACK_TIMEOUT) == 0
        local.wait_until(lambda: not any(map(is_running, started)))
        assert "Traceback" not in local.output.read_text()


@pytest.mark.slow
def test_local_reloads_changed_code(project: Callable[[], Path], tmp_path: Path) -> None:
    tree = project()
    errors = tree / "chalicelib" / "errors.py"
    with chalice_local(tree, tmp_path) as local:
        before = list_descendants(local.process.pid)
        errors.write_text(errors.read_text().replace("A valid ID token", "A brand-new text"))

        def is_reloaded() -> bool:
            with suppress(OSError):
                return detail(local.url).startswith("A brand-new text")
            return False

        local.wait_until(is_reloaded)
        assert len(list_descendants(local.process.pid)) == len(before)


@pytest.mark.slow
def test_local_without_autoreload_keeps_its_code(project: Callable[[], Path], tmp_path: Path) -> None:
    tree = project()
    with chalice_local(tree, tmp_path, "--no-autoreload") as local:
        (tree / "app.py").write_text("this is no Python")
        time.sleep(2)  # twice as long as a reload takes to begin
        assert detail(local.url).startswith("A valid ID token")


@pytest.mark.parametrize(
    ("arguments", "code"), [([], -signal.SIGTERM), (["--no-autoreload"], 1)], ids=["autoreload", "no-autoreload"]
)
def test_local_on_a_port_in_use_says_so_and_fails(tree: Path, tmp_path: Path, arguments: list[str], code: int) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        done = chalice(tree, "local", "--port", str(port), *arguments, LOCAL_DIR=str(tmp_path))
    assert (done.returncode, done.stdout) == (code, "")
    beginning, _, other = done.stderr.partition(f"LOCAL_DIR={tmp_path} chalice local --port ")
    assert beginning == f"Port {port} is in use. Free it, or choose another: "
    assert int(other) > port


def chalice(tree: Path, *arguments: str, **more: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [CHALICE, *arguments], cwd=tree, env=environment(**more), capture_output=True, text=True, timeout=STACK_TIMEOUT
    )


def assert_refused(done: subprocess.CompletedProcess[str], text: str) -> None:
    """The command has failed with one line and no traceback."""
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == f"Error: {text}\n"


@pytest.mark.parametrize(
    ("command", "stage"),
    [
        (["deploy"], "dev"),
        (["package", "out"], "dev"),
        (["deploy", "--stage", "prod"], "prod"),
        (["dev", "plan"], "dev"),
    ],
    ids=["deploy", "package", "deploy-prod", "plan"],
)
def test_a_stage_that_was_not_prepared_is_refused(tree: Path, command: list[str], stage: str) -> None:
    expected = f"The stage {stage} is not prepared. Run: make deploy STAGE={stage}"
    assert_refused(chalice(tree, *command), expected)


def test_the_stage_of_the_laptop_is_not_deployed(tree: Path) -> None:
    done = chalice(tree, "deploy", "--stage", "local")
    assert_refused(done, "The stage local is not prepared. Run: make deploy STAGE=dev")


def test_a_stage_this_checkout_has_not_deployed_is_refused(project: Callable[[], Path]) -> None:
    tree = project()
    prepare(tree, PREPARED)
    expected = "This checkout has no record of the deployed stage dev. Run: make deploy STAGE=dev"
    assert_refused(chalice(tree, "deploy"), expected)


@pytest.mark.parametrize(
    ("missing", "change"),
    [
        ("USER_POOL_ARN", {"lambda_functions": {"api_handler": {"iam_role_arn": ROLE_ARN}}}),
        ("DYNAMODB_TABLE", {"environment_variables": {}}),
    ],
)
def test_stage_without_a_variable_is_refused(project: Callable[[], Path], missing: str, change: dict[str, Any]) -> None:
    tree = project()
    prepare(tree, {**PREPARED, **change})
    done = chalice(tree, "package", "out")
    assert (done.returncode, len(done.stderr.splitlines())) == (1, 1)
    assert f"{missing} is missing" in done.stderr


UNDER_3_11 = """
import sys
from chalice.cli import main
from infra.deploy import runtime
runtime.CURRENT = "python3.11"
sys.exit(main())
"""


def test_deploy_under_an_unsuitable_python_is_refused(project: Callable[[], Path]) -> None:
    tree = project()
    prepare(tree, PREPARED)
    record = tree / ".chalice" / "deployed" / "dev.json"
    record.parent.mkdir()
    record.write_text('{"resources": [], "schema_version": "2.0", "backend": "api"}')
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", UNDER_3_11, "deploy"],
        cwd=tree, env=environment(), capture_output=True, text=True, timeout=STACK_TIMEOUT,
    )  # fmt: skip
    assert (done.returncode, done.stdout) == (1, ""), done.stderr
    assert done.stderr.startswith(
        "Error: Lambda supports python3.12, python3.13, python3.14, but .venv has python3.11."
    )


def test_the_commands_are_those_the_readme_names() -> None:
    readme = (ROOT / "README.md").read_text()
    assert all(f"chalice {command}" in readme for command in ("local", "deploy", "package"))
