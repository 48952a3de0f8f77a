"""`make run` as its user meets it: start, restart, reload, ports, and an end that leaves nothing behind."""

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

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
from tests.support.shells import SHELLS, paste
from tests.support.stack import STACK_TIMEOUT, RunningStack, start_stack
from tests.support.token_forger import send_request
from tests.support.users import PASSWORD, generate_email, sign_up_and_sign_in


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the working tree, to be changed."""
    copy = tmp_path_factory.mktemp("tree")
    for name in ("chalicelib", "infra", "local", "tools", ".chalice"):
        shutil.copytree(ROOT / name, copy / name, ignore=shutil.ignore_patterns("__pycache__", ".terraform*"))
    shutil.copy(ROOT / "app.py", copy)
    return copy


def ports(run: RunningStack) -> list[int]:
    return [urlsplit(url).port or 0 for url in (run.outputs.api_url, run.outputs.aws_endpoint_url)]


@pytest.mark.parametrize(
    "number",
    [
        signal.SIGINT,
        pytest.param(signal.SIGTERM, marks=pytest.mark.slow),
        pytest.param(signal.SIGHUP, marks=pytest.mark.slow),
    ],
)
def test_a_stop_ends_every_process_frees_every_port_and_takes_the_stack_file(tmp_path: Path, number: int) -> None:
    with start_stack(tmp_path) as run:
        started, used = list_descendants(run.process.pid), ports(run)
        assert len(started) >= 2
        assert run.stop(number) == 0
        assert not [process for process in started if is_running(process)]
        assert not [port for port in used if is_port_in_use(port)]
        assert not (tmp_path / "stack.json").exists()
    assert run.console_output.read_text().endswith("Stopped.\n")


def test_what_it_prints_is_plain_short_and_complete(run: RunningStack) -> None:
    output = run.console_output.read_text()
    assert "\033" not in output
    steps = ["SignUp", "ConfirmSignUp", "DynamoDB", "Sign in (SRP)", "GET /users/{user_id}", "PUT /users/{user_id}"]
    assert sorted(steps, key=output.index) == steps
    key = run.outputs.access_key.variables.values()
    assert not [value for value in key if value in output]
    for told in vars(run.outputs).values():
        assert told in output or told in ("us-east-1", *key)
    assert "Traceback" not in output
    assert len(output.partition("Ready in")[0].splitlines()) < 45


def test_the_stack_file_tells_scripts_and_front_ends_where_things_are(run: RunningStack) -> None:
    told = json.loads((run.directory / "stack.json").read_text())
    names = {"api_url", "aws_endpoint_url", "region", "user_pool_id", "user_pool_client_id", "table", "bucket"}
    assert told.keys() == names | {"aws_access_key_id", "aws_secret_access_key"}


def test_it_listens_on_this_machine_only(run: RunningStack) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.connect(("192.0.2.1", 9))  # sends nothing; finds our address
        address = probe.getsockname()[0]
    if address.startswith("127."):
        pytest.skip("this machine has no other address")
    for port in ports(run):
        with pytest.raises(OSError, match=r"refused|timed out"):
            socket.create_connection((address, port), timeout=2)


def printed_commands(run: RunningStack) -> str:
    return run.console_output.read_text().partition("in this folder\n")[2].partition("Ready in")[0]


def pasted(run: RunningStack, shell: str) -> list[Any]:
    """What the printed commands answer, each as JSON."""
    printed = paste(shell, printed_commands(run), ROOT, STACK_TIMEOUT)
    decoder, answers = json.JSONDecoder(), []
    while printed := printed.lstrip():
        answer, end = decoder.raw_decode(printed)
        answers.append(answer)
        printed = printed[end:]
    return answers


@pytest.mark.slow
@pytest.mark.parametrize("shell", SHELLS)
def test_the_commands_it_prints_work_when_pasted(tmp_path: Path, shell: str) -> None:
    """Jane's sign-up, confirmation, sign-in, read and edit; after a second run, without the sign-up."""
    with start_stack(tmp_path) as run:
        _, confirmed, read, edited = pasted(run, shell)
        assert (confirmed, read["name"], edited["name"]) == ({}, "Jane Roe", "Jane R. Roe")
        run.stop()
    with start_stack(tmp_path) as again:
        read, edited = pasted(again, shell)
        assert read == edited


@pytest.mark.slow
def test_a_user_who_was_not_confirmed_is_confirmed(tmp_path: Path) -> None:
    with start_stack(tmp_path) as run:
        sign_up, *_ = printed_commands(run).partition("cognito ConfirmSignUp")
        paste("bash", sign_up, ROOT, STACK_TIMEOUT)
        run.stop()
    with start_stack(tmp_path) as again:
        confirmed, read, _ = pasted(again, "bash")
        assert (confirmed, read["name"]) == ({}, "Jane Roe")


def test_what_it_prints_has_no_comment(run: RunningStack) -> None:
    assert not re.search(r"(^|\s)#", printed_commands(run), re.MULTILINE)


@pytest.mark.slow
def test_a_second_run_finds_the_users_of_the_first(tmp_path: Path) -> None:
    with start_stack(tmp_path) as first:
        session = UserClient(first.outputs)
        email = generate_email()
        session.sign_up(email, PASSWORD, sign_up_attributes(email))
        session.confirm(email, CONFIRMATION_CODE)
        token = session.sign_in(email, PASSWORD)["IdToken"]
        read = session.call("GET", "/users/me", token).body
        pool_id = first.outputs.user_pool_id
        first.stop()
    with start_stack(tmp_path) as second:
        assert "exists from an earlier run" in second.console_output.read_text()
        session = UserClient(second.outputs)
        assert second.outputs.user_pool_id == pool_id
        assert session.call("GET", "/users/me", token).body == read
        again = session.sign_in(email, PASSWORD)["IdToken"]
        assert session.call("GET", "/users/me", again).body == read


@pytest.mark.parametrize("variable", ["API_PORT", "AWS_PORT"])
def test_a_port_in_use_is_one_clear_line(tmp_path: Path, variable: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        environment = {**os.environ, "API_PORT": str(allocate_port()), "AWS_PORT": str(allocate_port())}
        environment |= {"LOCAL_DIR": str(tmp_path), variable: str(port)}
        ended = subprocess.run(
            [sys.executable, "-m", "local"],
            cwd=ROOT,
            env=environment,
            capture_output=True,
            text=True,
            timeout=STACK_TIMEOUT,
        )
    assert ended.returncode == 1
    assert ended.stdout == ""
    (line,) = ended.stderr.splitlines()
    assert line.startswith(f"Port {port} is in use.")
    assert f" {variable}=" in line
    assert line.endswith(f" LOCAL_DIR={tmp_path} make run")


@pytest.mark.parametrize("value", ["http", "0", "65536", "-1"])
def test_a_port_that_is_none_is_one_clear_line(value: str) -> None:
    ended = subprocess.run(
        [sys.executable, "-m", "local"], cwd=ROOT, env={**os.environ, "API_PORT": value},
        capture_output=True, text=True, timeout=STACK_TIMEOUT,
    )  # fmt: skip
    assert (ended.returncode, ended.stderr) == (1, "API_PORT must be a port number from 1 to 65535\n")


def test_the_same_port_twice_is_one_clear_line() -> None:
    port = str(allocate_port())
    ended = subprocess.run(
        [sys.executable, "-m", "local"], cwd=ROOT, env={**os.environ, "API_PORT": port, "AWS_PORT": port},
        capture_output=True, text=True, timeout=STACK_TIMEOUT,
    )  # fmt: skip
    assert (ended.returncode, ended.stderr.splitlines()) == (
        1,
        ["API_PORT and AWS_PORT are the same: choose another for one of them"],
    )


def test_missing_packages_are_one_clear_line() -> None:
    ended = subprocess.run(
        [sys.executable, "-S", "-m", "local"], cwd=ROOT, capture_output=True, text=True, timeout=STACK_TIMEOUT
    )
    assert ended.returncode == 1
    assert ended.stderr == "The embedded AWS is not installed: pip install -r requirements-run.txt\n"


@pytest.mark.parametrize("seconds", [0.05, 0.1, 0.2, 0.3, 0.4])
def test_ctrl_c_at_the_start_prints_no_traceback(tmp_path: Path, seconds: float) -> None:
    environment = {
        **os.environ,
        "API_PORT": str(allocate_port()),
        "AWS_PORT": str(allocate_port()),
        "LOCAL_DIR": str(tmp_path),
    }
    process = subprocess.Popen(
        [sys.executable, "-m", "local"], cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        text=True,
    )  # fmt: skip
    caught = f"/proc/{process.pid}/status"
    deadline = time.monotonic() + STACK_TIMEOUT
    while not handles_interrupts(Path(caught)):  # until our code runs at all
        assert time.monotonic() < deadline
    time.sleep(seconds)
    process.send_signal(signal.SIGINT)
    assert "Traceback" not in process.communicate(timeout=STACK_TIMEOUT)[0]


def handles_interrupts(status: Path) -> bool:
    """Whether a process has a handler of its own for SIGTERM, which it sets together with that for SIGINT."""
    (line,) = [line for line in status.read_text().splitlines() if line.startswith("SigCgt:")]
    return bool(int(line.split()[1], 16) & 1 << signal.SIGTERM - 1)


@pytest.mark.slow
def test_a_run_that_was_killed_leaves_no_process_and_loses_no_user_of_long_ago(tmp_path: Path) -> None:
    with start_stack(tmp_path) as run:
        session, started, used = UserClient(run.outputs), list_descendants(run.process.pid), ports(run)
        email = generate_email()
        session.sign_up(email, PASSWORD, sign_up_attributes(email))
        session.confirm(email, CONFIRMATION_CODE)
        saved = tmp_path / "state" / "cognito.json"
        deadline = time.monotonic() + STACK_TIMEOUT
        while time.monotonic() < deadline and not (saved.exists() and email in saved.read_text()):
            time.sleep(0.1)
        run.process.kill()
        run.process.wait()
        while time.monotonic() < deadline and any(is_running(process) for process in started):
            time.sleep(0.1)
        assert not [process for process in started if is_running(process)]
        assert not [port for port in used if is_port_in_use(port)]
    with start_stack(tmp_path) as again:
        assert UserClient(again.outputs).sign_in(email, PASSWORD)["IdToken"]


def child_of(run: RunningStack, mark: str) -> int:
    return next(
        process for process in list_descendants(run.process.pid) if mark in Path(f"/proc/{process}/cmdline").read_text()
    )


@pytest.mark.slow
def test_an_embedded_aws_that_dies_is_told_of_and_ends_the_run(tmp_path: Path) -> None:
    with start_stack(tmp_path) as run:
        os.kill(child_of(run, "local.emulator"), signal.SIGKILL)
        assert run.process.wait(STACK_TIMEOUT) == 1
        assert "the embedded AWS has ended" in run.console_output.read_text()


@pytest.mark.slow
def test_an_api_that_dies_is_started_again(tmp_path: Path) -> None:
    with start_stack(tmp_path) as run:
        os.kill(child_of(run, "chalice"), signal.SIGKILL)
        until(run, 1, "chalice local has ended, reloading")
        deadline = time.monotonic() + STACK_TIMEOUT
        told = ""
        while not told and time.monotonic() < deadline:
            with suppress(OSError):
                told = detail(run)
        assert told.startswith("A valid ID token")


@pytest.mark.slow
def test_requests_of_a_front_end_are_shown(tmp_path: Path) -> None:
    """Sign-up, sign-in, calls and uploads; not those of the run itself."""
    with start_stack(tmp_path) as run:
        assert "GET /users/" not in run.console_output.read_text().partition("Ready in")[2]
        user = sign_up_and_sign_in(UserClient(run.outputs))
        upload_file(user, make_image())
        user.get()
        send_request(run.outputs, "GET", "/users/me", {})
        run.wait_for_output("There is no token.")
        shown = run.console_output.read_text().partition("Ready in")[2]
        bucket = run.outputs.bucket
    lines = [line.strip() for line in shown.splitlines() if line.startswith(("  2", "  4"))]
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
    assert all(re.fullmatch(pattern, line) for pattern, line in zip(expected, lines, strict=True)), shown


def test_two_runs_do_not_share_a_state(run: RunningStack) -> None:
    environment = {**os.environ, "API_PORT": str(allocate_port()), "AWS_PORT": str(allocate_port())}
    environment["LOCAL_DIR"] = str(run.directory)
    ended = subprocess.run(
        [sys.executable, "-m", "local"],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        timeout=STACK_TIMEOUT,
    )
    assert (ended.returncode, len(ended.stderr.splitlines())) == (1, 1)
    ports = f"API_PORT={environment['API_PORT']} AWS_PORT={environment['AWS_PORT']}"
    directory = f"LOCAL_DIR=.local-{environment['API_PORT']}"
    assert f"Process {run.process.pid} is running with its state in {run.directory}." in ended.stderr
    assert ended.stderr.endswith(f"start a second one: {ports} {directory} make run\n")
    assert run.outputs.api_url  # the first one's file is still there


@pytest.fixture
def editable(tree: Path, tmp_path: Path) -> Iterator[RunningStack]:
    with start_stack(tmp_path, tree) as run:
        yield run


def until(run: RunningStack, count: int, text: str) -> None:
    deadline = time.monotonic() + STACK_TIMEOUT
    while run.console_output.read_text().count(text) < count:
        assert time.monotonic() < deadline, run.console_output.read_text()
        time.sleep(0.05)


def detail(run: RunningStack) -> str:
    """What the API says without a token."""
    try:
        urllib.request.urlopen(run.outputs.api_url + "/users/me", timeout=5)
    except urllib.error.HTTPError as exc:
        told: str = json.load(exc)["detail"]
        return told
    raise AssertionError("it answered without a token")


def save_by_renaming(file: Path, text: str) -> None:
    """As many editors save."""
    part = file.with_suffix(".part")
    part.write_text(text)
    part.rename(file)


def test_the_api_and_the_triggers_run_the_working_tree(tree: Path, editable: RunningStack) -> None:
    session = UserClient(editable.outputs)
    errors, profiles = tree / "chalicelib" / "errors.py", tree / "chalicelib" / "profiles.py"
    assert detail(editable).startswith("A valid ID token")

    good = errors.read_text()
    errors.write_text(good.replace("A valid ID token", "A brand-new text"))
    until(editable, 1, "reloading")
    deadline = time.monotonic() + STACK_TIMEOUT
    told = ""
    while not told.startswith("A brand-new text") and time.monotonic() < deadline:
        with suppress(OSError):
            told = detail(editable)
    assert told.startswith("A brand-new text")

    profiles.write_text(
        profiles.read_text().replace("SignUp.salvage(attributes)", 'SignUp.salvage({**attributes, "name": "Edited"})')
    )
    email = generate_email()
    sub = session.sign_up(email, PASSWORD, sign_up_attributes(email))
    session.confirm(email, CONFIRMATION_CODE)
    dynamodb = emulator_client("dynamodb", editable.outputs)
    item = dynamodb.get_item(TableName=editable.outputs.table, Key={"user_id": {"S": sub}})["Item"]
    assert item["name"] == {"S": "Edited"}

    routes = tree / "app.py"
    right = routes.read_text()
    save_by_renaming(routes, right + "\nthis is no Python")
    until(editable, 1, "Fix the code and save it")
    errors.write_text(good)
    until(editable, 2, "Fix the code and save it")
    save_by_renaming(routes, right)
    deadline = time.monotonic() + STACK_TIMEOUT
    while time.monotonic() < deadline:
        with suppress(OSError):
            told = detail(editable)
            if told.startswith("A valid ID token"):
                break
    assert told.startswith("A valid ID token")
