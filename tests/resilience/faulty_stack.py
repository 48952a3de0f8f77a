"""A stack whose functions and API reach AWS through a fault proxy."""

import json
import math
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from local.config import HOST
from local.emulator import CONFIRMATION_CODE
from local.emulator_clients import emulator_client
from local.function_definitions import FUNCTIONS, TRIGGERS
from local.stack import STACK_NAME
from local.user_client import ApiResponse, UserClient
from tests.support.data import sign_up_attributes
from tests.support.fault_proxy import FaultInjector, start_fault_proxy
from tests.support.stack import start_api, start_stack
from tests.support.users import PASSWORD, generate_email

MAX_ATTEMPTS: Final = 20  # of a request whose response may be a 503


class FaultyStack:
    """A running stack whose functions and API reach AWS through a fault proxy."""

    def __init__(
        self, user_client: UserClient, fault_injector: FaultInjector, directory: Path, proxy_port: int
    ) -> None:
        self.stack = user_client.stack
        self.user_client = user_client
        self.fault_injector = fault_injector
        self.directory = directory
        self.proxy_port = proxy_port

    def read_logs(self) -> str:
        """Return the logs of the embedded AWS, of the functions and of all APIs."""
        return "\n".join(file.read_text() for file in sorted(self.directory.glob("*/*.log")))

    def get_slowest_trigger_runs(self) -> dict[str, float]:
        """Return the duration of the longest run of each trigger in seconds, from the log of the embedded AWS."""
        slowest: dict[str, float] = {}
        for line in (self.directory / "run" / "aws.log").read_text().splitlines():
            if line.startswith('{"message": "function ran"'):
                entry = json.loads(line)
                name = str(entry["function"]).removeprefix(f"{STACK_NAME}-")
                slowest[name] = max(slowest.get(name, 0.0), entry["ms"] / 1000)
        return {handler: slowest[handler] for handler in TRIGGERS.values()}

    def sign_up(self, number: int) -> tuple[str, str]:
        """Create a confirmed account. Return its email address and its sub."""
        email = generate_email()
        sub = self.user_client.sign_up(email, PASSWORD, sign_up_attributes(email, name=f"Person {number}"))
        self.user_client.confirm(email, CONFIRMATION_CODE)
        return email, sub

    def sign_in(self, email: str) -> str:
        """Return an ID token."""
        return self.user_client.sign_in(email, PASSWORD)["IdToken"]

    def get_profile(self, token: str) -> ApiResponse:
        """Send GET /users/me, and repeat the request after a 503."""
        for _ in range(MAX_ATTEMPTS):
            response = self.user_client.call("GET", "/users/me", token)
            if response.status != 503:
                break
        return response

    def count_profiles(self) -> int:
        return int(emulator_client("dynamodb", self.stack).scan(TableName="Users", Select="COUNT")["Count"])


@contextmanager
def start_faulty_stack(directory: Path, seed: int, idle_limit: float = math.inf) -> Iterator[FaultyStack]:
    """Start a stack and a second API. Put the fault proxy before that API and before the functions."""
    fault_injector = FaultInjector(seed)
    with start_stack(directory / "run") as stack, start_fault_proxy(fault_injector, idle_limit) as port:
        proxied = {"HTTP_PROXY": f"http://{HOST}:{port}"}
        lambda_ = emulator_client("lambda", stack.outputs)
        for handler in FUNCTIONS:
            name = f"{STACK_NAME}-{handler}"
            variables = lambda_.get_function_configuration(FunctionName=name)["Environment"]["Variables"]
            lambda_.update_function_configuration(FunctionName=name, Environment={"Variables": variables | proxied})
        with start_api(stack.outputs, directory / "api", PICTURE_UPLOADS_PER_DAY="10000", **proxied) as user_client:
            yield FaultyStack(user_client, fault_injector, directory, port)
