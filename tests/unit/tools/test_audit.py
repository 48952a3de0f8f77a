"""`make scan` fails on a vulnerability, and skips the audit if the advisory service cannot be reached."""

import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from tests.support.data import CLOSED_PORT_ENDPOINT
from tools.audit import run_audit

# Programs with the exit codes of pip-audit: with and without a vulnerability.
VULNERABLE, SAFE = ((sys.executable, "-c", f"import sys; sys.exit({code})") for code in (1, 0))


class AdvisoryService(BaseHTTPRequestHandler):
    """An advisory service with one package."""

    def do_GET(self) -> None:
        self.send_response(200 if self.path == "/known" else 404)
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Log nothing."""


@pytest.fixture(scope="module")
def service() -> Iterator[str]:
    with HTTPServer(("127.0.0.1", 0), AdvisoryService) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


def test_vulnerability_fails_the_scan(service: str) -> None:
    assert run_audit([], f"{service}/known", VULNERABLE) == 1


def test_no_vulnerability_passes_the_scan(service: str, capfd: pytest.CaptureFixture[str]) -> None:
    assert run_audit([], f"{service}/known", SAFE) == 0
    assert "skipped" not in capfd.readouterr().out


@pytest.mark.parametrize("path", [None, "unknown"])
def test_unreachable_service_skips_the_audit_in_one_line(
    service: str, path: str | None, capfd: pytest.CaptureFixture[str]
) -> None:
    url = f"{service}/{path}" if path else CLOSED_PORT_ENDPOINT
    assert run_audit([], url, VULNERABLE) == 0
    assert capfd.readouterr().out == f"pip-audit skipped: the advisory service {url} can't be reached.\n"


def test_requirements_files_are_passed_to_pip_audit(service: str, capfd: pytest.CaptureFixture[str]) -> None:
    echo = (sys.executable, "-c", "import sys; print(*sys.argv[1:])")
    assert run_audit(["one.txt", "two.txt"], f"{service}/known", echo) == 0
    assert capfd.readouterr().out == "--requirement=one.txt --requirement=two.txt\n"
