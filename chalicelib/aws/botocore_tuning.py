"""A DynamoDB client without the work that botocore repeats for each call. docs/performance.md lists the savings.

This relies on private parts of botocore, and AWS chooses the version of botocore in the Lambda runtime. So each tuned
client is verified, without a network, before its first use. Its request must equal the one of plain botocore, and a
response must be parsed correctly. Otherwise the client remains plain. `make test-botocore` runs tests with the oldest
and the newest supported version.
"""

import json
import logging
from collections.abc import Iterator
from functools import cache
from typing import Any, Final

import botocore
from botocore.awsrequest import AWSResponse
from botocore.exceptions import HTTPClientError

from chalicelib.core import logs
from chalicelib.core.metrics import Metric, add_metric

# Contains a character outside ASCII, because encodings may differ.
_ITEM: Final = {"user_id": {"S": "Zo\u00eb"}, "version": {"N": "1"}, "email_verified": {"BOOL": True}}
_REQUEST: Final = {"TableName": "Users", "Key": {"user_id": _ITEM["user_id"]}, "ConsistentRead": True}


def tune(client: Any) -> None:
    """Tune a DynamoDB client. If it cannot be tuned, leave it unchanged and log the reason."""
    if obstacle := _tune(client):
        _report(obstacle)


def _tune(client: Any) -> str | None:
    """Return the reason why the client cannot be tuned, or None."""
    if not hasattr(client, "_ruleset_resolver") or not hasattr(client, "_serializer"):
        return "an attribute is missing"
    if (protocol := _protocol(client)) != "json":
        return f"the protocol is {protocol}"
    untuned = client._ruleset_resolver, client._serializer
    try:
        if _serialize(client, _PlainJsonSerializer()) != _serialize(client, client._serializer):
            return "requests differ"
        # Without endpoint rules, botocore uses the client's endpoint, which is the same for each call.
        client._ruleset_resolver = None
        client._serializer = _PlainJsonSerializer()
        client.meta.events.register("before-parse.dynamodb", _parse_plain_json)
        if _get_item(client) == _ITEM:
            return None
        obstacle = "responses differ"
    except Exception as exc:  # another version of botocore may raise anything
        obstacle = f"a call raises {type(exc).__name__}"
    client._ruleset_resolver, client._serializer = untuned
    client.meta.events.unregister("before-parse.dynamodb", _parse_plain_json)
    return obstacle


def _protocol(client: Any) -> str:
    model = client.meta.service_model
    # Since 1.35 a service may have several protocols, and botocore chooses one of them.
    return str(getattr(model, "resolved_protocol", None) or model.protocol)


@cache
def _report(obstacle: str) -> None:
    """Log and count, once per process, that clients are not tuned."""
    logs.event("botocore is not tuned", logging.WARNING, obstacle=obstacle, botocore=botocore.__version__)
    add_metric(Metric.BOTOCORE_TUNING_OFF)


class _PlainJsonSerializer:
    """Serializes parameters as plain JSON. botocore's serializer searches them for binary values and times."""

    def serialize_to_request(self, parameters: dict[str, Any], operation_model: Any) -> dict[str, Any]:
        """Serialize a request in DynamoDB's protocol. The signature is the one of botocore's serializers."""
        metadata = operation_model.metadata
        return {
            "url_path": "/",
            "query_string": "",
            "method": "POST",
            "headers": {
                "X-Amz-Target": f"{metadata['targetPrefix']}.{operation_model.name}",
                "Content-Type": f"application/x-amz-json-{metadata['jsonVersion']}",
            },
            "body": json.dumps(parameters).encode(),
        }


def _parse_plain_json(response_dict: dict[str, Any], customized_response_dict: dict[str, Any], **_: Any) -> None:
    """Parse a response as plain JSON. botocore's parser searches every value for binary data.

    Raises HTTPClientError if the body is not JSON: botocore would return an empty response.
    """
    if response_dict["status_code"] != 200:
        return
    try:
        customized_response_dict.update(json.loads(response_dict["body"]))
    except ValueError as exc:
        raise HTTPClientError(error=exc) from exc
    response_dict["body"] = b""


class _Body:
    """The body of a response in the form that botocore reads."""

    def stream(self) -> Iterator[bytes]:
        yield json.dumps({"Item": _ITEM}).encode()


def _serialize(client: Any, serializer: Any) -> Any:
    return serializer.serialize_to_request({**_REQUEST}, client.meta.service_model.operation_model("GetItem"))


def _get_item(client: Any) -> Any:
    """Call GetItem with a canned response and return the item. Nothing is signed and nothing leaves the process."""

    def respond(request: Any, **_: Any) -> AWSResponse:
        return AWSResponse(request.url, 200, {}, _Body())  # type: ignore[arg-type]  # botocore's stubs are narrower

    def choose_no_signer(**_: Any) -> object:
        return botocore.UNSIGNED

    events = client.meta.events
    events.register_first("before-send.dynamodb", respond)
    events.register_first("choose-signer.dynamodb", choose_no_signer)
    try:
        return client.get_item(**_REQUEST).get("Item")
    finally:
        events.unregister("before-send.dynamodb", respond)
        events.unregister("choose-signer.dynamodb", choose_no_signer)
