"""Every route but the public ones requires a valid ID token and the caller's own id."""

import json

import pytest
from chalice.test import Client

from app import app
from tests.support.data import CLAIMS, OTHER_SUB, POOL_ID, PROFILE_BODY, fill_path
from tests.support.in_process import ApiClient

PUBLIC_PATHS = {"/problems"}  # a page about the API, the same for every client
ROUTES = [(method, path) for path, methods in app.routes.items() for method in methods if path not in PUBLIC_PATHS]


@pytest.mark.parametrize(("method", "path"), ROUTES)
def test_every_route_has_the_authorizer(method: str, path: str) -> None:
    authorizer = app.routes[path][method].authorizer
    assert authorizer is not None
    swagger = authorizer.to_swagger()["x-amazon-apigateway-authorizer"]
    assert swagger["type"] == "cognito_user_pools"
    assert swagger["providerARNs"][0].endswith(POOL_ID)


# Chalice's test client runs no authorizer and warns about that. Here the missing authorizer is the test.
@pytest.mark.parametrize(("method", "path"), ROUTES)
@pytest.mark.filterwarnings("ignore:CognitoUserPoolAuthorizer")
def test_request_without_claims_is_unauthorized(method: str, path: str) -> None:
    with Client(app, stage_name="local") as client:
        response = client.http.request(method, fill_path(path), body=json.dumps(PROFILE_BODY).encode())
    assert response.status_code == 401


@pytest.mark.parametrize("invalid", [{"token_use": "access"}, {"aud": "foreign"}, {"sub": ""}, {"iss": "elsewhere"}])
@pytest.mark.parametrize("method", ["GET", "PUT"])
def test_invalid_claims_are_unauthorized(api: ApiClient, method: str, invalid: dict[str, str]) -> None:
    response = api.request(method, claims={**CLAIMS, **invalid}, body=json.dumps(PROFILE_BODY))
    assert response.status_code == 401
    assert response.headers["WWW-Authenticate"] == "Bearer"


@pytest.mark.parametrize("claims", [None, [], "sub"])
def test_claims_of_another_type_are_unauthorized(api: ApiClient, claims: object) -> None:
    assert api.request("GET", claims=claims).status_code == 401


@pytest.mark.parametrize("method", ["GET", "PUT"])
def test_profile_of_another_user_is_forbidden(api: ApiClient, method: str) -> None:
    """The request is rejected before its body is parsed and before any lookup."""
    response = api.request(method, OTHER_SUB, body="not even JSON")
    assert response.status_code == 403
    assert response.json_body["detail"] == "You can only access your own data."
