"""What botocore is told is what it would have found out."""

from collections.abc import Iterator
from typing import Any

import pytest
from botocore.config import Config
from botocore.session import Session

from chalicelib import sdk

OPERATIONS = {"dynamodb": "GetItem", "cognito-idp": "AdminGetUser", "lambda": "Invoke", "s3": "ListObjectsV2"}
REGIONS = ["us-east-1", "eu-central-1", "ap-southeast-3", "il-central-1", "cn-north-1", "us-gov-west-1"]


@pytest.fixture(params=REGIONS)
def region(monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> Iterator[str]:
    monkeypatch.delenv("AWS_ENDPOINT_URL")
    monkeypatch.setenv("AWS_DEFAULT_REGION", request.param)
    sdk._session.cache_clear()
    yield str(request.param)
    sdk._session.cache_clear()


def address(client: Any, operation: str) -> str:
    """Where the client sends an operation."""
    model = client.meta.service_model.operation_model(operation)
    return str(client._resolve_endpoint_ruleset(model, {"Bucket": "pictures"}, {})[0])


@pytest.mark.parametrize("service", OPERATIONS)
@pytest.mark.usefixtures("region")
def test_each_service_is_where_botocore_finds_it(service: str) -> None:
    regional: dict[str, Any] = {"s3": {"us_east_1_regional_endpoint": "regional"}} if service == "s3" else {}
    plain = Session().create_client(service, config=Config(**regional))
    assert address(sdk.client(service, **regional), OPERATIONS[service]) == address(plain, OPERATIONS[service])


def test_a_region_that_nobody_has_heard_of_is_found_by_its_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_ENDPOINT_URL")
    client = sdk.client("dynamodb", signature_version="v4")
    assert client.meta.service_model.signature_version == "v4"
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-south-9")
    sdk._session.cache_clear()
    assert sdk.client("dynamodb").meta.endpoint_url == "https://dynamodb.eu-south-9.amazonaws.com"
    sdk._session.cache_clear()


@pytest.mark.parametrize("operation", ["BatchGetItem", "DeleteItem", "GetItem", "PutItem", "Scan", "UpdateItem"])
def test_what_is_asked_is_sent_as_botocore_sends_it(operation: str) -> None:
    item = {"user_id": {"S": "Zo\u00eb \U0001f600"}, "version": {"N": "2"}, "email_verified": {"BOOL": False}}
    every = {
        "TableName": "Users", "Key": item, "Item": item, "ConsistentRead": True, "Limit": 100,
        "ExpressionAttributeNames": {"#name": "name"}, "ExpressionAttributeValues": {":picture": {"M": item}},
        "RequestItems": {"Users": {"Keys": [item], "ConsistentRead": True}},
    }  # fmt: skip
    model = sdk.client("dynamodb").meta.service_model.operation_model(operation)
    asked = {name: value for name, value in every.items() if name in model.input_shape.members}
    plain: Any = Session().create_client("dynamodb")
    told = sdk.client("dynamodb")._serializer.serialize_to_request(asked, model)
    assert told == plain._serializer.serialize_to_request(asked, model)


def test_whoever_is_asked_for_credentials_is_known() -> None:
    for service in ("sts", "sso", "sso-oidc"):
        assert sdk.client(service).meta.service_model.service_name == service


@pytest.mark.parametrize("variable", ["AWS_USE_DUALSTACK_ENDPOINT", "AWS_USE_FIPS_ENDPOINT"])
@pytest.mark.parametrize("service", OPERATIONS)
def test_endpoint_variants_are_those_of_botocore(service: str, variable: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_ENDPOINT_URL")
    monkeypatch.setenv(variable, "true")
    sdk._session.cache_clear()
    try:
        plain = Session().create_client(service)
        client = sdk.client(service)
    finally:
        sdk._session.cache_clear()
    assert address(client, OPERATIONS[service]) == address(plain, OPERATIONS[service])


def test_service_without_a_client_so_far_can_be_called() -> None:
    assert sdk.client("sqs").meta.service_model.service_name == "sqs"


def test_untuned_client_is_as_botocore_makes_it() -> None:
    client = sdk.client("dynamodb", tuned=False)
    assert type(client._serializer).__module__ == "botocore.serialize"
    assert client._ruleset_resolver is not None
