"""New connections for requests that follow a pause.

Lambda freezes a function between invocations. AWS or a NAT gateway may then drop the connections that botocore
keeps open. If that happens silently, the next request ends in a read timeout. The request cannot simply be repeated,
because it may have been applied.
"""

import time
from collections.abc import Callable
from threading import Lock
from typing import Any, Final

# AWS does not document how long its services keep idle connections. Under load, where a new connection would be most
# expensive, pauses of this length do not occur.
MAX_IDLE_SECONDS: Final = 3.0


def close_when_idle(client: Any, clock: Callable[[], float] = time.time) -> None:
    """Make the client open a new connection for each request that follows a pause.

    The clock is the wall clock, because a monotonic clock may stop while a machine is suspended. If the wall clock is
    set back, the client opens a new connection, which is harmless.
    """
    lock = Lock()  # in `chalice local`, a thread must not close the connection that another one has just opened
    last_request = 0.0

    def close_idle_connections(**_: Any) -> None:
        nonlocal last_request
        with lock:
            now = clock()
            if not 0 <= now - last_request <= MAX_IDLE_SECONDS:
                client.close()
            last_request = now

    client.meta.events.register("before-send", close_idle_connections)
