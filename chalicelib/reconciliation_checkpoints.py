"""What both walks of reconciliation share: how far each has come, which run may walk, and how much one may delete.

The items are in the table of profiles, under keys that begin with `#` and are nobody's sub.
"""

import time
import uuid
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from concurrent.futures import Executor
from typing import TYPE_CHECKING, Any, Final, Generic, TypeVar

from botocore.exceptions import ClientError
from pydantic import BaseModel

from chalicelib.aws import translated
from chalicelib.repository import KEY

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_dynamodb.type_defs import AttributeValueTypeDef

_CONDITION_FAILED: Final = "ConditionalCheckFailedException"
_PREFIX: Final = "#reconciliation-"
_HANDOVER_SECONDS: Final = 60  # until the next run has started
_NOBODY: Final = "nobody"

THREADS: Final = 8
_ALWAYS_ALLOWED: Final = 10

IsOver = Callable[[], bool]
T = TypeVar("T")
R = TypeVar("R")


def map_until(threads: Executor, is_over: IsOver, function: Callable[[T], R], items: Sequence[T]) -> Sequence[R | None]:
    """Call the function for the items in several threads. The result is None for those that time was over for."""
    return list(threads.map(lambda item: None if is_over() else function(item), items))


def limit(seen: int) -> int:
    """Return how many of so many a walk deletes unless it is told otherwise: more look like a mistake."""
    return max(_ALWAYS_ALLOWED, seen // 100)


class Checkpoints:
    """Texts and a lease in one table. A dry run has its own."""

    def __init__(self, client: "DynamoDBClient", table: str, *, dry_run: bool = False) -> None:
        self._client = client
        self._table = table
        self._suffix = "-dry-run" if dry_run else ""
        self._holder = _NOBODY

    def load(self, name: str) -> str | None:
        """Return the text that was saved under this name, or None."""
        with translated():
            answer = self._client.get_item(TableName=self._table, Key={KEY: self._key(name)}, ConsistentRead=True)
        return answer.get("Item", {}).get("place", {}).get("S")

    def save(self, name: str, text: str) -> None:
        """Save a text under this name."""
        with translated():
            self._client.put_item(TableName=self._table, Item={KEY: self._key(name), "place": {"S": text}})

    def acquire_lease(self, seconds: float, previous: str | None = None) -> bool:
        """Become the only run for so many seconds. Return False if another one is.

        `previous` is what hand_over_lease() has returned to the run before. It is good once, so that an event that
        AWS delivers twice starts one run.
        """
        return self._put_lease(f"run-{uuid.uuid4()}", seconds, previous or _NOBODY)

    def hand_over_lease(self) -> str:
        """Reserve the lease for the next run, and return the token by which that run acquires it."""
        self._put_lease(f"next-{uuid.uuid4()}", _HANDOVER_SECONDS, self._holder)
        return self._holder

    def release_lease(self) -> None:
        """Let any run start, unless the lease is another run's by now."""
        self._put_lease(_NOBODY, 0, self._holder)

    def _put_lease(self, holder: str, seconds: float, previous: str) -> bool:
        now = time.time()
        item: dict[str, AttributeValueTypeDef] = {
            KEY: self._key("lease"), "holder": {"S": holder}, "expires_at": {"N": str(int(now + seconds))}
        }  # fmt: skip
        try:
            with translated(_CONDITION_FAILED):
                self._client.put_item(
                    TableName=self._table,
                    Item=item,
                    ConditionExpression="attribute_not_exists(#key) OR #holder = :previous OR #expires_at < :now",
                    ExpressionAttributeNames={"#key": KEY, "#holder": "holder", "#expires_at": "expires_at"},
                    ExpressionAttributeValues={":previous": {"S": previous}, ":now": {"N": str(int(now))}},
                    ReturnValuesOnConditionCheckFailure="ALL_OLD",
                )
        except ClientError as exc:
            found: Any = exc.response.get("Item", {})
            if found.get("holder") != {"S": holder}:  # otherwise this request was applied, and its first answer lost
                return False
        self._holder = holder
        return True

    def _key(self, name: str) -> "AttributeValueTypeDef":
        return {"S": f"{_PREFIX}{name}{self._suffix}"}


class WalkProgress(BaseModel):
    """How far a walk has come."""

    cursor: str | None = None

    @property
    @abstractmethod
    def is_finished(self) -> bool:
        """Return True if the walk has reached its end."""


P = TypeVar("P", bound=WalkProgress)


class Walk(ABC, Generic[P]):
    """A walk over pages. It saves how far it has come after each page, so that it may be ended at any time."""

    def __init__(self, checkpoints: Checkpoints, name: str, start: P) -> None:
        self._checkpoints = checkpoints
        self._name = name
        self._start = start
        self.progress = start
        self.has_advanced = False

    def load(self, *, restart: bool = False) -> None:
        """Go on from the checkpoint, or forget it."""
        if restart:
            self._checkpoints.save(self._name, self._start.model_dump_json())
        saved = self._checkpoints.load(self._name)
        self.progress = type(self._start).model_validate_json(saved) if saved else self._start

    def run(self, is_over: IsOver) -> None:
        """Visit pages until the walk is finished or the time is over. A finished walk starts again."""
        if self.progress.is_finished:
            self.progress = self._start
        while not self.progress.is_finished and not is_over():
            progress = self.visit_page(self.progress, is_over)
            if progress == self.progress:
                return
            self.progress = progress
            self._checkpoints.save(self._name, progress.model_dump_json())
            self.has_advanced = True

    @abstractmethod
    def visit_page(self, progress: P, is_over: IsOver) -> P:
        """Visit a page, or as much of it as there is time for. Return the progress; the same if there is none."""
