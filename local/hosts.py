"""Validation of the Host header, against DNS rebinding.

A web page can make its own host name resolve to this machine (DNS rebinding). The browser then treats the local server
as part of the page and allows all requests. The Host header of these requests contains the page's host name.
"""

import ipaddress
from collections.abc import Sequence
from http import HTTPStatus
from typing import Final

_NAMES: Final = ("127.0.0.1", "localhost")
_HTTP_PORT: Final = "80"  # clients omit it


def find_host_error(hosts: Sequence[str], port: int, *, any_address: bool = False) -> HTTPStatus | None:
    """Return the error status for a request with these Host headers, or None.

    400 unless there is exactly one (RFC 9112, section 3.2), 421 if it names another server (RFC 9110, section 15.5.20).
    With `any_address`, for a server that is open to other machines, every IP address is valid. A rebinding page has a
    host name.
    """
    if len(hosts) != 1 or not hosts[0]:
        return HTTPStatus.BAD_REQUEST
    name, _, named_port = hosts[0].lower().rpartition(":") if ":" in hosts[0] else (hosts[0].lower(), "", _HTTP_PORT)
    is_valid_name = name in _NAMES or (any_address and _is_address(name))
    return None if is_valid_name and named_port == str(port) else HTTPStatus.MISDIRECTED_REQUEST


def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name.removeprefix("[").removesuffix("]"))
    except ValueError:
        return False
    return True
