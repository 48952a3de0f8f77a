"""The routes of pictures.

Views have no docstrings: Chalice would publish them in the deployed API.
"""

from typing import TYPE_CHECKING, Final

from chalice import Blueprint, Response

from chalicelib.access.policy import authorize_owner
from chalicelib.api.parsing import parse_json, parse_preconditions
from chalicelib.api.responses import json_response, versioned_response
from chalicelib.api.routing import authenticated_route, current_request
from chalicelib.bootstrap import picture_service
from chalicelib.core.settings import get_settings
from chalicelib.pictures.errors import PicturesNotEnabled

if TYPE_CHECKING:
    from chalicelib.pictures.service import PictureService

PICTURE_PATH: Final = "/users/{user_id}/picture"

blueprint: Final = Blueprint(__name__)


@authenticated_route(blueprint, PICTURE_PATH, ["POST"])
def post_picture(user_id: str) -> Response:
    request = current_request(blueprint)
    caller = authorize_owner(request.context, user_id)
    return json_response(_require_pictures().create_upload(caller, parse_json(request)))


@authenticated_route(blueprint, PICTURE_PATH, ["PUT"])
def put_picture(user_id: str) -> Response:
    request = current_request(blueprint)
    caller, pictures = authorize_owner(request.context, user_id), _require_pictures()
    profile = pictures.set_picture(caller, parse_json(request), parse_preconditions(request))
    return versioned_response(request, profile)


@authenticated_route(blueprint, PICTURE_PATH, ["GET", "HEAD"])
def get_picture(user_id: str) -> Response:
    caller = authorize_owner(current_request(blueprint).context, user_id)
    return json_response(_require_pictures().get_picture_link(caller))


@authenticated_route(blueprint, PICTURE_PATH, ["DELETE"])
def delete_picture(user_id: str) -> Response:
    request = current_request(blueprint)
    caller, pictures = authorize_owner(request.context, user_id), _require_pictures()
    return versioned_response(request, pictures.delete_picture(caller, parse_preconditions(request)))


def _require_pictures() -> "PictureService":
    """Return the service. Raises PicturesNotEnabled if the stage has no bucket."""
    if get_settings().picture_bucket is None:
        raise PicturesNotEnabled
    return picture_service()
