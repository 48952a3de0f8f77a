"""The names that the servers of `make run` answer to.

A page can let a name of its own point to this machine (DNS rebinding). To the browser, a server here then belongs to
the page, and may be called without limits. The Host header tells: it has the page's name.
"""

import ipaddress
from collections.abc import Sequence
from http import HTTPStatus
from typing import Final

_NAMES: Final = ("127.0.0.1", "localhost")
_HTTP_PORT: Final = "80"  # which clients leave out


def find_host_error(hosts: Sequence[str], port: int, *, any_address: bool = False) -> HTTPStatus | None:
    """Return the status that refuses a request with these Host headers, or None.

    400 unless there is exactly one (RFC 9112, section 3.2), 421 if it names another server (RFC 9110, section 15.5.20).
    A server that the user has opened to other machines accepts any IP address: a page that attacks it has a name.
    """
    if len(hosts) != 1 or not hosts[0]:
        return HTTPStatus.BAD_REQUEST
    name, _, named_port = hosts[0].lower().rpartition(":") if ":" in hosts[0] else (hosts[0].lower(), "", _HTTP_PORT)
    accepted = name in _NAMES or (any_address and _is_address(name))
    return None if accepted and named_port == str(port) else HTTPStatus.MISDIRECTED_REQUEST


def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name.removeprefix("[").removesuffix("]"))
    except ValueError:
        return False
    return True
