"""Free ports, and checks whether a server listens."""

import random
import socket
import urllib.error
import urllib.request
from collections.abc import Container
from itertools import chain
from typing import Final

from local.config import HOST

# Below the ports that Linux and macOS assign to outgoing connections. Such a connection could occupy a free port.
_PORT_RANGE: Final = range(10_000, 32_768)
_CHECK_TIMEOUT_SECONDS: Final = 1
_allocated_ports = set[int]()


def is_port_in_use(port: int, host: str = HOST) -> bool:
    """Return True if a process listens on the port, on this address or on all addresses."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return True
    return False


def allocate_port() -> int:
    """Return a free port that this function has not returned before.

    The port is random, so that processes that start servers at the same time choose different ports.
    """
    while True:
        port = random.choice(_PORT_RANGE)
        if port not in _allocated_ports and not is_port_in_use(port):
            _allocated_ports.add(port)
            return port


def find_free_port(after: int, excluded: Container[int] = ()) -> int:
    """Return the next port that is neither in use nor excluded."""
    ports = chain(range(after + 1, 65536), range(1024, after))
    return next(port for port in ports if port not in excluded and not is_port_in_use(port))


def is_serving(url: str) -> bool:
    """Return True if the URL returns any HTTP response within a second."""
    try:
        urllib.request.urlopen(url, timeout=_CHECK_TIMEOUT_SECONDS).close()
    except urllib.error.HTTPError:
        return True
    except OSError:
        return False
    return True


def accepts_connections(host: str, port: int) -> bool:
    """Return True if a TCP connection succeeds within a second."""
    try:
        socket.create_connection((host, port), timeout=_CHECK_TIMEOUT_SECONDS).close()
    except OSError:
        return False
    return True
