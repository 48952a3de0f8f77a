"""The KMS key that encrypts the tables and the bucket."""

from typing import Any, Final

from local.stack import STACK_NAME

_ALIAS: Final = f"alias/{STACK_NAME}"


def ensure_key(kms: Any) -> str:
    """Create the key unless its alias exists. Return the key's ARN."""
    aliases = {alias["AliasName"]: alias["TargetKeyId"] for alias in kms.list_aliases()["Aliases"]}
    if _ALIAS not in aliases:
        aliases[_ALIAS] = kms.create_key(Description=STACK_NAME)["KeyMetadata"]["KeyId"]
        kms.create_alias(AliasName=_ALIAS, TargetKeyId=aliases[_ALIAS])
    return str(kms.describe_key(KeyId=aliases[_ALIAS])["KeyMetadata"]["Arn"])
