"""Add missing custom attributes to a user pool. Terraform runs this script after it has created the user pool.

Environment variables: USER_POOL_ID, REGION, and CUSTOM_ATTRIBUTES, a JSON object that maps each name to its maximum
length in characters. AWS_ENDPOINT_URL is set for the embedded AWS only. The script needs boto3 and no other package.
"""

import json
import os
import sys
from collections.abc import Mapping
from typing import Any

try:
    import boto3
    from botocore.exceptions import BotoCoreError, ClientError
except ImportError:
    sys.exit("custom_attributes.py needs boto3: run make once, or pip install boto3")


def add_missing_attributes(
    cognito: Any, user_pool_id: str, attributes: Mapping[str, int], *, is_emulated: bool = False
) -> list[str]:
    """Add the attributes that the user pool does not have. Return their names, with the prefix `custom:`.

    Raises RuntimeError if the user pool does not have one of them afterwards.
    """
    existing = _existing_attributes(cognito, user_pool_id)
    missing = {name: max_length for name, max_length in attributes.items() if f"custom:{name}" not in existing}
    for name, max_length in missing.items():
        _add_attribute(cognito, user_pool_id, name, max_length, is_emulated=is_emulated)
    not_added = {f"custom:{name}" for name in missing} - _existing_attributes(cognito, user_pool_id)
    if not_added:
        raise RuntimeError(f"the user pool did not add {', '.join(sorted(not_added))}")
    return [f"custom:{name}" for name in missing]


def _existing_attributes(cognito: Any, user_pool_id: str) -> set[str]:
    user_pool = cognito.describe_user_pool(UserPoolId=user_pool_id)["UserPool"]
    return {attribute["Name"] for attribute in user_pool["SchemaAttributes"]}


def _add_attribute(cognito: Any, user_pool_id: str, name: str, max_length: int, *, is_emulated: bool) -> None:
    attribute = {
        "AttributeDataType": "String",
        "Mutable": True,
        "StringAttributeConstraints": {"MinLength": "0", "MaxLength": str(max_length)},
    }
    try:
        # AWS adds the prefix to every name, including `gender`.
        cognito.add_custom_attributes(UserPoolId=user_pool_id, CustomAttributes=[{"Name": name, **attribute}])
    except cognito.exceptions.InvalidParameterException:
        if f"custom:{name}" in _existing_attributes(cognito, user_pool_id):  # a concurrent run has added it
            return
        # On AWS, a name with the prefix would become custom:custom:gender, and an attribute cannot be removed.
        if not is_emulated:
            raise
        # The embedded AWS accepts the name of a standard attribute only with the prefix.
        prefixed = {"Name": f"custom:{name}", **attribute}
        cognito.add_custom_attributes(UserPoolId=user_pool_id, CustomAttributes=[prefixed])


def main() -> None:
    """Add the attributes of CUSTOM_ATTRIBUTES and print their names."""
    cognito = boto3.client("cognito-idp", region_name=os.environ["REGION"])
    try:
        added = add_missing_attributes(
            cognito,
            os.environ["USER_POOL_ID"],
            json.loads(os.environ["CUSTOM_ATTRIBUTES"]),
            is_emulated=bool(os.environ.get("AWS_ENDPOINT_URL")),
        )
    except (BotoCoreError, ClientError, RuntimeError) as exc:
        sys.exit(f"custom attributes: {exc}")
    print("added:", ", ".join(added) or "none")


if __name__ == "__main__":
    main()
