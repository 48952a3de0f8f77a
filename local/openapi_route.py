"""The route /openapi.json of the local API, for tools such as Swagger UI.

The deployed API does not have this route.
"""

import json
from typing import Any, Final

from chalice import Chalice, Response

from chalicelib.api.middleware import HEAD
from chalicelib.api.parsing import JSON_MEDIA_TYPE
from local.config import HOST, ROOT

OPENAPI_PATH: Final = "/openapi.json"


def add_openapi_route(app: Chalice, address: str) -> None:
    """Add the route to the app that `chalice local` serves at this address."""

    @app.route(OPENAPI_PATH, methods=["GET", HEAD], content_types=[])
    def get_openapi() -> Response:
        return Response(json.dumps(build_document(address)), headers={"Content-Type": JSON_MEDIA_TYPE})


def build_document(address: str) -> dict[str, Any]:
    """Return the committed openapi.json with the API at this address as its first server."""
    committed: dict[str, Any] = json.loads((ROOT / "openapi.json").read_text())
    deployed = [server for server in committed["servers"] if HOST not in server["url"]]
    return {**committed, "servers": [{"url": address, "description": "This API."}, *deployed]}
