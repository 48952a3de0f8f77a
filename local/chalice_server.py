"""The server of `chalice local`: Chalice's development server with the local API Gateway and the OpenAPI route."""

import chalice.local
from chalice import Chalice
from chalice.config import Config

from local.openapi_route import add_openapi_route
from local.processes import exit_with_parent
from local.request_handler import LocalRequestHandler


class _HttpServer(chalice.local.ThreadedHTTPServer):
    # Python's default of 5 pending connections resets connections of a page that loads many resources concurrently.
    request_queue_size = 128


class _LocalDevServer(chalice.local.LocalDevServer):
    def __init__(self, app_object: Chalice, config: Config, host: str, port: int) -> None:
        add_openapi_route(app_object, f"http://{host}:{port}")
        super().__init__(app_object, config, host, port, LocalRequestHandler, _HttpServer)


def install() -> None:
    """Let `chalice local` use this server, and exit with the parent process."""
    exit_with_parent()
    chalice.local.LocalDevServer = _LocalDevServer  # type: ignore[misc, assignment]
