"""Media types and bodies of requests: accepted, or rejected with problem details."""

import json
from typing import Any

import pytest

from app import app
from chalicelib.api.parsing import MAX_BODY_BYTES
from tests.support.data import PROFILE_BODY
from tests.support.in_process import ApiClient

ROUTES = [(method, path) for path, methods in app.routes.items() for method in methods]
PATCH_TYPES = "application/merge-patch+json, application/json"


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
        (json.dumps(PROFILE_BODY).encode("utf-16"), 400),
        ("[" * 10_000, 400),
        ("[" * 10_000 + "]" * 10_000, 400),
        ('{"a":' * 5_000 + "1" + "}" * 5_000, 400),
        ("9" * 10_000, 400),
        (json.dumps(PROFILE_BODY) + "x", 400),
        ("[]", 422),
        ("null", 422),
        ('"text"', 422),
        ("{}", 422),
        (json.dumps({**PROFILE_BODY, "role": "admin"}), 422),
        (json.dumps({**PROFILE_BODY, "__proto__": {"admin": True}}), 422),
        ('{"name": 1e999}', 422),
        (" " * (MAX_BODY_BYTES + 1), 413),
        (json.dumps({**PROFILE_BODY, "name": "x" * MAX_BODY_BYTES}), 413),
    ],
)
def test_invalid_body_is_a_client_error(api: ApiClient, body: str | bytes | None, status: int) -> None:
    response = api.request("PUT", body=body)
    assert response.status_code == status
    assert response.headers["Content-Type"] == "application/problem+json"
    assert response.json_body["status"] == status
    assert response.json_body["request_id"] == "request-1"


@pytest.mark.parametrize(
    "content_type", [None, "", "text/plain", "application/x-www-form-urlencoded", "application/jsonp", "*/*", "json"]
)
def test_put_with_another_media_type_is_rejected(api: ApiClient, content_type: str | None) -> None:
    response = api.request("PUT", body=json.dumps(PROFILE_BODY), content_type=content_type)
    assert response.status_code == 415
    assert response.headers["Content-Type"] == "application/problem+json"


@pytest.mark.parametrize("content_type", ["application/json; charset=utf-8", "Application/JSON", "application/json "])
def test_media_type_may_have_any_case_and_parameters(api: ApiClient, content_type: str) -> None:
    assert api.request("PUT", body="{}", content_type=content_type).status_code == 422


@pytest.mark.parametrize("content_type", ["application/json-patch+json", "text/plain", None])
def test_patch_with_another_media_type_is_rejected(api: ApiClient, content_type: str | None) -> None:
    response = api.request("PATCH", body="{}", content_type=content_type)
    assert response.status_code == 415
    assert response.json_body["detail"] == "Send the body as application/merge-patch+json or application/json."
    assert response.headers["Accept"] == response.headers["Accept-Patch"] == PATCH_TYPES


@pytest.mark.parametrize("content_type", ["application/json", "application/JSON; charset=utf-8"])
def test_patch_with_application_json_is_accepted(api: ApiClient, content_type: str) -> None:
    response = api.request("PATCH", body='{"name": ""}', content_type=content_type)
    assert (response.status_code, response.json_body["errors"]) == (
        422,
        [{"pointer": "/name", "detail": "must not be empty"}],
    )


def test_put_with_a_merge_patch_is_rejected(api: ApiClient) -> None:
    response = api.request("PUT", body=json.dumps(PROFILE_BODY), content_type="application/merge-patch+json")
    assert (response.status_code, response.headers["Accept"]) == (415, "application/json")
    assert "Accept-Patch" not in response.headers


def test_options_lists_the_media_types_of_patch(api: ApiClient) -> None:
    assert api.request("OPTIONS", claims=None).headers["Accept-Patch"] == PATCH_TYPES


@pytest.mark.parametrize("content_type", ["text/plain", "multipart/form-data", "x", None])
@pytest.mark.parametrize(("method", "path"), ROUTES)
def test_content_type_never_causes_a_server_error(
    api: ApiClient, method: str, path: str, content_type: str | None
) -> None:
    response = api.request(method, "another", path=path, content_type=content_type, body="x")
    assert response.status_code in (200, 403)


@pytest.mark.parametrize("patch", [[], None, "text", 1])
def test_patch_that_is_not_an_object_is_rejected(api: ApiClient, patch: Any) -> None:
    response = api.request("PATCH", body=json.dumps(patch), content_type="application/merge-patch+json")
    assert (response.status_code, response.json_body["errors"]) == (
        422,
        [{"pointer": "", "detail": "must be a JSON object"}],
    )
