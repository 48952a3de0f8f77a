"""The routes of profiles.

Views have no docstrings: Chalice would publish them in the deployed API.
"""

from collections.abc import Sequence
from typing import Final

from chalice import Blueprint, Response

from chalicelib.access.policy import authorize_owner
from chalicelib.api.parsing import JSON_MEDIA_TYPE, PATCH_MEDIA_TYPES, parse_json, parse_preconditions
from chalicelib.api.responses import conditional_response, versioned_response
from chalicelib.api.routing import authenticated_route, current_request
from chalicelib.bootstrap import profile_service
from chalicelib.core.identity import Caller
from chalicelib.profiles.models import ProfilePatch, ProfileReplacement
from chalicelib.profiles.service import ProfileUpdate

USER_PATH: Final = "/users/{user_id}"

blueprint: Final = Blueprint(__name__)


@authenticated_route(blueprint, USER_PATH, ["GET", "HEAD"])
def get_user(user_id: str) -> Response:
    request = current_request(blueprint)
    caller = authorize_owner(request.context, user_id)
    return conditional_response(request, profile_service().get_profile(caller))


@authenticated_route(blueprint, USER_PATH, ["PUT"])
def put_user(user_id: str) -> Response:
    caller = authorize_owner(current_request(blueprint).context, user_id)
    return _update_profile(caller, ProfileReplacement, (JSON_MEDIA_TYPE,))


@authenticated_route(blueprint, USER_PATH, ["PATCH"])
def patch_user(user_id: str) -> Response:
    caller = authorize_owner(current_request(blueprint).context, user_id)
    return _update_profile(caller, ProfilePatch, PATCH_MEDIA_TYPES)


def _update_profile(caller: Caller, model: type[ProfileUpdate], media_types: Sequence[str]) -> Response:
    request = current_request(blueprint)
    data, preconditions = parse_json(request, media_types), parse_preconditions(request)
    return versioned_response(request, profile_service().update_profile(caller, model, data, preconditions))
