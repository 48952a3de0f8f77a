"""The application over one table of the embedded AWS, called as Lambda calls it.

    python -m benchmarks.growth.worker SIZE

The table has the profiles 0 to SIZE - 1. Each line that is read is `NAME COUNT`: so many calls of one operation, each
for somebody else. What is printed for it is a JSON list of [milliseconds, capacity units by DynamoDB, status].
"""

import itertools
import json
import os
import random
import sys
import time
from collections.abc import Callable, Iterator
from typing import Any, Final

import app
from benchmarks.events import EVENTS, SUB
from benchmarks.growth.seed import sub_of
from chalicelib.aws import clients

_answers = os.fdopen(os.dup(1), "w")  # what the application prints is its log
os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
_random = random.Random(7)  # everybody asks for the same share of people
_new: Final = itertools.count(1)
_names: Final = (f"Jane Roe {number}" for number in itertools.count())  # each PUT is a change


class _Context:
    aws_request_id = "6bf58c38-7ea5-4f5e-9f0c-e0ab72d0f8d9"
    function_name = "growth"

    @staticmethod
    def get_remaining_time_in_millis() -> int:
        return 10_000


def _get(size: int) -> Callable[[], Any]:
    event = _event("get", sub_of(_random.randrange(size)))
    return lambda: app.app(event, _Context)


def _put(size: int) -> Callable[[], Any]:
    event = _event("put", sub_of(_random.randrange(size)))
    event["body"] = json.dumps({**json.loads(event["body"]), "name": next(_names)})
    return lambda: app.app(event, _Context)


def _post_confirmation(size: int) -> Callable[[], Any]:
    event = _event("post_confirmation", sub_of(size + next(_new)))
    return lambda: app.post_confirmation(event, _Context)


def _event(name: str, sub: str) -> dict[str, Any]:
    event, _ = EVENTS[name]
    told: dict[str, Any] = json.loads(json.dumps(event).replace(SUB, sub))
    return told


_OPERATIONS: Final = {"GET": _get, "PUT": _put, "PostConfirmation": _post_confirmation}


class _Units:
    """Adds up what DynamoDB says it counts."""

    def __init__(self) -> None:
        self.told = 0.0
        for client in {clients.dynamodb(), clients.dynamodb(attempts=1)}:
            client.meta.events.register("provide-client-params.dynamodb", self._ask)
            client.meta.events.register("after-call.dynamodb", self._count)

    @staticmethod
    def _ask(params: dict[str, Any], **_: Any) -> Any:
        return {**params, "ReturnConsumedCapacity": "TOTAL"}

    def _count(self, parsed: dict[str, Any], **_: Any) -> None:
        self.told += parsed.get("ConsumedCapacity", {}).get("CapacityUnits", 0.0)  # a refusal tells none


def _calls(name: str, size: int, count: int, units: _Units) -> Iterator[tuple[float, float, int]]:
    for _ in range(count):
        call = _OPERATIONS[name](size)
        before, started = units.told, time.perf_counter()
        answer = call()
        took = (time.perf_counter() - started) * 1000
        yield took, units.told - before, answer.get("statusCode", 200)


def main() -> None:
    size, units = int(sys.argv[1]), _Units()
    for line in sys.stdin:
        name, count = line.split()
        _answers.write(json.dumps([*_calls(name, size, int(count), units)]) + "\n")
        _answers.flush()


if __name__ == "__main__":
    main()
