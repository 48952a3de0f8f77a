"""A DynamoDB client is tuned only where botocore works as expected, and works either way."""

import copy
import json
import os
from collections.abc import Callable, Iterator
from typing import Any

import botocore
import pytest
from botocore.awsrequest import AWSResponse
from botocore.loaders import Loader
from botocore.session import Session

from chalicelib import botocore_tuning, logs
from chalicelib.errors import Unavailable
from chalicelib.repository import ProfileRepository
from tests.conftest import SUB

# botocore 1.34 calls no hook before it parses a response, so there the parser is botocore's own. Nor does it know CBOR.
needs_newer_botocore = pytest.mark.newer_botocore
JSON = json.dumps({"Attributes": {"user_id": {"S": SUB}}, "Item": {"user_id": {"S": SUB}}}).encode()
CBOR = b"\xa1\x64Item\xa1\x67user_id\xa1\x61S\x78\x24" + SUB.encode()


@pytest.fixture
def logged() -> Iterator[list[dict[str, Any]]]:
    """What is logged, where nothing has been reported before."""
    lines: list[dict[str, Any]] = []

    def read(line: str) -> None:
        lines.append(json.loads(line))

    botocore_tuning._report.cache_clear()
    logs.outlets.append(read)
    yield lines
    logs.outlets.remove(read)
    botocore_tuning._report.cache_clear()


def new_client(loader: Loader | None = None) -> Any:
    session = Session()
    if loader:
        session.register_component("data_loader", loader)
    return session.create_client("dynamodb")


def answer(client: Any, content: bytes, status: int = 200) -> None:
    """Let every request be answered so."""

    class Body:
        def stream(self) -> Iterator[bytes]:
            yield content

    def respond(request: Any, **_: Any) -> AWSResponse:
        # Without its header of the protocol, botocore takes a CBOR response for an error.
        return AWSResponse(request.url, status, {"smithy-protocol": "rpc-v2-cbor"}, Body())  # type: ignore[arg-type]

    client.meta.events.register("before-send.dynamodb", respond)


def is_tuned(client: Any) -> bool:
    return isinstance(client._serializer, botocore_tuning._Serializer)


def is_found(client: Any) -> bool:
    return ProfileRepository(client, "Users")._item(SUB) == {"user_id": {"S": SUB}}


def test_botocore_has_the_version_under_test() -> None:
    assert botocore.__version__ == os.environ.get("BOTOCORE_VERSION", botocore.__version__)


def test_installed_botocore_is_tuned(logged: list[dict[str, Any]]) -> None:
    client = new_client()
    botocore_tuning.tune(client)
    assert is_tuned(client)
    assert client._ruleset_resolver is None
    assert logged == []


def test_tuned_client_reads_a_response() -> None:
    client = new_client()
    botocore_tuning.tune(client)
    answer(client, JSON)
    assert is_found(client)


def test_tuned_client_raises_errors_as_botocore_does() -> None:
    client = new_client()
    botocore_tuning.tune(client)
    answer(client, b'{"__type": "com.amazonaws.dynamodb.v20120810#ResourceNotFoundException", "message": "x"}', 400)
    with pytest.raises(client.exceptions.ResourceNotFoundException):
        client.get_item(TableName="Users", Key={})


@needs_newer_botocore
@pytest.mark.parametrize("content", [b'{"Item"', b"\xff", b"<html>"])
def test_response_that_is_no_json_is_not_an_empty_one(content: bytes) -> None:
    client = new_client()
    botocore_tuning.tune(client)
    answer(client, content)
    with pytest.raises(Unavailable):
        ProfileRepository(client, "Users").get(SUB)


class CborLoader(Loader):
    """botocore's data with a DynamoDB that speaks CBOR alone."""

    def load_service_model(self, service_name: str, type_name: str, api_version: str | None = None) -> Any:
        model = copy.deepcopy(super().load_service_model(service_name, type_name, api_version))
        if service_name == "dynamodb" and type_name == "service-2":
            model["metadata"] |= {"protocol": "smithy-rpc-v2-cbor", "protocols": ["smithy-rpc-v2-cbor"]}
        return model


@pytest.fixture
def cbor_client() -> Any:
    return new_client(CborLoader())


@needs_newer_botocore
def test_botocore_that_prefers_cbor_is_left_alone(cbor_client: Any, logged: list[dict[str, Any]]) -> None:
    botocore_tuning.tune(cbor_client)
    assert not is_tuned(cbor_client)
    answer(cbor_client, CBOR)
    assert is_found(cbor_client)
    assert logged[0]["obstacle"] == "the protocol is smithy-rpc-v2-cbor"


class RenamingEvents:
    """A client's events, where one argument of the hook has another name."""

    def __init__(self, events: Any) -> None:
        self._events = events

    def emit(self, name: str, **arguments: Any) -> Any:
        if name.startswith("before-parse"):
            arguments["customized"] = arguments.pop("customized_response_dict")
        return self._events.emit(name, **arguments)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._events, name)


class IgnoringEvents(RenamingEvents):
    """A client's events, where what the hook has read is not used."""

    def emit(self, name: str, **arguments: Any) -> Any:
        if name.startswith("before-parse"):
            arguments["customized_response_dict"] = {}
        return self._events.emit(name, **arguments)


class OtherSerializer:
    """A serializer that sends a header more."""

    def __init__(self, serializer: Any) -> None:
        self._serializer = serializer

    def serialize_to_request(self, parameters: Any, model: Any) -> Any:
        request = self._serializer.serialize_to_request(parameters, model)
        return {**request, "headers": {**request["headers"], "X-Amz-New": "1"}}


def rename_an_argument(client: Any) -> None:
    client._endpoint._event_emitter = RenamingEvents(client._endpoint._event_emitter)


def ignore_the_hook(client: Any) -> None:
    client._endpoint._event_emitter = IgnoringEvents(client._endpoint._event_emitter)


def serialize_otherwise(client: Any) -> None:
    client._serializer = OtherSerializer(client._serializer)


@pytest.mark.parametrize(
    ("change", "obstacle"),
    [
        pytest.param(rename_an_argument, "a call raises TypeError", marks=needs_newer_botocore),
        pytest.param(ignore_the_hook, "responses differ", marks=needs_newer_botocore),
        (serialize_otherwise, "requests differ"),
    ],
)
def test_changed_botocore_is_left_alone_and_works(
    change: Callable[[Any], None], obstacle: str, logged: list[dict[str, Any]]
) -> None:
    client = new_client()
    change(client)
    serializer, rules = client._serializer, client._ruleset_resolver
    botocore_tuning.tune(client)
    assert (client._serializer, client._ruleset_resolver) == (serializer, rules)
    answer(client, JSON)
    assert is_found(client)
    assert logged[0]["obstacle"] == obstacle


def test_missing_attribute_is_an_obstacle(logged: list[dict[str, Any]]) -> None:
    client = new_client()
    del client._ruleset_resolver
    botocore_tuning.tune(client)
    assert not is_tuned(client)
    assert logged[0]["obstacle"] == "an attribute is missing"


def test_obstacle_is_logged_and_counted_once_per_process(logged: list[dict[str, Any]]) -> None:
    for _ in range(2):
        client = new_client()
        serialize_otherwise(client)
        botocore_tuning.tune(client)
    warning, metric = logged
    assert (warning["level"], warning["message"]) == ("WARNING", "botocore is not tuned")
    assert metric["BotocoreTuningOff"] == 1


def test_check_sends_nothing_and_needs_no_credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name)
    client = new_client()
    botocore_tuning.tune(client)  # the endpoint of the tests is a closed port
    assert is_tuned(client)
