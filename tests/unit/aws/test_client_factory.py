"""Clients with trimmed data have the endpoints and requests of plain botocore."""

from collections.abc import Iterator
from typing import Any

import pytest
from botocore.config import Config
from botocore.loaders import Loader
from botocore.session import Session

from chalicelib.aws import client_factory

OPERATIONS = {"dynamodb": "GetItem", "cognito-idp": "AdminGetUser", "lambda": "Invoke", "s3": "ListObjectsV2"}
REGIONS = ["us-east-1", "eu-central-1", "ap-southeast-3", "il-central-1", "cn-north-1", "us-gov-west-1"]


@pytest.fixture(params=REGIONS)
def region(monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> Iterator[str]:
    monkeypatch.delenv("AWS_ENDPOINT_URL")
    monkeypatch.setenv("AWS_DEFAULT_REGION", request.param)
    client_factory._shared_session.cache_clear()
    yield str(request.param)
    client_factory._shared_session.cache_clear()


# A loader caches the files of botocore, of which the endpoints and the model of S3 take most of a second to parse.
_LOADER = Loader()


def create_plain_client(service: str, **config: Any) -> Any:
    """Return a client as botocore creates it."""
    session = Session()
    session.register_component("data_loader", _LOADER)
    return session.create_client(service, config=Config(**config))


def resolve_endpoint(client: Any, operation: str) -> str:
    """Return the URL that the client sends an operation to."""
    model = client.meta.service_model.operation_model(operation)
    return str(client._resolve_endpoint_ruleset(model, {"Bucket": "pictures"}, {})[0])


@pytest.mark.long
@pytest.mark.parametrize("service", OPERATIONS)
@pytest.mark.usefixtures("region")
def test_endpoint_of_each_service_is_that_of_botocore(service: str) -> None:
    regional: dict[str, Any] = {"s3": {"us_east_1_regional_endpoint": "regional"}} if service == "s3" else {}
    plain = create_plain_client(service, **regional)
    operation = OPERATIONS[service]
    assert resolve_endpoint(client_factory.create_client(service, **regional), operation) == resolve_endpoint(
        plain, operation
    )


def test_endpoint_of_an_unknown_region_is_derived_from_its_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_ENDPOINT_URL")
    client = client_factory.create_client("dynamodb", signature_version="v4")
    assert client.meta.service_model.signature_version == "v4"
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-south-9")
    client_factory._shared_session.cache_clear()
    assert client_factory.create_client("dynamodb").meta.endpoint_url == "https://dynamodb.eu-south-9.amazonaws.com"
    client_factory._shared_session.cache_clear()


@pytest.mark.parametrize("operation", ["BatchGetItem", "DeleteItem", "GetItem", "PutItem", "Scan", "UpdateItem"])
def test_dynamodb_request_is_that_of_botocore(operation: str) -> None:
    item = {"user_id": {"S": "Zo\u00eb \U0001f600"}, "version": {"N": "2"}, "email_verified": {"BOOL": False}}
    all_parameters = {
        "TableName": "Users", "Key": item, "Item": item, "ConsistentRead": True, "Limit": 100,
        "ExpressionAttributeNames": {"#name": "name"}, "ExpressionAttributeValues": {":picture": {"M": item}},
        "RequestItems": {"Users": {"Keys": [item], "ConsistentRead": True}},
    }  # fmt: skip
    model = client_factory.create_client("dynamodb").meta.service_model.operation_model(operation)
    parameters = {name: value for name, value in all_parameters.items() if name in model.input_shape.members}
    plain = create_plain_client("dynamodb")
    request = client_factory.create_client("dynamodb")._serializer.serialize_to_request(parameters, model)
    assert request == plain._serializer.serialize_to_request(parameters, model)


def test_services_that_issue_credentials_are_available() -> None:
    for service in ("sts", "sso", "sso-oidc"):
        assert client_factory.create_client(service).meta.service_model.service_name == service


@pytest.mark.long
@pytest.mark.parametrize("variable", ["AWS_USE_DUALSTACK_ENDPOINT", "AWS_USE_FIPS_ENDPOINT"])
@pytest.mark.parametrize("service", OPERATIONS)
def test_endpoint_variants_are_those_of_botocore(service: str, variable: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_ENDPOINT_URL")
    monkeypatch.setenv(variable, "true")
    client_factory._shared_session.cache_clear()
    try:
        plain = create_plain_client(service)
        client = client_factory.create_client(service)
    finally:
        client_factory._shared_session.cache_clear()
    assert resolve_endpoint(client, OPERATIONS[service]) == resolve_endpoint(plain, OPERATIONS[service])


def test_client_of_any_other_service_can_be_created() -> None:
    assert client_factory.create_client("sqs").meta.service_model.service_name == "sqs"


@pytest.mark.long
def test_untuned_client_is_that_of_botocore() -> None:
    client = client_factory.create_client("dynamodb", tuned=False)
    assert type(client._serializer).__module__ == "botocore.serialize"
    assert client._ruleset_resolver is not None
