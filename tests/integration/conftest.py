"""Runs of `make run` on free ports, each with its own state, and the users of the shared one."""

import functools
import itertools
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from local.config import ROOT
from local.emulator import CONFIRMATION_CODE
from local.emulator_clients import emulator_client
from local.ports import allocate_port
from local.stack import Stack
from local.user_client import ApiResponse, UserClient
from tests.support.personal_data import assert_no_personal_data

PASSWORD = "StrongPass123!"
STACK_TIMEOUT = 30  # seconds for a stack to start or stop
_numbers = itertools.count(1)


@dataclass
class RunningStack:
    """A `make run` of a checkout: `python -m local`, its place and its process."""

    process: subprocess.Popen[str]
    directory: Path
    output: Path

    @property
    def stack(self) -> Stack:
        return Stack.read(self.directory / "stack.json")

    def wait_for(self, text: str) -> None:
        deadline = time.monotonic() + STACK_TIMEOUT
        while text not in self.output.read_text():
            assert time.monotonic() < deadline, f"no {text!r} in:\n{self.output.read_text()}"
            assert self.process.poll() is None, f"ended early:\n{self.output.read_text()}"
            time.sleep(0.05)

    def logged(self) -> str:
        """All that the API and the functions have logged."""
        logs = (self.directory / "api.log", self.directory / "aws.log")
        return "".join(log.read_text() for log in logs if log.exists())

    def lines_of(self, request_id: str) -> list[dict[str, Any]]:
        """What the API's log says of a request, once the local gateway's line is there."""
        deadline = time.monotonic() + STACK_TIMEOUT
        while time.monotonic() < deadline:
            lines = (self.directory / "api.log").read_text().splitlines()
            found = [json.loads(line) for line in lines if line.endswith("}") and request_id in line]
            if any("request" in line for line in found):
                return found
            time.sleep(0.05)
        raise AssertionError(f"no line of the request {request_id}")

    def stop(self, number: int = signal.SIGINT) -> int:
        self.process.send_signal(number)
        return self.process.wait(STACK_TIMEOUT)


@contextmanager
def start_stack(directory: Path, tree: Path = ROOT, ports: tuple[int, int] | None = None) -> Iterator[RunningStack]:
    """A run that has started, and is stopped in any case."""
    api_port, aws_port = ports or (allocate_port(), allocate_port())
    environment = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    environment |= {"API_PORT": str(api_port), "AWS_PORT": str(aws_port), "LOCAL_DIR": str(directory)}
    directory.mkdir(parents=True, exist_ok=True)
    output = directory / f"output-{next(_numbers)}.log"
    with output.open("w") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "local"], cwd=tree, env=environment, stdout=log, stderr=log, text=True
        )
    run = RunningStack(process, directory, output)
    try:
        run.wait_for("Ready in")
        yield run
    finally:
        if process.poll() is None:
            run.stop()
    assert_no_personal_data(run.logged())


@pytest.fixture(scope="session")
def session(run: RunningStack) -> UserClient:
    return UserClient(run.stack)


@dataclass(frozen=True)
class User:
    """A user who has signed up and in."""

    session: UserClient
    email: str
    sub: str
    tokens: dict[str, str]

    @property
    def token(self) -> str:
        return self.tokens["IdToken"]

    def get(self, user_id: str = "me", **headers: str) -> ApiResponse:
        return self.session.call("GET", f"/users/{user_id}", self.token, headers=_named(headers))

    def put(self, body: Any, user_id: str = "me", **headers: str) -> ApiResponse:
        return self.session.call("PUT", f"/users/{user_id}", self.token, body, _named(headers))

    def patch(self, body: Any, user_id: str = "me", **headers: str) -> ApiResponse:
        more = {"Content-Type": "application/merge-patch+json", **_named(headers)}
        return self.session.call("PATCH", f"/users/{user_id}", self.token, body, more)


def _named(headers: dict[str, str]) -> dict[str, str]:
    return {name.replace("_", "-"): value for name, value in headers.items()}


def sign_up_attributes(email: str, **changed: str | None) -> dict[str, str]:
    """A sign-up form, filled in; `custom:dob` is written `dob`, and None leaves a field out."""
    form: dict[str, str | None] = {
        "name": "Jane Roe",
        "email": email,
        "phone_number": "+8801898765432",
        "dob": "1985-01-31",
        "gender": "Female",
        "blood_group": "O-",
        **changed,
    }
    custom = ("dob", "gender", "blood_group")
    filled = {name: value for name, value in form.items() if value is not None}
    return {f"custom:{name}" if name in custom else name: value for name, value in filled.items()}


def generate_email() -> str:
    return f"user-{next(_numbers)}-{time.time_ns()}@example.com"


@pytest.fixture(scope="session")
def made_user(session: UserClient) -> Callable[..., User]:
    """A user whom an administrator has made, with these attributes and an email address, signed in."""

    def make(**attributes: str) -> User:
        cognito, email = emulator_client("cognito-idp", session.stack), generate_email()
        where = {"UserPoolId": session.stack.user_pool_id, "Username": email}
        pairs = [{"Name": name, "Value": value} for name, value in {"email": email, **sign_up_attributes}.items()]
        made = cognito.admin_create_user(**where, UserAttributes=pairs, MessageAction="SUPPRESS")["User"]
        cognito.admin_set_user_password(**where, Password=PASSWORD, Permanent=True)
        return User(session, email, made["Username"], session.sign_in(email, PASSWORD))

    return make


def sign_up_and_sign_in(session: UserClient, **changed: str | None) -> User:
    """A new user, confirmed and signed in."""
    email = generate_email()
    sub = session.sign_up(email, PASSWORD, sign_up_attributes(email, **changed))
    session.confirm(email, CONFIRMATION_CODE)
    return User(session, email, sub, session.sign_in(email, PASSWORD))


@pytest.fixture(scope="session")
def new_user(session: UserClient) -> Callable[..., User]:
    """Sign a user up, confirm them and sign them in."""
    return functools.partial(sign_up_and_sign_in, session)
