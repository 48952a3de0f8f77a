"""Look up the production dependencies in the OSV advisory database: a part of `make scan`.

    python -m tools.audit requirements.txt ...

pip-audit ends with the same code for a vulnerability and for a service that it can't reach. So the service is asked
first: https://github.com/pypa/pip-audit
"""

import subprocess
import sys
import urllib.request
from collections.abc import Sequence
from typing import Final

# An advisory that the service has: https://google.github.io/osv.dev/get-v1-vulns
SERVICE: Final = "https://api.osv.dev/v1/vulns/GHSA-mq26-g339-26xf"
_TIMEOUT: Final = 10  # seconds
_PIP_AUDIT: Final = (
    sys.executable, "-m", "pip_audit", "--vulnerability-service=osv", "--strict", "--progress-spinner=off",
    "--disable-pip", "--require-hashes",
)  # fmt: skip


def is_reachable(service: str) -> bool:
    """Tell whether the advisory service answers with a success."""
    try:
        with urllib.request.urlopen(service, timeout=_TIMEOUT):
            return True
    except OSError:  # no route, no name, no certificate, or an error of HTTP: a mirror has no advisories
        return False


def audit(requirements: Sequence[str], service: str = SERVICE, command: Sequence[str] = _PIP_AUDIT) -> int:
    """Return the exit code: 0 without vulnerabilities, and where the service can't be reached."""
    if not is_reachable(service):
        print(f"pip-audit skipped: the advisory service {service} can't be reached.")
        return 0
    return subprocess.run([*command, *(f"--requirement={it}" for it in requirements)], check=False).returncode


if __name__ == "__main__":
    sys.exit(audit(sys.argv[1:]))
