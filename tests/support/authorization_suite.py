"""Tests of authentication and authorization that `chalice local` and the deployed API both pass."""

import http.client
import json
import time
from typing import Any, Final
from urllib.parse import urlsplit

import pytest

from chalicelib.core.cursors import encode_cursor
from local.emulator_clients import emulator_client
from tests.support.aws import require_item
from tests.support.data import FILE_ID, UNKNOWN_SUB, fill_path
from tests.support.file_client import create_file, get_file
from tests.support.token_forger import (
    FILE_ROUTES,
    INVALID_TOKENS,
    OLD_SIGN_INS,
    PROTECTED_ROUTES,
    RECENT_SIGN_IN_ROUTES,
    VALID_BODY,
    TokenForger,
    create_token_of_other_pool,
    send_request,
)
from tests.support.users import User

_MEDIA_TYPES: Final = {"PATCH": "application/merge-patch+json"}
# RFC 9470, section 3
_RECENT_SIGN_IN_CHALLENGE: Final = 'Bearer error="insufficient_user_authentication", max_age="300"'


def get_challenge(headers: http.client.HTTPMessage) -> str | None:
    """Return the challenge of a 401. API Gateway renames the header in responses of the application."""
    return headers.get("WWW-Authenticate") or headers.get("x-amzn-Remapped-WWW-Authenticate")


def assert_rejected(
    response: tuple[int, http.client.HTTPMessage, Any], status: int = 401, challenge: str = "Bearer"
) -> None:
    """Check the problem, the headers and the challenge of a 401 or 403."""
    actual, headers, problem = response
    assert (actual, problem.get("status", status)) == (status, status)
    assert headers["Content-Type"] == "application/problem+json"
    assert headers["Cache-Control"] == "private, no-store"
    assert headers["X-Request-Id"] == problem.get("request_id", headers["X-Request-Id"])
    assert get_challenge(headers) == (challenge if status == 401 else None)


class AuthorizationSuite:
    """Uses the fixtures `user`, `other_user` and `token_forger`."""

    @pytest.mark.parametrize(("method", "path"), PROTECTED_ROUTES)
    def test_request_without_token_is_rejected(self, user: User, method: str, path: str) -> None:
        assert_rejected(send_request(user.client.stack, method, fill_path(path), {}))

    @pytest.mark.parametrize(("method", "path"), PROTECTED_ROUTES)
    @pytest.mark.parametrize("kind", INVALID_TOKENS)
    def test_invalid_token_is_rejected(
        self, user: User, token_forger: TokenForger, method: str, path: str, kind: str
    ) -> None:
        for prefix in ("", "Bearer "):
            header = (prefix + INVALID_TOKENS[kind](token_forger)).encode().decode("latin-1")
            assert_rejected(send_request(user.client.stack, method, fill_path(path), {"Authorization": header}))

    @pytest.mark.parametrize(("method", "path"), RECENT_SIGN_IN_ROUTES)
    @pytest.mark.parametrize("kind", OLD_SIGN_INS)
    def test_old_sign_in_is_rejected(
        self, user: User, token_forger: TokenForger, method: str, path: str, kind: str
    ) -> None:
        headers = {"Authorization": OLD_SIGN_INS[kind](token_forger)}
        response = send_request(user.client.stack, method, fill_path(path), headers)
        assert_rejected(response, challenge=_RECENT_SIGN_IN_CHALLENGE)
        assert response[2]["type"].endswith("#recent-sign-in-required")
        assert user.get().status == 200, "nothing is deleted"

    def test_sign_in_of_four_minutes_ago_is_recent(self, user: User, token_forger: TokenForger) -> None:
        token = token_forger.sign(auth_time=int(time.time()) - 240)
        assert send_request(user.client.stack, "GET", "/users/me/export", {"Authorization": token})[0] in (200, 429)

    def test_old_sign_in_is_enough_for_other_routes(self, user: User, token_forger: TokenForger) -> None:
        headers = {"Authorization": token_forger.sign(auth_time=int(time.time()) - 301)}
        statuses = {
            path: send_request(user.client.stack, "GET", f"/users/me{path}", headers)[0] for path in ("", "/deletion")
        }
        assert statuses == {"": 200, "/deletion": 404}

    def test_token_of_another_pool_is_rejected(self, user: User) -> None:
        token = create_token_of_other_pool(user.client.stack)
        assert_rejected(send_request(user.client.stack, "GET", "/users/me", {"Authorization": token}))

    @pytest.mark.parametrize("length", [8_000, 60_000, 100_000])
    def test_oversized_token_is_rejected(self, user: User, length: int) -> None:
        api = urlsplit(user.client.stack.api_url)
        connection = http.client.HTTPConnection(api.netloc, timeout=10)
        try:
            connection.request("GET", f"{api.path}/users/me", headers={"Authorization": "x" * length})
            assert connection.getresponse().status in (400, 401, 431)
        except (BrokenPipeError, ConnectionResetError, http.client.RemoteDisconnected):
            pass  # the server closed the connection before it had read the whole header
        finally:
            connection.close()

    @pytest.mark.parametrize(("method", "path", "status"), [("GET", "/elsewhere", 404), ("POST", "/users/me", 405)])
    def test_page_can_read_the_error_of_an_unknown_route(self, user: User, method: str, path: str, status: int) -> None:
        """A browser sends the request only if its preflight succeeds."""
        stack, origin = user.client.stack, {"Origin": "https://app.example.com"}
        preflight = send_request(stack, "OPTIONS", path, {**origin, "Access-Control-Request-Method": method})
        assert preflight[0] == 204
        assert method in preflight[1]["Access-Control-Allow-Methods"].split(", ")
        actual, headers, problem = send_request(stack, method, path, origin)
        assert (actual, problem["status"]) == (status, status)
        assert headers["Access-Control-Allow-Origin"] in ("*", origin["Origin"])

    @pytest.mark.parametrize("name", ["authorization", "Authorization", "AUTHORIZATION"])
    @pytest.mark.parametrize("header_format", ["{}", "Bearer {}"])
    def test_valid_token_is_accepted_bare_and_as_bearer(self, user: User, name: str, header_format: str) -> None:
        status, _, profile = send_request(
            user.client.stack, "GET", "/users/me", {name: header_format.format(user.token)}
        )
        assert (status, profile["id"]) == (200, user.sub)

    def test_two_authorization_headers_never_give_another_identity(self, user: User, token_forger: TokenForger) -> None:
        """The server uses the valid token or rejects the request, whichever header it reads."""
        api, forged = urlsplit(user.client.stack.api_url), token_forger.sign(token_forger.own_key, sub=UNKNOWN_SUB)
        for tokens in ((user.token, forged), (forged, user.token), (forged, forged)):
            connection = http.client.HTTPConnection(api.netloc, timeout=10)
            connection.putrequest("GET", f"{api.path}/users/me")
            for token in tokens:
                connection.putheader("Authorization", token)
            connection.endheaders()
            response = connection.getresponse()
            content = response.read()
            assert response.status == 401 or (user.token in tokens and json.loads(content)["id"] == user.sub)
            connection.close()

    def test_rejection_does_not_contain_the_token(self, user: User, token_forger: TokenForger) -> None:
        token = token_forger.sign(token_forger.own_key)
        _, headers, problem = send_request(user.client.stack, "GET", "/users/me", {"Authorization": token})
        assert token[:20] not in f"{headers}{problem}"

    @pytest.mark.parametrize(("method", "path"), PROTECTED_ROUTES)
    def test_profile_of_another_user_is_forbidden_and_unchanged(
        self, user: User, other_user: User, method: str, path: str
    ) -> None:
        """The response does not reveal whether the profile exists."""
        before = other_user.get().body
        headers = {"Authorization": user.token, "Content-Type": _MEDIA_TYPES.get(method, "application/json")}
        existing, missing = (
            send_request(user.client.stack, method, fill_path(path, user_id), headers)
            for user_id in (other_user.sub, UNKNOWN_SUB)
        )
        for response in (existing, missing):
            assert_rejected(response, 403)
        assert {**existing[2], "request_id": ""} == {**missing[2], "request_id": ""}
        assert other_user.get().body == before

    @pytest.mark.parametrize(("method", "path"), FILE_ROUTES)
    def test_file_of_another_user_is_not_reachable(self, user: User, other_user: User, method: str, path: str) -> None:
        """With the path of the caller, the response does not reveal whether the file exists."""
        file = create_file(other_user)
        headers = {"Authorization": user.token, "Content-Type": _MEDIA_TYPES.get(method, "application/json")}
        existing, missing, foreign = (
            send_request(user.client.stack, method, fill_path(path, user_id, file_id), headers, '{"name": "Mallory"}')
            for user_id, file_id in (("me", file["id"]), ("me", FILE_ID), (other_user.sub, file["id"]))
        )
        assert (existing[0], missing[0]) == (404, 404)
        assert {**existing[2], "request_id": ""} == {**missing[2], "request_id": ""}
        assert_rejected(foreign, 403)
        stored = get_file(other_user, file["id"]).body
        assert stored == {name: file[name] for name in stored}, "nothing is changed"

    def test_cursor_of_another_user_lists_own_files_only(self, user: User, other_user: User) -> None:
        own, foreign = (create_file(owner)["id"] for owner in (user, other_user))
        files: list[Any] = []
        for cursor in map(encode_cursor, (foreign, "01ffffff-ffff-7fff-bfff-ffffffffffff")):
            page = user.client.call("GET", f"/users/me/files?limit=100&cursor={cursor}", user.token)
            assert page.status == 200
            files += [file["id"] for file in page.body["items"]]
        assert own in files
        assert foreign not in files

    def test_id_may_be_url_encoded(self, user: User) -> None:
        for path in ("%6d%65", user.sub.replace("-", "%2D")):
            assert user.get(path).status == 200

    @pytest.mark.parametrize("field", ["id", "user_id", "sub"])
    def test_id_in_the_body_is_rejected_and_changes_nothing(self, user: User, other_user: User, field: str) -> None:
        before = other_user.get().body
        response = user.put({**json.loads(VALID_BODY), field: other_user.sub})
        assert (response.status, response.body["errors"][0]["pointer"]) == (422, f"/{field}")
        assert other_user.get().body == before

    @pytest.mark.parametrize(
        "name",
        [
            "version",
            "#name",
            ":name",
            "user_id",
            "name.first",
            "__proto__",
            "constructor",
            "attribute_not_exists(x)",
            "",
        ],
    )
    def test_unknown_field_is_rejected_by_name(self, user: User, name: str) -> None:
        before = user.get().body
        response = user.patch({"name": "Mallory", name: {"S": "x"}})
        pointer = "/" + name.replace("~", "~0").replace("/", "~1")
        assert (response.status, [error["pointer"] for error in response.body["errors"]]) == (422, [pointer])
        assert user.get().body == before

    @pytest.mark.parametrize(
        "text",
        ["SET #version = :one", "attribute_exists(user_id) OR :a = :a", "{{7*seven}}", "<script>alert(1)</script>"],
    )
    def test_expression_syntax_in_a_name_is_stored_as_text(self, user: User, text: str) -> None:
        assert user.patch({"name": text}).body["name"] == text
        stack = user.client.stack
        assert require_item(emulator_client("dynamodb", stack), stack.table, user.sub)["name"] == {"S": text}
