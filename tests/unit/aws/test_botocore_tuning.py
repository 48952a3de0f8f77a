"""A DynamoDB client is tuned only if botocore works as expected, and it works either way."""

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

from chalicelib.aws import botocore_tuning
from chalicelib.core import logs
from chalicelib.core.errors import ServiceUnavailable
from chalicelib.profiles.repository import ProfileRepository
from tests.support.data import SUB

pytestmark = pytest.mark.long  # real clients and servers

# botocore 1.34 has neither the hook before a response is parsed nor the CBOR protocol. Its parser is not replaced.
needs_newer_botocore = pytest.mark.newer_botocore
JSON_RESPONSE = json.dumps({"Attributes": {"user_id": {"S": SUB}}, "Item": {"user_id": {"S": SUB}}}).encode()
CBOR_RESPONSE = b"\xa1\x64Item\xa1\x67user_id\xa1\x61S\x78\x24" + SUB.encode()


@pytest.fixture
def log_lines() -> Iterator[list[dict[str, Any]]]:
    """Collect the log lines of a process that has reported no obstacle yet."""
    lines: list[dict[str, Any]] = []

    def sink(line: str) -> None:
        lines.append(json.loads(line))

    botocore_tuning._report.cache_clear()
    logs.sinks.append(sink)
    yield lines
    logs.sinks.remove(sink)
    botocore_tuning._report.cache_clear()


def create_client(loader: Loader | None = None) -> Any:
    session = Session()
    if loader:
        session.register_component("data_loader", loader)
    return session.create_client("dynamodb")


def set_response(client: Any, content: bytes, status: int = 200) -> None:
    """Answer every request of the client with this response."""

    class Body:
        def stream(self) -> Iterator[bytes]:
            yield content

    def respond(request: Any, **_: Any) -> AWSResponse:
        # botocore treats a CBOR response without the header of its protocol as an error.
        return AWSResponse(request.url, status, {"smithy-protocol": "rpc-v2-cbor"}, Body())  # type: ignore[arg-type]

    client.meta.events.register("before-send.dynamodb", respond)


def is_tuned(client: Any) -> bool:
    return isinstance(client._serializer, botocore_tuning._PlainJsonSerializer)


def can_read_item(client: Any) -> bool:
    return ProfileRepository(client, "Users")._get_item(SUB) == {"user_id": {"S": SUB}}


def test_botocore_has_the_version_under_test() -> None:
    assert botocore.__version__ == os.environ.get("BOTOCORE_VERSION", botocore.__version__)


def test_installed_botocore_is_tuned(log_lines: list[dict[str, Any]]) -> None:
    client = create_client()
    botocore_tuning.tune(client)
    assert is_tuned(client)
    assert client._ruleset_resolver is None
    assert log_lines == []


def test_tuned_client_reads_a_response() -> None:
    client = create_client()
    botocore_tuning.tune(client)
    set_response(client, JSON_RESPONSE)
    assert can_read_item(client)


def test_tuned_client_raises_errors_as_botocore_does() -> None:
    client = create_client()
    botocore_tuning.tune(client)
    set_response(
        client, b'{"__type": "com.amazonaws.dynamodb.v20120810#ResourceNotFoundException", "message": "x"}', 400
    )
    with pytest.raises(client.exceptions.ResourceNotFoundException):
        client.get_item(TableName="Users", Key={})


@needs_newer_botocore
@pytest.mark.parametrize("content", [b'{"Item"', b"\xff", b"<html>"])
def test_response_that_is_not_json_is_an_error(content: bytes) -> None:
    client = create_client()
    botocore_tuning.tune(client)
    set_response(client, content)
    with pytest.raises(ServiceUnavailable):
        ProfileRepository(client, "Users").get_profile(SUB)


class CborLoader(Loader):
    """Loads botocore's data, with CBOR as the only protocol of DynamoDB."""

    def load_service_model(self, service_name: str, type_name: str, api_version: str | None = None) -> Any:
        model = copy.deepcopy(super().load_service_model(service_name, type_name, api_version))
        if service_name == "dynamodb" and type_name == "service-2":
            model["metadata"] |= {"protocol": "smithy-rpc-v2-cbor", "protocols": ["smithy-rpc-v2-cbor"]}
        return model


@pytest.fixture
def cbor_client() -> Any:
    return create_client(CborLoader())


@needs_newer_botocore
def test_client_that_uses_cbor_is_not_tuned(cbor_client: Any, log_lines: list[dict[str, Any]]) -> None:
    botocore_tuning.tune(cbor_client)
    assert not is_tuned(cbor_client)
    set_response(cbor_client, CBOR_RESPONSE)
    assert can_read_item(cbor_client)
    assert log_lines[0]["obstacle"] == "the protocol is smithy-rpc-v2-cbor"


class RenamingEvents:
    """The events of a client in which one argument of the hook has another name."""

    def __init__(self, events: Any) -> None:
        self._events = events

    def emit(self, name: str, **arguments: Any) -> Any:
        if name.startswith("before-parse"):
            arguments["customized"] = arguments.pop("customized_response_dict")
        return self._events.emit(name, **arguments)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._events, name)


class IgnoringEvents(RenamingEvents):
    """The events of a client that does not use the result of the hook."""

    def emit(self, name: str, **arguments: Any) -> Any:
        if name.startswith("before-parse"):
            arguments["customized_response_dict"] = {}
        return self._events.emit(name, **arguments)


class ExtraHeaderSerializer:
    """A serializer that adds a header."""

    def __init__(self, serializer: Any) -> None:
        self._serializer = serializer

    def serialize_to_request(self, parameters: Any, model: Any) -> Any:
        request = self._serializer.serialize_to_request(parameters, model)
        return {**request, "headers": {**request["headers"], "X-Amz-New": "1"}}


def rename_hook_argument(client: Any) -> None:
    client._endpoint._event_emitter = RenamingEvents(client._endpoint._event_emitter)


def ignore_hook_result(client: Any) -> None:
    client._endpoint._event_emitter = IgnoringEvents(client._endpoint._event_emitter)


def add_request_header(client: Any) -> None:
    client._serializer = ExtraHeaderSerializer(client._serializer)


@pytest.mark.parametrize(
    ("change", "obstacle"),
    [
        pytest.param(rename_hook_argument, "a call raises TypeError", marks=needs_newer_botocore),
        pytest.param(ignore_hook_result, "responses differ", marks=needs_newer_botocore),
        (add_request_header, "requests differ"),
    ],
)
def test_changed_botocore_is_not_tuned_and_works(
    change: Callable[[Any], None], obstacle: str, log_lines: list[dict[str, Any]]
) -> None:
    client = create_client()
    change(client)
    serializer, resolver = client._serializer, client._ruleset_resolver
    botocore_tuning.tune(client)
    assert (client._serializer, client._ruleset_resolver) == (serializer, resolver)
    set_response(client, JSON_RESPONSE)
    assert can_read_item(client)
    assert log_lines[0]["obstacle"] == obstacle


def test_missing_attribute_is_an_obstacle(log_lines: list[dict[str, Any]]) -> None:
    client = create_client()
    del client._ruleset_resolver
    botocore_tuning.tune(client)
    assert not is_tuned(client)
    assert log_lines[0]["obstacle"] == "an attribute is missing"


def test_obstacle_is_logged_and_counted_once_per_process(log_lines: list[dict[str, Any]]) -> None:
    for _ in range(2):
        client = create_client()
        add_request_header(client)
        botocore_tuning.tune(client)
    warning, metric = log_lines
    assert (warning["level"], warning["message"]) == ("WARNING", "botocore is not tuned")
    assert metric["BotocoreTuningOff"] == 1


def test_check_sends_nothing_and_needs_no_credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name)
    client = create_client()
    botocore_tuning.tune(client)  # the endpoint of the tests is a closed port
    assert is_tuned(client)
