"""The OpenAPI document at /openapi.json of the local API, for tools such as Swagger UI.

The deployed API does not have this resource.
"""

import json
from typing import Any, Final

from chalice import Chalice, Response

from chalicelib.http import HEAD, JSON
from local.settings import HOST, ROOT

PATH: Final = "/openapi.json"


def add_to(app: Chalice, address: str) -> None:
    """Add the resource to the app that `chalice local` serves at this address."""

    @app.route(PATH, methods=["GET", HEAD], content_types=[])
    def get_openapi() -> Response:
        return Response(json.dumps(document(address)), headers={"Content-Type": JSON})


def document(address: str) -> dict[str, Any]:
    """Return openapi.json with the API at this address as its first server."""
    committed: dict[str, Any] = json.loads((ROOT / "openapi.json").read_text())
    deployed = [server for server in committed["servers"] if HOST not in server["url"]]
    return {**committed, "servers": [{"url": address, "description": "This API."}, *deployed]}
