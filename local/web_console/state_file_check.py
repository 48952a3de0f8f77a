"""The check of a state file before an import: its users, the items of its tables, and its objects.

An import deletes all state, so a file is decoded and checked completely before. An error names the invalid part as a
JSON Pointer (RFC 6901), such as /tables/Users/0.
"""

import base64
import binascii
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any, Final, NoReturn

from local.web_console.replies import RequestRejected

FORMAT: Final = "healthtech-local-state"
VERSION: Final = 1
_OTHER_FILE: Final = "The file was not exported by this console."
_MAX_KEY_BYTES: Final = 1024  # of an object in S3
_USER_FIELDS: Final[Mapping[str, tuple[type | tuple[type, ...], str]]] = {
    "Username": (str, "a string"),
    "Attributes": (list, "a list"),
    "UserCreateDate": ((int, float), "a number"),
    "UserLastModifiedDate": ((int, float), "a number"),
    "Enabled": (bool, "true or false"),
    "UserStatus": (str, "a string"),
    "MFAOptions": (list, "a list"),
    "_password": (str, "a string"),
    "_groups": (list, "a list"),
    "_tokens": (list, "a list"),
}

Item = dict[str, Any]


@dataclass(frozen=True)
class TableSchema:
    """The key of a table, and the types of the attributes of its key and of its indexes: "S", "N" or "B"."""

    key: tuple[str, ...]
    types: Mapping[str, str]


@dataclass(frozen=True)
class StoredObject:
    """An object of the bucket. `tags` contain the result of the malware scan."""

    key: str
    content_type: str
    metadata: Mapping[str, str]
    content: bytes
    tags: Mapping[str, str]


@dataclass(frozen=True)
class State:
    """The users of the user pool by user name, the items of each table, and the objects of the bucket."""

    users: Mapping[str, Any]
    tables: Mapping[str, Sequence[Item]]
    objects: Sequence[StoredObject]


def parse_file(body: bytes) -> Any:
    """Return the content of a file. Raises RequestRejected if the file is not JSON."""
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        raise RequestRejected(_OTHER_FILE) from None


def check_state(content: Any, schemas: Mapping[str, TableSchema]) -> State:
    """Return the state that a file contains. Raises RequestRejected with the first invalid part."""
    _require_format(content)
    unknown = content["tables"].keys() - schemas.keys()
    if unknown:
        raise RequestRejected(f"The file has items of tables that do not exist here: {', '.join(sorted(unknown))}")
    _check_users(content["users"])
    tables = {
        table: _decode_items(items, schemas[table], f"/tables/{table}") for table, items in content["tables"].items()
    }
    return State(content["users"], tables, _decode_objects(content["objects"]))


def _require_format(content: Any) -> None:
    if not isinstance(content, dict) or content.get("format") != FORMAT:
        raise RequestRejected(_OTHER_FILE)
    if content.get("version") != VERSION:
        raise RequestRejected(f"The file has version {content.get('version')}. This console imports version {VERSION}.")
    types = {"users": dict, "tables": dict, "objects": list}
    if any(not isinstance(content.get(name), kind) for name, kind in types.items()):
        raise RequestRejected("The file is incomplete.")


def _reject(pointer: str, rule: str) -> NoReturn:
    raise RequestRejected(f"The file was not imported: {pointer} {rule}.")


def _require(is_valid: bool, pointer: str, rule: str) -> None:
    if not is_valid:
        _reject(pointer, rule)


def _check_users(users: Mapping[str, Any]) -> None:
    subs: set[str] = set()
    for name, user in users.items():
        pointer = f"/users/{name}"
        _require(isinstance(user, dict), pointer, "must be an object")
        for field, (kind, description) in _USER_FIELDS.items():
            value = user.get(field)
            is_valid = isinstance(value, kind) and (kind is bool or not isinstance(value, bool))
            _require(is_valid, f"{pointer}/{field}", f"must be {description}")
        _require(user["Username"] == name, f"{pointer}/Username", "must be the key of the user")
        sub = _find_sub(user["Attributes"], f"{pointer}/Attributes")
        _require(sub not in subs, f"{pointer}/Attributes", "has the sub of another user")
        subs.add(sub)


def _find_sub(attributes: Sequence[Any], pointer: str) -> str:
    for index, pair in enumerate(attributes):
        is_pair = isinstance(pair, dict) and all(isinstance(pair.get(name), str) for name in ("Name", "Value"))
        _require(is_pair, f"{pointer}/{index}", "must have a Name and a Value")
    sub = next((str(pair["Value"]) for pair in attributes if pair["Name"] == "sub"), "")
    _require(sub != "", pointer, "must contain the sub of the user")
    return sub


def _decode_items(items: Any, schema: TableSchema, pointer: str) -> list[Item]:
    _require(isinstance(items, list), pointer, "must be a list")
    decoded = [_decode_item(item, schema, f"{pointer}/{index}") for index, item in enumerate(items)]
    keys: set[str] = set()
    for index, item in enumerate(decoded):
        key = repr([item[name] for name in schema.key])
        _require(key not in keys, f"{pointer}/{index}", "has the key of another item")
        keys.add(key)
    return decoded


def _decode_item(item: Any, schema: TableSchema, pointer: str) -> Item:
    _require(isinstance(item, dict), pointer, "must be an object")
    decoded = {name: decode_value(value, f"{pointer}/{name}") for name, value in item.items()}
    for name in schema.key:
        _require(name in decoded, pointer, f"must have the key {name}")
        _require(decoded[name] != {"S": ""}, f"{pointer}/{name}", "must not be empty")
    for name, kind in schema.types.items():
        _require(name not in decoded or kind in decoded[name], f"{pointer}/{name}", f"must have the type {kind}")
    return decoded


def decode_value(value: Any, pointer: str) -> Item:
    """Return a DynamoDB JSON value with its binary values decoded from base64. Raises RequestRejected."""
    _require(isinstance(value, dict) and len(value) == 1, pointer, "must have exactly one DynamoDB type")
    ((kind, content),) = value.items()
    match kind, content:
        case ("S", str()) | ("BOOL", bool()) | ("NULL", True):
            return {kind: content}
        case ("N", str()):
            return {kind: _require_number(content, pointer)}
        case ("B", str()):
            return {kind: decode_base64(content, pointer)}
        case (("SS" | "NS" | "BS"), [_, *_]):
            parts = [decode_value({kind[0]: part}, f"{pointer}/{kind}/{index}") for index, part in enumerate(content)]
            return {kind: [part[kind[0]] for part in parts]}
        case ("L", list()):
            return {kind: [decode_value(part, f"{pointer}/L/{index}") for index, part in enumerate(content)]}
        case ("M", dict()):
            return {kind: {name: decode_value(part, f"{pointer}/M/{name}") for name, part in content.items()}}
    _reject(pointer, "must be a DynamoDB value")


def _require_number(text: str, pointer: str) -> str:
    try:
        is_number = Decimal(text).is_finite()
    except InvalidOperation:
        is_number = False
    _require(is_number, pointer, "must be a number")
    return text


def decode_base64(text: Any, pointer: str) -> bytes:
    """Return binary content. Raises RequestRejected if it is not in base64."""
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, TypeError, ValueError):
        _reject(pointer, "must be in base64")


def _decode_objects(objects: Sequence[Any]) -> list[StoredObject]:
    decoded = [_decode_object(stored, f"/objects/{index}") for index, stored in enumerate(objects)]
    keys: set[str] = set()
    for index, stored in enumerate(decoded):
        _require(stored.key not in keys, f"/objects/{index}/key", "is the key of another object")
        keys.add(stored.key)
    return decoded


def _decode_object(stored: Any, pointer: str) -> StoredObject:
    """Return an object. Files of earlier versions have no tags. The malware scan then adds them after the import."""
    _require(isinstance(stored, dict), pointer, "must be an object")
    key, content_type = stored.get("key"), stored.get("content_type")
    is_key = isinstance(key, str) and 0 < len(key.encode(errors="replace")) <= _MAX_KEY_BYTES
    _require(is_key, f"{pointer}/key", f"must be a string of 1 to {_MAX_KEY_BYTES} bytes")
    _require(_is_header(content_type), f"{pointer}/content_type", "must be a media type")
    for name in ("metadata", "tags"):
        values = stored.get(name, {})
        is_valid = isinstance(values, dict) and all(_is_header(text) for pair in values.items() for text in pair)
        _require(is_valid, f"{pointer}/{name}", "must be an object with strings")
    content = decode_base64(stored.get("content"), f"{pointer}/content")
    return StoredObject(str(key), str(content_type), stored.get("metadata", {}), content, stored.get("tags", {}))


def _is_header(text: Any) -> bool:
    return isinstance(text, str) and text.isascii() and text.isprintable()
