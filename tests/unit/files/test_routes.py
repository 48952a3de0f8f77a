"""Requests about files that are answered without AWS."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from chalicelib import bootstrap
from chalicelib.core.errors import SettingsError
from chalicelib.files.models import FileType
from tests.support.data import OTHER_SUB
from tests.support.in_process import ApiClient
from tests.unit.files.test_models import BODY

FILES_PATH = "/users/{user_id}/files"
FILE_PATH = "/users/{user_id}/files/{file_id}"


@pytest.fixture
def environment(monkeypatch: pytest.MonkeyPatch) -> Iterator[pytest.MonkeyPatch]:
    """Return the environment, whose changes apply to the next request."""
    bootstrap.reset()
    yield monkeypatch
    monkeypatch.undo()
    bootstrap.reset()


def test_invalid_file_is_rejected_with_each_rule(api: ApiClient) -> None:
    body = {**BODY, "name": "../a.pdf", "size": 0, "content_type": "text/html"}
    response = api.request("POST", path=FILES_PATH, body=json.dumps(body))
    assert response.status_code == 422
    assert [error["pointer"] for error in response.json_body["errors"]] == ["/name", "/content_type", "/size"]


def test_valid_file_reaches_aws(api: ApiClient) -> None:
    assert api.request("POST", path=FILES_PATH, body=json.dumps(BODY)).status_code == 503


@pytest.mark.parametrize("method", ["POST", "PATCH"])
def test_body_of_another_media_type_is_rejected(api: ApiClient, method: str) -> None:
    path = FILES_PATH if method == "POST" else FILE_PATH
    assert api.request(method, path=path, body="{}", content_type="text/plain").status_code == 415


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_files_of_another_user_are_forbidden(api: ApiClient, method: str) -> None:
    """The request is rejected before its body is parsed and before any lookup."""
    assert api.request(method, OTHER_SUB, path=FILES_PATH, body="not even JSON").status_code == 403


def get_page(api: ApiClient, **parameters: str) -> Any:
    return api.request("GET", path=FILES_PATH, query=parameters)


@pytest.mark.parametrize("limit", ["0", "101", "-1", "1.5", "x", "", "1000", "٣", "1 "])
def test_invalid_limit_is_a_bad_request(api: ApiClient, limit: str) -> None:
    response = get_page(api, limit=limit)
    assert response.status_code == 400
    assert response.json_body["detail"] == "limit must be a whole number from 1 to 100."


@pytest.mark.parametrize("limit", ["1", "020", "100"])
def test_valid_limit_reaches_aws(api: ApiClient, limit: str) -> None:
    assert get_page(api, limit=limit).status_code == 503


@pytest.mark.parametrize("cursor", ["x", "djE6Li4vb3RoZXI", "djE6ZmlsZS1xdW90YQ"])
def test_cursor_of_another_list_is_a_bad_request(api: ApiClient, cursor: str) -> None:
    response = get_page(api, cursor=cursor)
    assert response.status_code == 400
    assert response.json_body["detail"] == "cursor must be the next_cursor of a page of this list."


def test_types_of_a_stage_are_rejected_with_their_list(environment: pytest.MonkeyPatch, api: ApiClient) -> None:
    environment.setenv("FILE_TYPES", "image/png, image/jpeg")
    response = api.request("POST", path=FILES_PATH, body=json.dumps(BODY))
    assert response.status_code == 422
    assert response.json_body["errors"] == [
        {"pointer": "/content_type", "detail": "must be one of image/jpeg, image/png"}
    ]


def test_unsupported_type_of_a_stage_is_an_error(environment: pytest.MonkeyPatch) -> None:
    environment.setenv("FILE_TYPES", "text/html")
    with pytest.raises(SettingsError, match="FILE_TYPES"):
        bootstrap.file_service()


@pytest.mark.parametrize("types", ["", ",".join(FileType)])
def test_stage_can_accept_all_types(environment: pytest.MonkeyPatch, api: ApiClient, types: str) -> None:
    environment.setenv("FILE_TYPES", types)
    assert api.request("POST", path=FILES_PATH, body=json.dumps(BODY)).status_code == 503
