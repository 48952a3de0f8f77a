"""The table: keys, item <-> model, conditions. The only room that speaks to DynamoDB.

Table: partition key `user_id` (S), the Cognito sub. One item a user; an unknown value is an absent
attribute. These are ours alone: `contact_as_of` (S), the state of the pool that the contact was last taken from;
`picture_key` (S), where the picture is in the bucket; `picture_changes` (N), which rises with each change of it; and
what picture_leases.py describes.
Every method but one is one request.
"""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from botocore.exceptions import ClientError
from pydantic import ValidationError

from chalicelib import logs
from chalicelib.aws import translated
from chalicelib.errors import Unavailable, UnreadableItem
from chalicelib.models import Picture, Profile
from chalicelib.preconditions import ANY_VERSION, Preconditions
from chalicelib.values import BloodGroup, Gender, timestamp

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_dynamodb.type_defs import AttributeValueTypeDef

Value: TypeAlias = str | bool | int | date | datetime | Picture | None
Item: TypeAlias = "Mapping[str, AttributeValueTypeDef]"

KEY: Final = "user_id"
CONTACT_AS_OF: Final = "contact_as_of"
_OF_PICTURE: Final = ("picture", "picture_key", "picture_changes")
_LEASE: Final = ("picture_lease", "picture_lease_until")
_CONDITION_FAILED: Final = "ConditionalCheckFailedException"
# Items that are no profiles: a sub never begins so.
_OURS: Final = "#"
_PAGE: Final = 100  # profiles
# A later release may store other choices. This one reads them as null, and leaves them in the item.
_CHOICES: Final[Mapping[str, type[StrEnum]]] = {"gender": Gender, "blood_group": BloodGroup}


class Mismatch(Exception):
    """The stored profile is not what a conditional write expected. `stored` is None where there is none."""

    def __init__(self, stored: Profile | None) -> None:
        super().__init__("the condition of a write failed")
        self.stored = stored


@dataclass(frozen=True, slots=True)
class LeaseState:
    """Whether an upload of a user is being processed, and how many were on one day. See picture_leases.py."""

    until: int = 0  # seconds since 1970
    day: str = ""
    uploads: int = 0


@dataclass(frozen=True, slots=True)
class Held:
    """A profile with what is kept of its picture besides."""

    profile: Profile
    key: str | None = None  # of the picture in the bucket
    changes: int = 0  # of the picture
    lease: LeaseState = LeaseState()


class Overtaken(Exception):
    """The picture or the version is not what a change of the picture expected. `held` is None where nothing is."""

    def __init__(self, held: Held | None) -> None:
        super().__init__("the condition of a write failed")
        self.held = held


class ProfileRepository:
    """Profiles in one table, over a client and a table name that are handed in."""

    def __init__(self, client: "DynamoDBClient", table: str) -> None:
        self._client = client
        self._table = table

    def get(self, user_id: str) -> Profile | None:
        """The profile, as of the last write that was answered; None where there is none."""
        item = self._item(user_id)
        return to_profile(item) if item else None

    def held(self, user_id: str) -> Held | None:
        """The profile and its picture's place, likewise."""
        item = self._item(user_id)
        return _to_held(item) if item else None

    def _item(self, key: str) -> "Item | None":
        with translated():
            answer = self._client.get_item(TableName=self._table, Key={KEY: {"S": key}}, ConsistentRead=True)
        return answer.get("Item")

    def create(self, profile: Profile) -> Profile:
        """Store a profile unless its user has one; the stored one, which is then not this object."""
        try:
            with translated(_CONDITION_FAILED):
                self._client.put_item(
                    TableName=self._table,
                    Item=to_item(profile),
                    ConditionExpression="attribute_not_exists(#key)",
                    ExpressionAttributeNames={"#key": KEY},
                    ReturnValuesOnConditionCheckFailure="ALL_OLD",
                )
        except ClientError as exc:
            return to_profile(_stored(exc))
        return profile

    def contact_as_of(self, user_id: str) -> datetime | None:
        """Return when the pool had the stored contact data. None if it is that of the sign-up. One request."""
        item = self._item(user_id) or {}
        return datetime.fromisoformat(str(item[CONTACT_AS_OF]["S"])) if CONTACT_AS_OF in item else None

    def follow_contact(
        self, user_id: str, contact: Mapping[str, Value], as_of: datetime, now: datetime
    ) -> Profile | None:
        """Store contact data as the pool had it at `as_of`, unless newer data is stored. Return the profile if stored.

        None means that newer data is there, or no profile.
        """
        fields = {**contact, CONTACT_AS_OF: as_of, "updated_at": now}
        assignments = ", ".join(f"#{name} = :{name}" for name in fields)
        try:
            with translated(_CONDITION_FAILED):
                answer = self._client.update_item(
                    TableName=self._table,
                    Key={KEY: {"S": user_id}},
                    UpdateExpression=f"SET {assignments} ADD #version :one",
                    # The profile is there, and what it has of the pool is not newer than this.
                    ConditionExpression="attribute_exists(#key) AND "
                    "(attribute_not_exists(#contact_as_of) OR #contact_as_of <= :contact_as_of)",
                    ExpressionAttributeNames={"#key": KEY, "#version": "version"}
                    | {f"#{name}": name for name in fields},
                    ExpressionAttributeValues={":one": {"N": "1"}}
                    | {f":{name}": _to_value(value) for name, value in fields.items()},
                    ReturnValues="ALL_NEW",
                )
        except ClientError:
            return None
        return to_profile(answer["Attributes"])

    def update(
        self,
        user_id: str,
        changes: Mapping[str, Value],
        expected: Mapping[str, Value],
        now: datetime,
        preconditions: Preconditions = ANY_VERSION,
    ) -> Profile:
        """Change these fields if those are stored as expected (None: not at all); the profile as it is then.

        None erases a field. A stored value that this release cannot read is not erased: to the client it was null
        already. Where all fields have these values, nothing is written and the stored profile is answered: so a
        request that is repeated, be it by botocore, is no second change. Raises Mismatch, with what is stored instead.
        """
        if not changes:
            return _as_expected(self.get(user_id), expected, preconditions)
        try:
            with translated(_CONDITION_FAILED):
                answer = self._client.update_item(
                    TableName=self._table,
                    Key={KEY: {"S": user_id}},
                    **_update(changes, expected, now, preconditions),
                    ReturnValues="ALL_NEW",
                    ReturnValuesOnConditionCheckFailure="ALL_OLD",
                )
        except ClientError as exc:
            item = _stored(exc)
            if not item:
                raise Mismatch(None) from exc
            stored, unreadable = _read(item)
            if _done_before(stored, changes, expected, now, preconditions):
                return stored
            if not unreadable or not _holds(stored, expected, preconditions):
                raise Mismatch(stored) from exc
        else:
            return to_profile(answer["Attributes"])
        # The condition has failed for an unreadable value alone. The version stands for it in a second attempt.
        others = {name: value for name, value in expected.items() if name not in unreadable}
        kept = {name: value for name, value in changes.items() if value is not None or name not in unreadable}
        return self.update(user_id, kept, {**others, "version": stored.version}, now, preconditions)

    def set_picture(
        self, held: Held, picture: Picture | None, key: str | None, now: datetime, preconditions: Preconditions
    ) -> Profile:
        """Set or remove the picture, unless it has changed since it was held so; the profile as it is then.

        Raises Overtaken, with what is held instead.
        """
        try:
            with translated(_CONDITION_FAILED):
                answer = self._client.update_item(
                    TableName=self._table,
                    Key={KEY: {"S": held.profile.id}},
                    **_picture_update(held, picture, key, now, preconditions),
                    ReturnValues="ALL_NEW",
                    ReturnValuesOnConditionCheckFailure="ALL_OLD",
                )
        except ClientError as exc:
            item = _stored(exc)
            stored = _to_held(item) if item else None
            if stored and (stored.key, stored.changes) == (key, held.changes + 1) and (key or _at(stored, now)):
                return stored.profile  # by this very request, whose first answer was lost
            raise Overtaken(stored) from exc
        return to_profile(answer["Attributes"])

    def forestall(self, held: Held) -> bool:
        """See to it that no change of the picture which has begun can end; False if it has changed meanwhile."""
        condition = "#changes = :changes" if held.changes else "attribute_not_exists(#changes)"
        values = {":one": _to_value(1)} | ({":changes": _to_value(held.changes)} if held.changes else {})
        try:
            with translated(_CONDITION_FAILED):
                self._client.update_item(
                    TableName=self._table,
                    Key={KEY: {"S": held.profile.id}},
                    UpdateExpression="ADD #changes :one",
                    ConditionExpression=f"attribute_exists(#key) AND {condition}",
                    ExpressionAttributeNames={"#key": KEY, "#changes": "picture_changes"},
                    ExpressionAttributeValues=values,
                )
        except ClientError:
            return False
        return True

    def existing(self, user_ids: Sequence[str]) -> set[str]:
        """Which of these, at most 100, have a profile.

        A profile stored within the last second may be missing: the read is eventually consistent, at half the price.
        One request, and one more for what DynamoDB left open. Raises Unavailable if it leaves that open, too.
        """
        found: set[str] = set()
        asked = {self._table: _keys_only([{KEY: {"S": user_id}} for user_id in user_ids])} if user_ids else {}
        for _ in range(2):
            if not asked:
                return found
            with translated():
                answer = self._client.batch_get_item(RequestItems=asked)  # type: ignore[arg-type]
            found |= {item[KEY]["S"] for item in answer["Responses"].get(self._table, [])}
            asked = answer.get("UnprocessedKeys", {})  # type: ignore[assignment]
        if asked:
            raise Unavailable
        return found

    def page(self, cursor: str | None) -> tuple[list[str], str | None]:
        """Ids of a page of profiles, and the cursor of the next; None where there is none."""
        start = {"ExclusiveStartKey": {KEY: {"S": cursor}}} if cursor else {}
        with translated():
            answer = self._client.scan(
                TableName=self._table,
                Limit=_PAGE,
                ProjectionExpression="#key",
                ExpressionAttributeNames={"#key": KEY},
                **start,  # type: ignore[arg-type]
            )
        ids = [item[KEY]["S"] for item in answer["Items"]]
        last = answer.get("LastEvaluatedKey", {}).get(KEY, {}).get("S")
        return [user_id for user_id in ids if not user_id.startswith(_OURS)], last

    def remove(self, user_id: str) -> bool:
        """Delete a profile; False where there is none."""
        with translated():
            answer = self._client.delete_item(TableName=self._table, Key={KEY: {"S": user_id}}, ReturnValues="ALL_OLD")
        return bool(answer.get("Attributes"))


def _keys_only(keys: list[dict[str, Any]]) -> dict[str, Any]:
    return {
        "Keys": keys,
        "ProjectionExpression": "#key",
        "ExpressionAttributeNames": {"#key": KEY},
    }


def _picture_update(
    held: Held, picture: Picture | None, key: str | None, now: datetime, preconditions: Preconditions
) -> dict[str, Any]:
    """UpdateItem's expressions. The number of changes, and not the key, tells that nobody was faster: a key goes and
    none comes in its place twice, a number never does."""
    names = {f"#{name}": _attribute(name) for name in ("id", "version", "updated_at", *_OF_PICTURE)}
    values: dict[str, AttributeValueTypeDef] = {":one": {"N": "1"}, ":now": {"S": timestamp(now)}}
    assignments, gone = ["#updated_at = :now"], list(_LEASE) if key else []  # with a picture, its lease is returned
    for name, value in (("picture", picture), ("picture_key", key)):
        if value is None:
            gone.append(f"#{name}")
        else:
            values[f":{name}"] = _to_value(value)
            assignments.append(f"#{name} = :{name}")
    conditions = ["attribute_exists(#id)", "attribute_not_exists(#picture_changes)"]
    if held.changes:
        values[":changes"] = _to_value(held.changes)
        conditions[1] = "#picture_changes = :changes"
    _require(preconditions, conditions, values)
    removals = f" REMOVE {', '.join(gone)}" if gone else ""
    return {
        "UpdateExpression": f"SET {', '.join(assignments)}{removals} ADD #version :one, #picture_changes :one",
        "ConditionExpression": " AND ".join(conditions),
        "ExpressionAttributeNames": names,
        "ExpressionAttributeValues": values,
    }


def _require(preconditions: Preconditions, conditions: list[str], values: "dict[str, AttributeValueTypeDef]") -> None:
    """Add the clauses for If-Match and If-None-Match. An asterisk is no clause."""
    for prefix, tags in (("", preconditions.match), ("NOT ", preconditions.none_match)):
        if tags is not None and not tags.any:
            named = [f":version_{version}" for version in tags.versions or {0}]  # which no profile has
            values |= {f":version_{version}": _to_value(version) for version in tags.versions or {0}}
            conditions.append(f"{prefix}#version IN ({', '.join(named)})")


def _update(
    changes: Mapping[str, Value], expected: Mapping[str, Value], now: datetime, preconditions: Preconditions
) -> dict[str, Any]:
    """UpdateItem's expressions, each clause by the name of its field."""
    names = {"#key": KEY, "#version": "version", "#updated_at": "updated_at"}
    values: dict[str, AttributeValueTypeDef] = {":one": {"N": "1"}, ":now": {"S": timestamp(now)}}
    conditions, differing = ["attribute_exists(#key)"], []
    assignments, removals = ["#updated_at = :now"], []
    for name, value in expected.items():
        names[f"#{name}"] = _attribute(name)
        if value is None:
            conditions.append(f"attribute_not_exists(#{name})")
        else:
            values[f":expected_{name}"] = _to_value(value)
            conditions.append(f"#{name} = :expected_{name}")
    for name, value in changes.items():
        names[f"#{name}"] = _attribute(name)
        if value is None:
            removals.append(f"#{name}")
            differing.append(f"attribute_exists(#{name})")
            conditions += _readable(name, values)
        else:
            values[f":{name}"] = _to_value(value)
            assignments.append(f"#{name} = :{name}")
            differing.append(f"attribute_not_exists(#{name}) OR #{name} <> :{name}")
    conditions.append(f"({' OR '.join(differing)})")
    _require(preconditions, conditions, values)
    removed = f" REMOVE {', '.join(removals)}" if removals else ""
    return {
        "UpdateExpression": f"SET {', '.join(assignments)}{removed} ADD #version :one",
        "ConditionExpression": " AND ".join(conditions),
        "ExpressionAttributeNames": names,
        "ExpressionAttributeValues": values,
    }


def _readable(name: str, values: "dict[str, AttributeValueTypeDef]") -> list[str]:
    """Return the clause that the stored choice is one of this release, and add its values. Empty for other fields."""
    if name not in _CHOICES:
        return []
    choices = {f":{name}_{number}": _to_value(choice) for number, choice in enumerate(_CHOICES[name])}
    values |= choices
    return [f"(attribute_not_exists(#{name}) OR #{name} IN ({', '.join(choices)}))"]


def _holds(stored: Profile, expected: Mapping[str, Value], preconditions: Preconditions) -> bool:
    as_expected = all(getattr(stored, name) == value for name, value in expected.items())
    return as_expected and preconditions.allow(stored.version)


def _as_expected(stored: Profile | None, expected: Mapping[str, Value], preconditions: Preconditions) -> Profile:
    if stored is None or not _holds(stored, expected, preconditions):
        raise Mismatch(stored)
    return stored


def _done_before(
    stored: Profile,
    changes: Mapping[str, Value],
    expected: Mapping[str, Value],
    now: datetime,
    preconditions: Preconditions,
) -> bool:
    """Whether there is nothing left to change: it was so, or this very request has done it and its answer was lost."""
    if any(getattr(stored, name) != value for name, value in changes.items()):
        return False
    return _holds(stored, expected, preconditions) or timestamp(stored.updated_at) == timestamp(now)


def _stored(failed: ClientError) -> Item:
    """What a failed condition found; empty where there is no item."""
    item: Item = failed.response.get("Item", {})  # type: ignore[assignment]  # not in the stubs
    return item


def _attribute(field: str) -> str:
    return KEY if field == "id" else field


_STORED: Final = {name: _attribute(name) for name in Profile.model_fields}


def _to_value(value: Value) -> "AttributeValueTypeDef":
    match value:
        case bool():
            return {"BOOL": value}
        case int():
            return {"N": str(value)}
        case datetime():
            return {"S": timestamp(value.astimezone(UTC))}
        case date():
            return {"S": value.isoformat()}
        case Picture():
            return {"M": {name: _to_value(getattr(value, name)) for name in Picture.model_fields}}
        case StrEnum():
            return {"S": value.value}
        case str():
            return {"S": value}
    raise TypeError(f"no attribute type for {type(value).__name__}")


def to_item(profile: Profile) -> "dict[str, AttributeValueTypeDef]":
    """A profile as an item; what is None stays away."""
    fields = {name: getattr(profile, name) for name in Profile.model_fields}
    return {_attribute(name): _to_value(value) for name, value in fields.items() if value is not None}


def to_profile(item: Item) -> Profile:
    """Return the profile of an item. Raises UnreadableItem.

    An optional value that this release cannot read, such as a blood group of a later release, reads as null
    and stays in the item.
    """
    return _read(item)[0]


def _read(item: Item) -> tuple[Profile, frozenset[str]]:
    """Return the profile of an item, and the names of the fields that cannot be read."""
    fields = {name: _from_value(item[attribute]) for name, attribute in _STORED.items() if attribute in item}
    try:
        return Profile.model_validate(fields), frozenset()
    except ValidationError as exc:
        unreadable = frozenset(str(problem["loc"][0]) for problem in exc.errors())
    try:
        profile = Profile.model_validate({name: value for name, value in fields.items() if name not in unreadable})
    except ValidationError as exc:
        raise UnreadableItem from exc
    logs.event("stored values not readable", logging.WARNING, fields=sorted(unreadable))
    return profile, unreadable


def _from_value(typed: "AttributeValueTypeDef") -> Any:
    """Return the value of an attribute. A type that no profile has is returned as it is, and is not valid then."""
    ((kind, value),) = typed.items()
    if kind in ("S", "BOOL"):
        return value
    if kind == "N" and value.isdecimal():  # type: ignore[attr-defined]
        return int(value)  # type: ignore[call-overload]
    if kind == "M":  # a picture; a later release may know more of it
        return {name: _from_value(value[name]) for name in Picture.model_fields if name in value}  # type: ignore[index,operator]
    return typed


def _to_held(item: Item) -> Held:
    key, changes = (_from_value(item[name]) if name in item else None for name in _OF_PICTURE[1:])
    return Held(to_profile(item), key, changes or 0, to_lease_state(item))


def to_lease_state(item: Item) -> LeaseState:
    """The lease and the count of an item; those of an item without them are empty."""
    names = ("picture_lease_until", "picture_uploads_on", "picture_uploads")
    until, day, uploads = (_from_value(item[name]) if name in item else None for name in names)
    return LeaseState(until or 0, day or "", uploads or 0)


def _at(stored: Held, now: datetime) -> bool:
    return timestamp(stored.profile.updated_at) == timestamp(now)
