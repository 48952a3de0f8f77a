"""The routes of files.

Views have no docstrings: Chalice would publish them in the deployed API.
"""

from http import HTTPStatus
from typing import TYPE_CHECKING, Final

from chalice import Blueprint, Response

from chalicelib.access.policy import authorize_owner
from chalicelib.api.parsing import PATCH_MEDIA_TYPES, parse_json, parse_page, parse_preconditions
from chalicelib.api.responses import conditional_response, created_response, json_response, versioned_response
from chalicelib.api.routing import authenticated_route, current_request
from chalicelib.bootstrap import file_service
from chalicelib.core.settings import get_settings
from chalicelib.files.errors import FilesNotEnabled

if TYPE_CHECKING:
    from chalicelib.core.identity import Caller
    from chalicelib.files.models import File
    from chalicelib.files.service import FileService

FILES_PATH: Final = "/users/{user_id}/files"
FILE_PATH: Final = "/users/{user_id}/files/{file_id}"
CONTENT_PATH: Final = "/users/{user_id}/files/{file_id}/content"
_POLL_SECONDS: Final = "2"  # between requests of a client that waits for the check

blueprint: Final = Blueprint(__name__)


@authenticated_route(blueprint, FILES_PATH, ["POST"])
def post_file(user_id: str) -> Response:
    request = current_request(blueprint)
    caller = authorize_owner(request.context, user_id)
    created = _require_files().create_file(caller, parse_json(request))
    return created_response(request, created, _location(caller, created))


@authenticated_route(blueprint, FILES_PATH, ["GET", "HEAD"])
def get_files(user_id: str) -> Response:
    request = current_request(blueprint)
    caller, files = authorize_owner(request.context, user_id), _require_files()
    page = parse_page(request)
    return json_response(files.list_files(caller, page.limit, page.cursor))


@authenticated_route(blueprint, FILE_PATH, ["GET", "HEAD"])
def get_file(user_id: str, file_id: str) -> Response:
    request = current_request(blueprint)
    caller = authorize_owner(request.context, user_id)
    file = _require_files().get_file(caller, file_id)
    response = conditional_response(request, file, _location(caller, file))
    if file.is_pending:
        response.headers["Retry-After"] = _POLL_SECONDS
    return response


@authenticated_route(blueprint, CONTENT_PATH, ["GET", "HEAD"])
def get_content(user_id: str, file_id: str) -> Response:
    caller = authorize_owner(current_request(blueprint).context, user_id)
    return json_response(_require_files().get_content(caller, file_id))


@authenticated_route(blueprint, FILE_PATH, ["PATCH"])
def patch_file(user_id: str, file_id: str) -> Response:
    request = current_request(blueprint)
    caller, files = authorize_owner(request.context, user_id), _require_files()
    data, preconditions = parse_json(request, PATCH_MEDIA_TYPES), parse_preconditions(request)
    file = files.update_file(caller, file_id, data, preconditions)
    return versioned_response(request, file, _location(caller, file))


@authenticated_route(blueprint, FILE_PATH, ["DELETE"])
def delete_file(user_id: str, file_id: str) -> Response:
    request = current_request(blueprint)
    caller = authorize_owner(request.context, user_id)
    _require_files().delete_file(caller, file_id, parse_preconditions(request))
    return Response("", status_code=HTTPStatus.NO_CONTENT)


def _require_files() -> "FileService":
    """Return the service. Raises FilesNotEnabled if the stage has no bucket."""
    if not get_settings().has_files:
        raise FilesNotEnabled
    return file_service()


def _location(caller: "Caller", file: "File") -> str:
    return f"{caller.sub}/files/{file.id}"
