"""Calls the application over one table of the embedded AWS, as Lambda does.

    python -m benchmarks.growth.worker SIZE

The table has the profiles 0 to SIZE - 1. An input line `NAME COUNT` requests COUNT calls of one operation, each for
another user. The output line is a JSON list of [milliseconds, capacity units that DynamoDB reports, status].
"""

import itertools
import json
import os
import random
import sys
import time
from collections.abc import Callable, Iterator
from typing import Any, Final

from benchmarks.events import EVENTS, SUB
from benchmarks.growth.seed import make_sub
from benchmarks.handlers import HANDLERS, load_handler
from chalicelib.aws import clients

_api = load_handler(HANDLERS["api"])
_post_confirmation_handler = load_handler(HANDLERS["post_confirmation"])
# The application logs to stdout. Discard the log and write results to a copy of the stream.
_result_stream = os.fdopen(os.dup(1), "w")
os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
_random = random.Random(7)  # each worker calls for the same positions in its table
_new_user_numbers: Final = itertools.count(1)
_names: Final = (f"Jane Roe {number}" for number in itertools.count())  # so that each PUT is a change


class _Context:
    aws_request_id = "6bf58c38-7ea5-4f5e-9f0c-e0ab72d0f8d9"
    function_name = "growth"

    @staticmethod
    def get_remaining_time_in_millis() -> int:
        return 10_000


def _prepare_get(size: int) -> Callable[[], Any]:
    event = _create_event("get", make_sub(_random.randrange(size)))
    return lambda: _api(event, _Context)


def _prepare_put(size: int) -> Callable[[], Any]:
    event = _create_event("put", make_sub(_random.randrange(size)))
    event["body"] = json.dumps({**json.loads(event["body"]), "name": next(_names)})
    return lambda: _api(event, _Context)


def _prepare_post_confirmation(size: int) -> Callable[[], Any]:
    event = _create_event("post_confirmation", make_sub(size + next(_new_user_numbers)))
    return lambda: _post_confirmation_handler(event, _Context)


def _create_event(name: str, sub: str) -> dict[str, Any]:
    template, _ = EVENTS[name]
    event: dict[str, Any] = json.loads(json.dumps(template).replace(SUB, sub))
    return event


_OPERATIONS: Final = {
    "GET": _prepare_get,
    "PUT": _prepare_put,
    "PostConfirmation": _prepare_post_confirmation,
}


class _ConsumedCapacity:
    """Requests the consumed capacity with each call to DynamoDB and adds it up."""

    def __init__(self) -> None:
        self.units = 0.0
        for client in {clients.dynamodb(), clients.dynamodb(attempts=1)}:
            client.meta.events.register("provide-client-params.dynamodb", self._request)
            client.meta.events.register("after-call.dynamodb", self._add)

    @staticmethod
    def _request(params: dict[str, Any], **_: Any) -> Any:
        return {**params, "ReturnConsumedCapacity": "TOTAL"}

    def _add(self, parsed: dict[str, Any], **_: Any) -> None:
        self.units += parsed.get("ConsumedCapacity", {}).get("CapacityUnits", 0.0)  # error responses have none


def _measure_calls(name: str, size: int, count: int, capacity: _ConsumedCapacity) -> Iterator[tuple[float, float, int]]:
    for _ in range(count):
        call = _OPERATIONS[name](size)
        units_before, started = capacity.units, time.perf_counter()
        response = call()
        milliseconds = (time.perf_counter() - started) * 1000
        yield milliseconds, capacity.units - units_before, response.get("statusCode", 200)


def main() -> None:
    size, capacity = int(sys.argv[1]), _ConsumedCapacity()
    for line in sys.stdin:
        name, count = line.split()
        _result_stream.write(json.dumps([*_measure_calls(name, size, int(count), capacity)]) + "\n")
        _result_stream.flush()


if __name__ == "__main__":
    main()
