"""The documented examples through Prism, which checks each request and response against openapi.json.

Prism answers a request that breaks the contract itself, and replaces a response that breaks it by a 500.
"""

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from local.config import ROOT
from local.ports import allocate_port
from local.user_client import UserClient
from tests.support.markdown import ACCOUNT_SECTIONS, list_examples
from tests.support.optional_tools import require_npm_packages
from tests.support.shells import paste
from tests.support.stack import STACK_TIMEOUT, RunningStack, start_stack
from tests.support.users import sign_up_and_sign_in
from tools import openapi

pytestmark = pytest.mark.slow
OPENAPI_TOOLS = Path(__file__).parent / "openapi_tools"


@contextlib.contextmanager
def start_prism(api_url: str, log: Path) -> Iterator[str]:
    """Run Prism as a validating proxy in front of the API, and return its address."""
    program, port = require_npm_packages(OPENAPI_TOOLS) / ".bin" / "prism", allocate_port()
    listen = ("--host", "127.0.0.1", "--port", str(port))
    with log.open("w") as output:
        process = subprocess.Popen(
            [program, "proxy", openapi.OPENAPI_FILE, api_url, "--errors", "--validate-request", *listen],
            stdout=output, stderr=output, start_new_session=True,
        )  # fmt: skip
    try:
        deadline = time.monotonic() + STACK_TIMEOUT
        while "Prism is listening" not in log.read_text():
            assert process.poll() is None, log.read_text()
            assert time.monotonic() < deadline, log.read_text()
            time.sleep(0.1)
        yield f"http://127.0.0.1:{port}"
    finally:
        os.killpg(process.pid, signal.SIGTERM)
        process.wait(STACK_TIMEOUT)


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningStack]:
    """Start a stack for these tests only, because the examples change the profile of its first user."""
    with start_stack(tmp_path_factory.mktemp("local")) as stack:
        yield stack


@pytest.fixture(scope="module")
def proxy(stack: RunningStack, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with start_prism(stack.outputs.api_url, tmp_path_factory.mktemp("prism") / "prism.log") as proxy:
        yield proxy


@pytest.fixture
def token(stack: RunningStack) -> str:
    """Return a token of the example user that `make run` signs up."""
    return UserClient(stack.outputs).sign_in("john@example.com", "StrongPass123!")["IdToken"]


def run_example(code: str, *command: str, **variables: str) -> str:
    process = subprocess.run(
        [*command, code],
        cwd=ROOT,
        env={**os.environ, **variables},
        capture_output=True,
        text=True,
        timeout=STACK_TIMEOUT,
    )
    assert process.returncode == 0, process.stdout + process.stderr
    return process.stdout


def test_prism_rejects_a_body_that_the_schema_forbids(proxy: str, token: str) -> None:
    """The server accepts this body, so the response is from Prism."""
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
    request = urllib.request.Request(f"{proxy}/users/me", b'{"gender": "male"}', headers, method="PATCH")
    with pytest.raises(urllib.error.HTTPError) as caught:
        urllib.request.urlopen(request)
    assert caught.value.code == 422
    assert json.load(caught.value)["type"].startswith("https://stoplight.io/prism/errors")
    caught.value.close()


def test_shell_examples_pass_prism(proxy: str, stack: RunningStack) -> None:
    commands = list_examples("docs/api.md", "sh", without=ACCOUNT_SECTIONS)
    script = "echo ,\n".join(commands).replace("http://127.0.0.1:8000", proxy)
    printed = paste("bash", script, ROOT, STACK_TIMEOUT, LOCAL_DIR=str(stack.directory))
    responses = json.loads(f"[{printed.lstrip().removeprefix(',')}]")
    assert [response.get("status", 200) for response in responses] == [200, 200, 200, 422, 200]
    assert responses[3]["type"] == f"{stack.outputs.api_url}/problems#invalid"


def test_javascript_example_passes_prism(proxy: str, token: str) -> None:
    (code,) = list_examples("docs/api.md", "js")
    assert run_example(code, "node", "--input-type=module", "--eval", API=proxy, TOKEN=token) == "Other\n"


def test_python_example_passes_prism(proxy: str, token: str) -> None:
    (code,) = list_examples("docs/api.md", "python")
    assert run_example(code, sys.executable, "-c", API=proxy, TOKEN=token) == "Male\n"


def test_picture_examples_pass_prism(proxy: str, token: str) -> None:
    printed = paste(
        "bash", "".join(list_examples("docs/pictures.md", "sh")), ROOT, STACK_TIMEOUT, API=proxy, TOKEN=token
    )
    profile = json.loads(printed.partition("}\n204\n")[2])
    assert profile["picture"]["content_type"] == "image/jpeg"


def test_file_examples_pass_prism(proxy: str, token: str) -> None:
    printed = paste("bash", "".join(list_examples("docs/files.md", "sh")), ROOT, STACK_TIMEOUT, API=proxy, TOKEN=token)
    assert "The content is identical." in printed
    assert printed.endswith("}\n204\n")


def test_export_and_deletion_examples_pass_prism(proxy: str, stack: RunningStack) -> None:
    user = sign_up_and_sign_in(UserClient(stack.outputs))
    for section, name in zip(ACCOUNT_SECTIONS, ("exported_at", "erase_after"), strict=True):
        (command,) = list_examples("docs/api.md", "sh", section)
        assert name in json.loads(paste("bash", command, ROOT, STACK_TIMEOUT, API=proxy, TOKEN=user.token))
