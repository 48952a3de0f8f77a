"""Parse the JSON output of Terraform.

https://developer.hashicorp.com/terraform/internals/machine-readable-ui
"""

import json
from collections.abc import Iterator
from typing import Any, Final

_CHANGE_LABELS: Final = {"add": "added", "change": "changed", "remove": "removed"}


def parse_changes(output: str) -> dict[str, int]:
    """Return how many resources `apply` has added, changed and removed, by `add`, `change` and `remove`."""
    changes = next(event["changes"] for event in _parse_events(output) if event["type"] == "change_summary")
    return {kind: changes[kind] for kind in _CHANGE_LABELS}


def describe_changes(changes: dict[str, int]) -> str:
    """Return a summary such as `2 added, 1 changed`."""
    parts = [f"{count} {_CHANGE_LABELS[kind]}" for kind, count in changes.items() if count]
    return ", ".join(parts) or "no changes"


def parse_errors(output: str) -> str:
    """Return the error messages, one per line, without duplicates."""
    diagnostics = [event["diagnostic"] for event in _parse_events(output) if event["type"] == "diagnostic"]
    errors = (
        f"{diagnostic['summary']}: {' '.join(diagnostic['detail'].split())}"
        for diagnostic in diagnostics
        if diagnostic["severity"] == "error"
    )
    return "\n".join(dict.fromkeys(errors))


def _parse_events(output: str) -> Iterator[dict[str, Any]]:
    for line in output.splitlines():
        try:
            event = json.loads(line)
        except ValueError:
            continue
        if isinstance(event, dict) and "type" in event:
            yield event
