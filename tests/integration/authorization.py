"""Who may do what, asked of any API of ours: the suite runs against `chalice local` and the deployed one alike."""

import http.client
import json
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

import pytest

from local.emulator_clients import emulator_client
from tests.support.token_forger import (
    INVALID_TOKENS,
    PROTECTED_ROUTES,
    VALID_BODY,
    TokenForger,
    create_token_of_other_pool,
    send_request,
)
from tests.support.users import User

NewUser = Callable[..., User]
NOBODY = "00000000-0000-4000-8000-000000000000"
MEDIA = {"PATCH": "application/merge-patch+json"}


def assert_rejected(told: tuple[int, Any, Any], status: int = 401) -> None:
    code, headers, problem = told
    assert (code, problem.get("status", status)) == (status, status)
    assert headers["Content-Type"] == "application/problem+json"
    assert headers["Cache-Control"] == "private, no-store"
    assert headers["X-Request-Id"] == problem.get("request_id", headers["X-Request-Id"])
    # API Gateway gives the header another name where the application answers it.
    challenge = headers.get("WWW-Authenticate") or headers.get("x-amzn-Remapped-WWW-Authenticate")
    assert challenge == ("Bearer" if status == 401 else None)


class AuthorizationSuite:
    """Wants the fixtures `user`, `other` and `forge`."""

    @pytest.mark.parametrize(("method", "path"), PROTECTED_ROUTES)
    def test_a_request_without_a_token_is_refused(self, user: User, method: str, path: str) -> None:
        assert_rejected(send_request(user.client.stack, method, path.format(user_id="me"), {}))

    @pytest.mark.parametrize(("method", "path"), PROTECTED_ROUTES)
    @pytest.mark.parametrize("kind", INVALID_TOKENS)
    def test_a_bad_token_is_refused(self, user: User, forge: TokenForger, method: str, path: str, kind: str) -> None:
        for prefix in ("", "Bearer "):
            header = (prefix + INVALID_TOKENS[kind](forge)).encode().decode("latin-1")
            assert_rejected(
                send_request(user.client.stack, method, path.format(user_id="me"), {"Authorization": header})
            )

    def test_a_token_of_another_pool_is_refused(self, user: User) -> None:
        token = create_token_of_other_pool(user.client.stack)
        assert_rejected(send_request(user.client.stack, "GET", "/users/me", {"Authorization": token}))

    @pytest.mark.parametrize("length", [8_000, 60_000, 100_000])
    def test_a_token_as_long_as_a_book_is_refused(self, user: User, length: int) -> None:
        api = urlsplit(user.client.stack.api_url)
        connection = http.client.HTTPConnection(api.netloc, timeout=10)
        try:
            connection.request("GET", f"{api.path}/users/me", headers={"Authorization": "x" * length})
            assert connection.getresponse().status in (400, 401, 431)
        except (BrokenPipeError, ConnectionResetError, http.client.RemoteDisconnected):
            pass  # it did not even read it to the end
        finally:
            connection.close()

    @pytest.mark.parametrize(("method", "path", "status"), [("GET", "/elsewhere", 404), ("DELETE", "/users/me", 405)])
    def test_a_page_may_read_what_there_is_not(self, user: User, method: str, path: str, status: int) -> None:
        """Which a browser asks for only if its preflight is answered."""
        stack, origin = user.client.stack, {"Origin": "https://app.example.com"}
        preflight = send_request(stack, "OPTIONS", path, {**origin, "Access-Control-Request-Method": method})
        assert preflight[0] == 204
        assert method in preflight[1]["Access-Control-Allow-Methods"].split(", ")
        told, headers, problem = send_request(stack, method, path, origin)
        assert (told, problem["status"]) == (status, status)
        assert headers["Access-Control-Allow-Origin"] in ("*", origin["Origin"])

    @pytest.mark.parametrize("name", ["authorization", "Authorization", "AUTHORIZATION"])
    @pytest.mark.parametrize("spelling", ["{}", "Bearer {}"])
    def test_a_good_token_is_let_in_bare_or_as_bearer(self, user: User, name: str, spelling: str) -> None:
        status, _, profile = send_request(user.client.stack, "GET", "/users/me", {name: spelling.format(user.token)})
        assert (status, profile["id"]) == (200, user.sub)

    def test_two_tokens_are_not_one(self, user: User, forge: TokenForger) -> None:
        """Whichever of two headers is taken: it is the good one, or nothing is opened."""
        api, forged = urlsplit(user.client.stack.api_url), forge.sign(forge.own_key, sub=NOBODY)
        for tokens in ((user.token, forged), (forged, user.token), (forged, forged)):
            connection = http.client.HTTPConnection(api.netloc, timeout=10)
            connection.putrequest("GET", f"{api.path}/users/me")
            for token in tokens:
                connection.putheader("Authorization", token)
            connection.endheaders()
            answer = connection.getresponse()
            content = answer.read()
            assert answer.status == 401 or (user.token in tokens and json.loads(content)["id"] == user.sub)
            connection.close()

    def test_a_refusal_says_nothing_of_the_token(self, user: User, forge: TokenForger) -> None:
        token = forge.sign(forge.own_key)
        _, headers, problem = send_request(user.client.stack, "GET", "/users/me", {"Authorization": token})
        assert token[:20] not in f"{headers}{problem}"

    @pytest.mark.parametrize(("method", "path"), PROTECTED_ROUTES)
    def test_anothers_profile_is_neither_read_nor_changed_nor_told_of(
        self, user: User, other: User, method: str, path: str
    ) -> None:
        before = other.get().body
        headers = {"Authorization": user.token, "Content-Type": MEDIA.get(method, "application/json")}
        existing, missing = (
            send_request(user.client.stack, method, path.format(user_id=user_id), headers)
            for user_id in (other.sub, NOBODY)
        )
        for told in (existing, missing):
            assert_rejected(told, 403)
        mine = ("request_id",)
        assert {**existing[2], **dict.fromkeys(mine)} == {**missing[2], **dict.fromkeys(mine)}
        assert other.get().body == before

    def test_an_id_may_be_url_encoded(self, user: User) -> None:
        for path in ("%6d%65", user.sub.replace("-", "%2D")):
            assert user.get(path).status == 200

    @pytest.mark.parametrize("field", ["id", "user_id", "sub"])
    def test_a_body_that_names_another_changes_nothing_of_theirs(self, user: User, other: User, field: str) -> None:
        before = other.get().body
        answer = user.put({**json.loads(VALID_BODY), field: other.sub})
        assert (answer.status, answer.body["errors"][0]["pointer"]) == (422, f"/{field}")
        assert other.get().body == before

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
    def test_a_field_there_is_not_is_refused_by_its_name(self, user: User, name: str) -> None:
        before = user.get().body
        answer = user.patch({"name": "Mallory", name: {"S": "x"}})
        pointer = "/" + name.replace("~", "~0").replace("/", "~1")
        assert (answer.status, [error["pointer"] for error in answer.body["errors"]]) == (422, [pointer])
        assert user.get().body == before

    @pytest.mark.parametrize(
        "text",
        ["SET #version = :one", "attribute_exists(user_id) OR :a = :a", "{{7*seven}}", "<script>alert(1)</script>"],
    )
    def test_expression_text_in_a_name_is_text(self, user: User, text: str) -> None:
        assert user.patch({"name": text}).body["name"] == text
        item = emulator_client("dynamodb", user.client.stack).get_item(
            TableName=user.client.stack.table, Key={"user_id": {"S": user.sub}}
        )["Item"]
        assert item["name"] == {"S": text}
