"""DynamoDB calls without work that botocore repeats for each of them.

This relies on private parts of botocore. The Lambda runtime brings botocore, in a version that AWS chooses. So each
client is checked, without a network, before it is used: its request must be botocore's own, and the response must be
read. Otherwise the client stays as botocore has made it. `make test-botocore` runs tests with the oldest and the newest
supported version.

Each figure is the share of a hand-written GET that is saved (`make bench`). The check takes 0.006 of a cold start.
"""

import json
import logging
from collections.abc import Iterator
from functools import cache
from typing import Any, Final

import botocore
from botocore.awsrequest import AWSResponse
from botocore.exceptions import HTTPClientError

from chalicelib import logs
from chalicelib.logs import Metric

# With a character outside ASCII, because encodings may differ.
_ITEM: Final = {"user_id": {"S": "Zo\u00eb"}, "version": {"N": "1"}, "email_verified": {"BOOL": True}}
_REQUEST: Final = {"TableName": "Users", "Key": {"user_id": _ITEM["user_id"]}, "ConsistentRead": True}


def tune(client: Any) -> None:
    """Tune a DynamoDB client, or leave it as it is and say why."""
    if obstacle := _tune(client):
        _report(obstacle)


def _tune(client: Any) -> str | None:
    """Return why the client cannot be tuned, or None."""
    if not hasattr(client, "_ruleset_resolver") or not hasattr(client, "_serializer"):
        return "an attribute is missing"
    if (protocol := _protocol(client)) != "json":
        return f"the protocol is {protocol}"
    untuned = client._ruleset_resolver, client._serializer
    try:
        if _serialize(client, _Serializer()) != _serialize(client, client._serializer):
            return "requests differ"
        # The address is the same for each call. Without rules, botocore takes the one of the client: 0.07.
        client._ruleset_resolver = None
        client._serializer = _Serializer()  # 0.02, and of a PUT 0.06
        client.meta.events.register("before-parse.dynamodb", _parse)  # 0.05
        if _get_item(client) == _ITEM:
            return None
        obstacle = "responses differ"
    except Exception as exc:  # whatever another botocore may raise
        obstacle = f"a call raises {type(exc).__name__}"
    client._ruleset_resolver, client._serializer = untuned
    client.meta.events.unregister("before-parse.dynamodb", _parse)
    return obstacle


def _protocol(client: Any) -> str:
    model = client.meta.service_model
    # Since 1.35 a service may have several protocols, of which botocore chooses one.
    return str(getattr(model, "resolved_protocol", None) or model.protocol)


@cache
def _report(obstacle: str) -> None:
    """Tell, once per process, that clients are not tuned."""
    logs.event("botocore is not tuned", logging.WARNING, obstacle=obstacle, botocore=botocore.__version__)
    logs.count(Metric.BOTOCORE_TUNING_OFF)


class _Serializer:
    """Sends parameters as the JSON that they are. botocore's own looks for binary values and times in them."""

    def serialize_to_request(self, parameters: dict[str, Any], operation_model: Any) -> dict[str, Any]:
        """As botocore's of the same name, for the protocol of DynamoDB."""
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


def _parse(response_dict: dict[str, Any], customized_response_dict: dict[str, Any], **_: Any) -> None:
    """Take a response as the JSON it is. botocore's own parser looks for binary values at every place.

    Raises HTTPClientError for what is no JSON: to botocore, it would be an empty response.
    """
    if response_dict["status_code"] != 200:
        return
    try:
        customized_response_dict.update(json.loads(response_dict["body"]))
    except ValueError as exc:
        raise HTTPClientError(error=exc) from exc
    response_dict["body"] = b""


class _Body:
    """A response's body, as botocore reads it."""

    def stream(self) -> Iterator[bytes]:
        yield json.dumps({"Item": _ITEM}).encode()


def _serialize(client: Any, serializer: Any) -> Any:
    return serializer.serialize_to_request({**_REQUEST}, client.meta.service_model.operation_model("GetItem"))


def _get_item(client: Any) -> Any:
    """Return the item of a GetItem that is answered here. Nothing leaves the process, and nothing is signed."""

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
