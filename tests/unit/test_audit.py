"""`make scan` tells a vulnerability from an advisory service that can't be reached."""

import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from tools.audit import audit

CLOSED = "http://127.0.0.1:9"
# Ends as pip-audit does where it finds a vulnerability, and where it finds none.
FINDS, FINDS_NOTHING = ((sys.executable, "-c", f"import sys; sys.exit({code})") for code in (1, 0))


class Service(BaseHTTPRequestHandler):
    """The advisory service: it knows one package."""

    def do_GET(self) -> None:
        self.send_response(200 if self.path == "/known" else 404)
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Say nothing."""


@pytest.fixture(scope="module")
def service() -> Iterator[str]:
    with HTTPServer(("127.0.0.1", 0), Service) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


def test_vulnerability_fails_the_scan(service: str) -> None:
    assert audit([], f"{service}/known", FINDS) == 1


def test_no_vulnerability_passes_the_scan(service: str, capfd: pytest.CaptureFixture[str]) -> None:
    assert audit([], f"{service}/known", FINDS_NOTHING) == 0
    assert "skipped" not in capfd.readouterr().out


@pytest.mark.parametrize("path", [None, "unknown"])
def test_unreachable_service_skips_the_audit_in_one_line(
    service: str, path: str | None, capfd: pytest.CaptureFixture[str]
) -> None:
    place = f"{service}/{path}" if path else CLOSED
    assert audit([], place, FINDS) == 0
    assert capfd.readouterr().out == f"pip-audit skipped: the advisory service {place} can't be reached.\n"


def test_requirements_files_are_passed_on(service: str, capfd: pytest.CaptureFixture[str]) -> None:
    echo = (sys.executable, "-c", "import sys; print(*sys.argv[1:])")
    assert audit(["one.txt", "two.txt"], f"{service}/known", echo) == 0
    assert capfd.readouterr().out == "--requirement=one.txt --requirement=two.txt\n"
