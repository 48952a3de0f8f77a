"""Check the production dependencies against the OSV advisory database, as part of `make scan`.

    python -m tools.audit requirements.txt ...

pip-audit has the same exit code for a vulnerability and for an unreachable service. This program therefore checks first
whether the service is reachable: https://github.com/pypa/pip-audit
"""

import subprocess
import sys
import urllib.request
from collections.abc import Sequence
from typing import Final

# An advisory that the service has: https://google.github.io/osv.dev/get-v1-vulns
PROBE_URL: Final = "https://api.osv.dev/v1/vulns/GHSA-mq26-g339-26xf"
_TIMEOUT_SECONDS: Final = 10
_PIP_AUDIT: Final = (
    sys.executable, "-m", "pip_audit", "--vulnerability-service=osv", "--strict", "--progress-spinner=off",
    "--disable-pip", "--require-hashes",
)  # fmt: skip


def is_reachable(url: str) -> bool:
    """Return True if the advisory service responds with a success status."""
    try:
        with urllib.request.urlopen(url, timeout=_TIMEOUT_SECONDS):
            return True
    except OSError:  # network, DNS, TLS or HTTP error; a package mirror responds with 404
        return False


def run_audit(requirements: Sequence[str], url: str = PROBE_URL, command: Sequence[str] = _PIP_AUDIT) -> int:
    """Run pip-audit. Return its exit code, or 0 if the service is not reachable."""
    if not is_reachable(url):
        print(f"pip-audit skipped: the advisory service {url} can't be reached.")
        return 0
    return subprocess.run([*command, *(f"--requirement={file}" for file in requirements)], check=False).returncode


if __name__ == "__main__":
    sys.exit(run_audit(sys.argv[1:]))
