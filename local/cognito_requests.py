"""The users that Cognito's public operations are about, for the log of client requests."""

import json
from typing import Any


def find_user(body: bytes) -> str | None:
    """Return the id of the user that a request names, or None.

    The request names the user by a user name, an access token or a refresh token.
    """
    try:
        request = json.loads(body)
    except ValueError:
        return None
    try:
        user = _find_user(request)
    except (AttributeError, KeyError, TypeError, ValueError):  # Cognito rejects a value of another type
        return None
    pairs = user.get("Attributes", []) if user else []
    return next((pair["Value"] for pair in pairs if pair["Name"] == "sub"), None)


def _find_user(request: dict[str, Any]) -> dict[str, Any] | None:
    from ministack.services import cognito

    if token := request.get("AccessToken"):
        user: dict[str, Any] | None = cognito._user_for_access_token(token)
        return user
    client_id = request.get("ClientId")
    pool, pool_id = cognito._pool_for_client(client_id)
    if pool is None:
        return None
    parameters = request.get("AuthParameters") or {}
    if token := request.get("RefreshToken") or parameters.get("REFRESH_TOKEN"):
        user, _ = cognito._refresh_auth_user(pool, pool_id, client_id, token)
        return user
    responses = request.get("ChallengeResponses") or {}
    username = request.get("Username") or parameters.get("USERNAME") or responses.get("USERNAME")
    user, _ = cognito._resolve_user(pool, username)
    return user
