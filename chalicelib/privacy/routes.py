"""The routes of deletion and export.

Views have no docstrings: Chalice would publish them in the deployed API.
"""

from http import HTTPStatus
from typing import Final

from chalice import Blueprint, Response

from chalicelib.access.policy import authorize_owner, require_recent_sign_in
from chalicelib.api.responses import accepted_response, attachment_response, json_response
from chalicelib.api.routing import authenticated_route, current_request
from chalicelib.bootstrap import deletion_service, export_service
from chalicelib.core.clock import utc_now
from chalicelib.privacy import errors  # noqa: F401  # the page of problem types lists the imported errors

USER_PATH: Final = "/users/{user_id}"
DELETION_PATH: Final = "/users/{user_id}/deletion"
EXPORT_PATH: Final = "/users/{user_id}/export"

blueprint: Final = Blueprint(__name__)


@authenticated_route(blueprint, USER_PATH, ["DELETE"])
def delete_user(user_id: str) -> Response:
    request = current_request(blueprint)
    caller = authorize_owner(request.context, user_id)
    require_recent_sign_in(caller, utc_now())
    return accepted_response(request, deletion_service().request_deletion(caller), f"{caller.sub}/deletion")


@authenticated_route(blueprint, DELETION_PATH, ["GET", "HEAD"])
def get_deletion(user_id: str) -> Response:
    caller = authorize_owner(current_request(blueprint).context, user_id)
    return json_response(deletion_service().get_deletion(caller))


@authenticated_route(blueprint, DELETION_PATH, ["DELETE"])
def delete_deletion(user_id: str) -> Response:
    caller = authorize_owner(current_request(blueprint).context, user_id)
    deletion_service().cancel_deletion(caller)
    return Response("", status_code=HTTPStatus.NO_CONTENT)


@authenticated_route(blueprint, EXPORT_PATH, ["GET"])
def get_export(user_id: str) -> Response:
    caller = authorize_owner(current_request(blueprint).context, user_id)
    require_recent_sign_in(caller, utc_now())
    export = export_service().export(caller)
    return attachment_response(export, f"healthtech-{export.exported_at:%Y-%m-%d}.json")
