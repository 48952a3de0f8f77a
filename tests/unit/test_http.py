"""The routes at the level of the handler, up to where DynamoDB is asked: AWS is a closed port here."""

import html
import json
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urljoin

import pytest
from chalice import Chalice
from chalice.app import Request
from chalice.test import Client, HTTPResponse

from app import app
from chalicelib import http
from chalicelib.http import BODY_MAX
from chalicelib.models import Profile
from chalicelib.problems import types
from tests.conftest import CLAIMS, POOL_ID, SUB

NOW = datetime.now(UTC)
PROFILE = Profile(id=SUB, version=1, created_at=NOW, updated_at=NOW)
VALID = {"name": "John Doe", "dob": "1990-05-14", "gender": "Male", "blood_group": "A+"}


class Api:
    """The app, called as API Gateway calls it once its authorizer has let a request pass."""

    def __init__(self, app: Chalice) -> None:
        self._app = app

    def request(
        self,
        method: str,
        user_id: str = "me",
        body: Any = None,
        content_type: str | None = "application/json",
        claims: dict[str, Any] | None = CLAIMS,
        path: str = "/users/{user_id}",
        headers: dict[str, str] | None = None,
    ) -> HTTPResponse:
        event = {
            "requestContext": {
                "httpMethod": method,
                "resourcePath": path,
                "requestId": "request-1",
                "authorizer": {"claims": claims} if claims is not None else None,
            },
            "headers": {**({"content-type": content_type} if content_type else {}), **(headers or {})} or None,
            "pathParameters": {"user_id": user_id},
            "multiValueQueryStringParameters": None,
            "stageVariables": None,
            "body": body,
        }
        return HTTPResponse.create_from_dict(self._app(event, None))


def request_to(path: str, headers: dict[str, str] | None = None) -> Request:
    """A GET of this path, which has the stage in it."""
    return Request(
        {
            "requestContext": {
                "httpMethod": "GET",
                "resourcePath": path.rstrip("/").removeprefix("/stage").replace("/me", "/{user_id}"),
                "path": path,
            },
            "headers": headers,
            "pathParameters": {"user_id": "me"},
            "multiValueQueryStringParameters": None,
            "stageVariables": None,
            "body": None,
        }
    )


@pytest.fixture
def api() -> Api:
    return Api(app)


PUBLIC = {"/problems"}  # a page about the API, the same for everybody
ROUTES = [(method, path) for path, methods in app.routes.items() for method in methods if path not in PUBLIC]


@pytest.mark.parametrize(("method", "path"), ROUTES)
def test_no_route_is_without_the_authorizer(method: str, path: str) -> None:
    authorizer = app.routes[path][method].authorizer
    assert authorizer is not None
    swagger = authorizer.to_swagger()["x-amazon-apigateway-authorizer"]
    assert swagger["type"] == "cognito_user_pools"
    assert swagger["providerARNs"][0].endswith(POOL_ID)


@pytest.mark.parametrize(("method", "path"), ROUTES)
@pytest.mark.filterwarnings("ignore:CognitoUserPoolAuthorizer")  # Chalice's client has no authorizer, hence the test
def test_no_route_runs_without_claims(method: str, path: str) -> None:
    with Client(app, stage_name="local") as client:
        answer = client.http.request(method, path.format(user_id="me"), body=json.dumps(VALID).encode())
    assert answer.status_code == 401


@pytest.mark.parametrize("wrong", [{"token_use": "access"}, {"aud": "foreign"}, {"sub": ""}, {"iss": "elsewhere"}])
@pytest.mark.parametrize("method", ["GET", "PUT"])
def test_wrong_claims_are_no_identity(api: Api, method: str, wrong: dict[str, str]) -> None:
    answer = api.request(method, claims={**CLAIMS, **wrong}, body=json.dumps(VALID))
    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"] == "Bearer"


@pytest.mark.parametrize("method", ["GET", "PUT"])
def test_another_s_profile_is_refused_before_anything_is_looked_at(api: Api, method: str) -> None:
    answer = api.request(method, "1b2c3d4e-0000-4000-8000-000000000002", body="not even JSON")
    assert answer.status_code == 403
    assert answer.json_body["detail"] == "You may only use your own profile."


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (None, 400),
        ("", 400),
        (b"", 400),
        ("{", 400),
        ("{'name': 'John'}", 400),
        ('{"name": NaN}', 400),
        ('{"name": Infinity}', 400),
        (b'{"name": "\xff"}', 400),
        ('{"name": "\\ud800"}', 400),
        (json.dumps(VALID).encode("utf-16"), 400),
        ("[" * 10_000, 400),
        ("[" * 10_000 + "]" * 10_000, 400),
        ('{"a":' * 5_000 + "1" + "}" * 5_000, 400),
        ("9" * 10_000, 400),
        (json.dumps(VALID) + "x", 400),
        ("[]", 422),
        ("null", 422),
        ('"text"', 422),
        ("{}", 422),
        (json.dumps({**VALID, "role": "admin"}), 422),
        (json.dumps({**VALID, "__proto__": {"admin": True}}), 422),
        ('{"name": 1e999}', 422),
        (" " * (BODY_MAX + 1), 413),
        (json.dumps({**VALID, "name": "x" * BODY_MAX}), 413),
    ],
)
def test_a_bad_body_is_a_clean_client_error(api: Api, body: Any, status: int) -> None:
    answer = api.request("PUT", body=body)
    assert answer.status_code == status
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert answer.json_body["status"] == status
    assert answer.json_body["request_id"] == "request-1"


@pytest.mark.parametrize(
    "content_type", [None, "", "text/plain", "application/x-www-form-urlencoded", "application/jsonp", "*/*", "json"]
)
def test_a_body_that_is_not_said_to_be_json_is_not_read(api: Api, content_type: str | None) -> None:
    answer = api.request("PUT", body=json.dumps(VALID), content_type=content_type)
    assert answer.status_code == 415
    assert answer.headers["Content-Type"] == "application/problem+json"


@pytest.mark.parametrize("content_type", ["application/json; charset=utf-8", "Application/JSON", "application/json "])
def test_the_media_type_may_be_spelt_as_http_allows(api: Api, content_type: str) -> None:
    assert api.request("PUT", body="{}", content_type=content_type).status_code == 422


@pytest.mark.parametrize("method", ["POST", "DELETE", "TRACE"])
def test_a_method_there_is_not_says_which_there_are(api: Api, method: str) -> None:
    answer = api.request(method)
    assert answer.status_code == 405
    assert answer.headers["Allow"] == "GET, HEAD, PUT, PATCH, OPTIONS"
    assert answer.json_body["title"] == "Method Not Allowed"


@pytest.mark.parametrize("method", ["GET", "PUT"])
def test_without_dynamodb_the_client_is_told_to_come_back(api: Api, method: str) -> None:
    answer = api.request(method, body=json.dumps(VALID))
    assert answer.status_code == 503
    assert answer.headers["Retry-After"] == "1"


def test_a_bug_of_ours_is_a_500_that_tells_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    from chalicelib import http
    from chalicelib.cors import Cors

    buggy = Chalice("healthtech", configure_logs=False)
    http.install(buggy, Cors(frozenset()), "/problems")

    @buggy.route("/users/{user_id}")
    def view(user_id: str) -> None:
        raise KeyError("john@example.com")

    answer = Api(buggy).request("GET")
    assert answer.status_code == 500
    assert answer.json_body["detail"] == "Something went wrong on our side."
    log = capsys.readouterr().out
    assert '"exception_name":"KeyError"' in log
    assert '"request_id":"request-1"' in log
    assert "john" not in log + answer.body.decode()


@pytest.mark.parametrize(
    "answer",
    [
        lambda api: api.request("GET"),
        lambda api: api.request("PUT", "another"),
        lambda api: api.request("PUT", body="{"),
        lambda api: api.request("PUT", content_type="text/plain"),
        lambda api: api.request("DELETE"),
        lambda api: api.request("GET", claims=None),
    ],
)
def test_no_answer_is_kept_by_anybody(api: Api, answer: Any) -> None:
    headers = answer(api).headers
    assert headers["Cache-Control"] == "private, no-store"
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Strict-Transport-Security"] == "max-age=63072000"


@pytest.mark.parametrize(
    ("method", "status", "more"),
    [("GET", 403, {"user_id": "another"}), ("PUT", 400, {"body": "{"}), ("DELETE", 405, {}), ("OPTIONS", 204, {})],
)
def test_every_answer_may_be_read_by_the_pages_of_the_configured_origins(
    api: Api, method: str, status: int, more: dict[str, Any]
) -> None:
    answer = api.request(method, headers={"origin": "http://localhost:3000"}, **more)
    assert answer.status_code == status
    assert answer.headers["Access-Control-Allow-Origin"] == "http://localhost:3000"
    assert answer.headers["Vary"] == "Origin"
    assert "Retry-After" in answer.headers["Access-Control-Expose-Headers"]


@pytest.mark.parametrize("origin", ["https://app.example.com.evil.example", "http://app.example.com", "null", "", "*"])
def test_a_page_of_another_origin_may_neither_call_nor_read(api: Api, origin: str) -> None:
    for method in ("OPTIONS", "GET"):
        answer = api.request(method, claims=None, headers={"origin": origin})
        assert not [name for name in answer.headers if name.startswith("Access-Control-")]
        assert answer.headers["Vary"] == "Origin"


@pytest.mark.parametrize(
    ("header", "value"),
    [
        ("if-match", "7"),
        ("if-match", '"7'),
        ("if-match", '"7" "8"'),
        ("if-none-match", "W/7"),
        ("if-match", '"7", *'),
        ("if-none-match", ""),
        ("if-none-match", " , "),
        ("if-none-match", '"1"' + ", " * 190 + "x"),
        ("if-match", ", " * 190 + "x"),
        ("if-match", ",".join(['"1"'] * 101)),
    ],
)
def test_a_precondition_that_is_none_is_malformed(api: Api, header: str, value: str) -> None:
    answer = api.request("PUT", body=json.dumps(VALID), headers={header: value})
    assert (answer.status_code, answer.json_body["type"]) == (400, "/problems#malformed")


def test_precondition_without_quotes_is_told_the_form(api: Api) -> None:
    answer = api.request("PUT", body=json.dumps(VALID), headers={"if-match": "99"})
    assert answer.json_body["detail"] == 'If-Match must be * or a list of entity tags in double quotes, such as "3".'


@pytest.mark.parametrize("path", ["/users/me", "/users/me/", "/users/me/picture", "/users/me/picture/"])
def test_content_location_is_the_address_of_the_profile(path: str) -> None:
    location = http.ok(request_to(f"/stage{path}"), PROFILE).headers["Content-Location"]
    assert urljoin(f"https://example.com/stage{path}", str(location)) == f"https://example.com/stage/users/{SUB}"


def test_content_location_of_a_304_is_the_address_of_the_profile() -> None:
    answer = http.unless_known(request_to("/stage/users/me/", {"if-none-match": '"1"'}), PROFILE)
    assert (answer.status_code, answer.headers["Content-Location"]) == (304, f"../{SUB}")


PATCH_TYPES = "application/merge-patch+json, application/json"


@pytest.mark.parametrize("content_type", ["application/json-patch+json", "text/plain", None])
def test_patch_with_another_media_type_is_rejected(api: Api, content_type: str | None) -> None:
    answer = api.request("PATCH", body="{}", content_type=content_type)
    assert answer.status_code == 415
    assert answer.json_body["detail"] == "Send the body as application/merge-patch+json or application/json."
    assert answer.headers["Accept"] == answer.headers["Accept-Patch"] == PATCH_TYPES


@pytest.mark.parametrize("content_type", ["application/json", "application/JSON; charset=utf-8"])
def test_patch_with_application_json_is_read(api: Api, content_type: str) -> None:
    answer = api.request("PATCH", body='{"name": ""}', content_type=content_type)
    assert (answer.status_code, answer.json_body["errors"]) == (
        422,
        [{"pointer": "/name", "detail": "must not be empty"}],
    )


def test_put_with_a_merge_patch_is_rejected(api: Api) -> None:
    answer = api.request("PUT", body=json.dumps(VALID), content_type="application/merge-patch+json")
    assert (answer.status_code, answer.headers["Accept"]) == (415, "application/json")
    assert "Accept-Patch" not in answer.headers


def test_options_lists_the_media_types_of_patch(api: Api) -> None:
    assert api.request("OPTIONS", claims=None).headers["Accept-Patch"] == PATCH_TYPES


@pytest.mark.parametrize("content_type", ["text/plain", "multipart/form-data", "x", None])
@pytest.mark.parametrize(("method", "path"), [(method, path) for path, its in app.routes.items() for method in its])
def test_a_content_type_is_never_our_fault(api: Api, method: str, path: str, content_type: str | None) -> None:
    answer = api.request(method, "another", path=path, content_type=content_type, body="x")
    assert answer.status_code in (200, 403)


@pytest.mark.parametrize("patch", [[], None, "text", 1])
def test_a_patch_is_an_object(api: Api, patch: Any) -> None:
    answer = api.request("PATCH", body=json.dumps(patch), content_type="application/merge-patch+json")
    assert (answer.status_code, answer.json_body["errors"]) == (
        422,
        [{"pointer": "", "detail": "must be a JSON object"}],
    )


def test_a_refused_head_has_no_body(api: Api) -> None:
    answer = api.request("HEAD", "another")
    assert (answer.status_code, answer.body) == (403, b"")


def test_every_problem_type_has_its_section(api: Api) -> None:
    page = api.request("GET", path="/problems", claims=None)
    assert page.status_code == 200
    assert page.headers["Content-Type"].startswith("text/html")
    for status, answer in ((405, api.request("DELETE")), (403, api.request("GET", "another"))):
        assert answer.status_code == status
        place, _, section = answer.json_body["type"].partition("#")
        assert place == "/problems"
        assert f'id="{section}"'.encode() in page.body
    kinds = list(types())
    assert len(kinds) == 16
    assert all(f'id="{kind.slug}"'.encode() in page.body for kind in kinds)


def test_every_answer_has_the_request_s_id(api: Api) -> None:
    for answer in (api.request("GET", "another"), api.request("OPTIONS"), api.request("GET", path="/problems")):
        assert answer.headers["X-Request-Id"] == "request-1"


def test_options_tells_what_a_resource_has_without_a_token(api: Api) -> None:
    answer = api.request("OPTIONS", claims=None, headers={"origin": "https://app.example.com"})
    assert (answer.status_code, answer.body) == (204, b"")
    assert answer.headers["Allow"] == answer.headers["Access-Control-Allow-Methods"] == "GET, HEAD, PUT, PATCH, OPTIONS"
    assert "Authorization" in answer.headers["Access-Control-Allow-Headers"]


@pytest.mark.parametrize("method", ["GET", "POST", "OPTIONS"])
def test_a_path_there_is_not_is_a_404(api: Api, method: str) -> None:
    answer = api.request(method, path="/{proxy+}", claims=None)
    assert answer.status_code == 404
    assert answer.json_body["detail"] == "There is no such resource."


@pytest.mark.parametrize("claims", [None, [], "sub"])
def test_claims_of_no_shape_are_refused_and_logged_without_harm(api: Api, claims: Any) -> None:
    assert api.request("GET", claims=claims).status_code == 401


def test_a_request_is_one_line_of_the_log_without_its_content(api: Api, capsys: pytest.CaptureFixture[str]) -> None:
    api.request("PUT", body=json.dumps({"name": "John Doe"}))
    (line,) = map(json.loads, capsys.readouterr().out.splitlines())
    assert line.pop("ms") >= 0
    assert line.pop("timestamp")
    assert line.pop("service") == "healthtech"
    assert line == {
        "level": "INFO",
        "message": "request",
        "request_id": "request-1",
        "method": "PUT",
        "route": "/users/{user_id}",
        "status": 422,
        "sub": SUB,
    }


def test_the_page_names_each_type_with_its_status_and_meaning(api: Api) -> None:
    page = html.unescape(api.request("GET", path="/problems", claims=None).body.decode())
    for kind in types():
        assert f"<h2>{kind.slug}</h2><p>{kind.status} {kind.title}. {kind.detail}</p>" in page
