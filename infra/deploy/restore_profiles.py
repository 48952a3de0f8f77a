"""Copy profiles from a restored table to the table of the stage.

Missing profiles are restored. Existing profiles are unchanged, unless they are to be overwritten.

An account that is erased, or whose deletion is scheduled, is never replaced: its item in the target table has the state
of the deletion. A missing item is copied with its deletion, so that reconciliation finishes it. A missing tombstone is
copied without a change.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from chalicelib.aws.dynamodb_expressions import UpdateBuilder
from chalicelib.profiles import deletion
from chalicelib.profiles.items import PARTITION_KEY
from chalicelib.profiles.repository import ORPHANED_SINCE
from infra.deploy.restore_pictures import PictureRestorer

RESTORED: Final = "restored"
OVERWRITTEN: Final = "overwritten"
UNCHANGED: Final = "unchanged"
# More versions than a profile gets between its backup and its loss. No version may be used twice.
_VERSION_GAP: Final = 1000
_DELETION_ATTRIBUTES: Final = frozenset(
    {deletion.STATUS, deletion.REQUESTED_AT, deletion.REQUESTED_BY, deletion.ERASE_AFTER, deletion.USERNAME}
)
# Differences in these attributes are no reason to overwrite a profile.
_IGNORED_ATTRIBUTES: Final = frozenset({"version", "picture_revision", ORPHANED_SINCE, *_DELETION_ATTRIBUTES})


@dataclass(frozen=True)
class RestoreOptions:
    """The options of `make restore`."""

    user: str | None = None  # the sub of the only user to restore
    overwrite: bool = False  # also replace existing profiles that differ
    dry_run: bool = False  # write nothing


def restore_profiles(
    dynamodb: Any, source: str, target: str, options: RestoreOptions, restore_picture: PictureRestorer
) -> Counter[str]:
    """Copy items to the target table. Return the number of profiles for each outcome.

    Each write is conditional, so profiles that change concurrently are not overwritten.
    """
    counts = Counter[str]()
    for item in _iter_items(dynamodb, source, options.user):
        if item[PARTITION_KEY]["S"].startswith("#"):
            continue  # internal item, such as a checkpoint of reconciliation
        current = dynamodb.get_item(
            TableName=target, Key={PARTITION_KEY: item[PARTITION_KEY]}, ConsistentRead=True
        ).get("Item")
        outcome = _choose_outcome(item, current, options)
        if outcome != UNCHANGED and not options.dry_run:
            if _put_conditionally(dynamodb, target, _build_item(restore_picture(item), current, outcome), current):
                restore_picture(item)  # again, because a concurrent picture update may have deleted it
            else:
                outcome = UNCHANGED
        counts[outcome] += 1
    return counts


def _choose_outcome(item: dict[str, Any], current: dict[str, Any] | None, options: RestoreOptions) -> str:
    if current is None:
        return RESTORED
    # A profile with a tombstone in the backup has no user. Reconciliation erases it with its pictures and files.
    if deletion.STATUS in current or _is_tombstone(item):
        return UNCHANGED
    # A later `created_at` means that the profile was lost and then provisioned again from the sign-up attributes.
    if current["created_at"]["S"] > item["created_at"]["S"]:
        return RESTORED
    if options.overwrite and _comparable_content(current) != _comparable_content(item):
        return OVERWRITTEN
    return UNCHANGED


def _comparable_content(item: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in item.items() if name not in _IGNORED_ATTRIBUTES}


def _is_tombstone(item: dict[str, Any]) -> bool:
    return deletion.get_status(item) is deletion.DeletionStatus.ERASED


def _put_conditionally(dynamodb: Any, table: str, item: dict[str, Any], current: dict[str, Any] | None) -> bool:
    """Write an item unless the stored one has changed or has a deletion. Return True if written."""
    condition = UpdateBuilder()
    if current is None:
        condition.require_absent(PARTITION_KEY)
    else:  # the request of a deletion does not change the version
        condition.require_equal("version", int(current["version"]["N"])).require_absent(deletion.STATUS)
    try:
        dynamodb.put_item(TableName=table, Item=item, **condition.build_condition())
    except dynamodb.exceptions.ConditionalCheckFailedException:
        return False
    return True


def _build_item(item: dict[str, Any], current: dict[str, Any] | None, outcome: str) -> dict[str, Any]:
    """Return the item to write.

    The user of an overwritten profile has cancelled a deletion since the backup, so it is not copied. A profile without
    a user gets a new grace period.
    """
    if _is_tombstone(item):
        return item
    excluded = {ORPHANED_SINCE} | (_DELETION_ATTRIBUTES if outcome == OVERWRITTEN else frozenset())
    return _with_new_versions({name: value for name, value in item.items() if name not in excluded}, current)


def _with_new_versions(item: dict[str, Any], current: dict[str, Any] | None) -> dict[str, Any]:
    """Return the item with a version and a picture revision that no client can have seen."""
    version = int(item["version"]["N"]) + _VERSION_GAP
    if current is not None:
        version = max(version, int(current["version"]["N"])) + 1
    item = {**item, "version": {"N": str(version)}}
    if revision := max(int(stored.get("picture_revision", {"N": "0"})["N"]) for stored in (item, current or {})):
        item = {**item, "picture_revision": {"N": str(revision + _VERSION_GAP)}}
    return item


def _iter_items(dynamodb: Any, table: str, user: str | None) -> Iterator[dict[str, Any]]:
    if user is None:
        for page in dynamodb.get_paginator("scan").paginate(TableName=table, ConsistentRead=True):
            yield from page["Items"]
    elif item := dynamodb.get_item(TableName=table, Key={PARTITION_KEY: {"S": user}}).get("Item"):
        yield item
