"""A recorder of AWS calls and of the capacity units that DynamoDB reports for them."""

from typing import Any, Final

# https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/read-write-operations.html
ONE_READ: Final = ("GetItem", 1.0)  # a strongly consistent read of up to 4 KB
ONE_WRITE_UNIT: Final = 1.0  # a write of up to 1 KB; in a transaction it costs two units


class RecordedCalls(list[tuple[str, float]]):
    """The calls of clients in their order: the name of the operation, and its DynamoDB capacity units."""

    def record(self, client: Any) -> None:
        """Record all further calls of a client."""
        service = client.meta.service_model.service_name
        if service == "dynamodb":
            client.meta.events.register("provide-client-params.dynamodb", self._request_capacity)
        client.meta.events.register(f"after-call.{service}", self._append)

    @staticmethod
    def _request_capacity(params: dict[str, Any], **_: Any) -> dict[str, Any]:
        return {**params, "ReturnConsumedCapacity": "TOTAL"}

    def _append(self, parsed: dict[str, Any], model: Any, **_: Any) -> None:
        consumed = parsed.get("ConsumedCapacity", [])
        tables = consumed if isinstance(consumed, list) else [consumed]  # a transaction reports each table
        self.append((model.name, sum(table["CapacityUnits"] for table in tables)))
