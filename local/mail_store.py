"""The mails that Cognito has sent. The embedded AWS keeps them until it stops."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from local.console_operations_client import ConsoleOperationsClient


class MailNotFound(Exception):
    """No mail with a code was sent to an address since the embedded AWS started."""


def list_mails(operations: ConsoleOperationsClient) -> list[dict[str, Any]]:
    """Return all mails, newest first."""
    mails = operations.call("mails")["mails"]
    return [_to_entry(mail) for mail in sorted(mails, key=lambda mail: -mail["Timestamp"])]


def require_code(operations: ConsoleOperationsClient, address: str) -> str:
    """Return the code in the newest mail to an address. Raises MailNotFound if there is none."""
    for mail in list_mails(operations):
        if address in mail["to"] and mail["code"]:
            return str(mail["code"])
    raise MailNotFound(f"There is no mail with a code to {address}.")


def delete_mails(operations: ConsoleOperationsClient) -> None:
    """Delete all mails."""
    operations.call("delete-mails")


def _to_entry(mail: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "id": mail["MessageId"],
        "from": mail["Source"],
        "to": mail.get("To", []),
        "subject": mail.get("Subject", ""),
        "text": mail.get("BodyText") or mail.get("BodyHtml") or "",
        "code": mail.get("Code"),
        "purpose": mail.get("Purpose", "other"),
        "sent_at": datetime.fromtimestamp(mail["Timestamp"], UTC).isoformat(timespec="milliseconds"),
    }
