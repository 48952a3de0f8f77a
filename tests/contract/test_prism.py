"""The README's examples through Prism, which checks each request and response against openapi.json.

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

from local import openapi
from local.processes import free_port
from local.session import Session
from local.settings import ROOT
from tests.integration.conftest import PATIENCE, Run, running
from tests.readme import examples
from tests.support.optional_tools import require_npm_packages
from tests.support.shells import paste

pytestmark = pytest.mark.slow
OPENAPI_TOOLS = Path(__file__).parent / "openapi_tools"


@contextlib.contextmanager
def proxying(api_url: str, log: Path) -> Iterator[str]:
    """Run Prism as a validating proxy in front of the API, and return its address."""
    program, port = require_npm_packages(OPENAPI_TOOLS) / ".bin" / "prism", free_port()
    listen = ("--host", "127.0.0.1", "--port", str(port))
    with log.open("w") as output:
        process = subprocess.Popen(
            [program, "proxy", openapi.FILE, api_url, "--errors", "--validate-request", *listen],
            stdout=output, stderr=output, start_new_session=True,
        )  # fmt: skip
    try:
        deadline = time.monotonic() + PATIENCE
        while "Prism is listening" not in log.read_text():
            assert process.poll() is None, log.read_text()
            assert time.monotonic() < deadline, log.read_text()
            time.sleep(0.1)
        yield f"http://127.0.0.1:{port}"
    finally:
        os.killpg(process.pid, signal.SIGTERM)
        process.wait(PATIENCE)


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Run]:
    """A run for these tests alone: the examples change the profile of its first user."""
    with running(tmp_path_factory.mktemp("local")) as run:
        yield run


@pytest.fixture(scope="module")
def proxy(run: Run, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with proxying(run.stack.api_url, tmp_path_factory.mktemp("prism") / "prism.log") as proxy:
        yield proxy


@pytest.fixture
def token(run: Run) -> str:
    """The user of the README's examples, whom `make run` has signed up."""
    return Session(run.stack).sign_in("john@example.com", "StrongPass123!")["IdToken"]


def run_example(code: str, *command: str, **variables: str) -> str:
    done = subprocess.run(
        [*command, code], cwd=ROOT, env={**os.environ, **variables}, capture_output=True, text=True, timeout=PATIENCE
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_prism_rejects_what_the_contract_does_not_allow(proxy: str, token: str) -> None:
    """The server accepts this body: the answer is Prism's own."""
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
    request = urllib.request.Request(f"{proxy}/users/me", b'{"gender": "male"}', headers, method="PATCH")
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(request)
    assert refused.value.code == 422
    assert json.load(refused.value)["type"].startswith("https://stoplight.io/prism/errors")
    refused.value.close()


def test_shell_examples_pass_prism(proxy: str, run: Run) -> None:
    script = "echo ,\n".join(examples("The API", "sh")).replace("http://127.0.0.1:8000", proxy)
    printed = paste("bash", script, ROOT, PATIENCE, LOCAL_DIR=str(run.directory))
    answers = json.loads(f"[{printed.lstrip().removeprefix(',')}]")
    assert [answer.get("status", 200) for answer in answers] == [200, 200, 200, 422]
    assert answers[3]["type"] == f"{run.stack.api_url}/problems#invalid"


def test_javascript_example_passes_prism(proxy: str, token: str) -> None:
    (code,) = examples("The API", "js")
    assert run_example(code, "node", "--input-type=module", "--eval", API=proxy, TOKEN=token) == "Other\n"


def test_python_example_passes_prism(proxy: str, token: str) -> None:
    (code,) = examples("The API", "python")
    assert run_example(code, sys.executable, "-c", API=proxy, TOKEN=token) == "Male\n"


def test_picture_examples_pass_prism(proxy: str, token: str) -> None:
    printed = paste("bash", "".join(examples("Pictures", "sh")), ROOT, PATIENCE, API=proxy, TOKEN=token)
    profile = json.loads(printed.partition("}\n204\n")[2])
    assert profile["picture"]["content_type"] == "image/jpeg"
