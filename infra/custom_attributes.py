"""Add to a user pool the custom attributes that it lacks. Terraform runs this after it has made the pool.

USER_POOL_ID, REGION, and CUSTOM_ATTRIBUTES: a JSON object, name -> longest text in characters. AWS_ENDPOINT_URL is set
for the embedded AWS alone. Imports boto3 alone.
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


def add_missing(
    cognito: Any, user_pool_id: str, attributes: Mapping[str, int], *, is_emulated: bool = False
) -> list[str]:
    """The names that were added, with their prefix. Raises RuntimeError where the pool does not take one."""
    missing = {
        name: longest for name, longest in attributes.items() if f"custom:{name}" not in _known(cognito, user_pool_id)
    }
    for name, longest in missing.items():
        _add(cognito, user_pool_id, name, longest, is_emulated=is_emulated)
    left = {f"custom:{name}" for name in missing} - _known(cognito, user_pool_id)
    if left:
        raise RuntimeError(f"the user pool has not taken {', '.join(sorted(left))}")
    return [f"custom:{name}" for name in missing]


def _known(cognito: Any, user_pool_id: str) -> set[str]:
    pool = cognito.describe_user_pool(UserPoolId=user_pool_id)["UserPool"]
    return {attribute["Name"] for attribute in pool["SchemaAttributes"]}


def _add(cognito: Any, user_pool_id: str, name: str, longest: int, *, is_emulated: bool) -> None:
    attribute = {
        "AttributeDataType": "String",
        "Mutable": True,
        "StringAttributeConstraints": {"MinLength": "0", "MaxLength": str(longest)},
    }
    try:
        # AWS puts the prefix before any name, gender included.
        cognito.add_custom_attributes(UserPoolId=user_pool_id, CustomAttributes=[{"Name": name, **attribute}])
    except cognito.exceptions.InvalidParameterException:
        if f"custom:{name}" in _known(cognito, user_pool_id):  # another run has added it meanwhile
            return
        # On AWS the next name would become custom:custom:gender, and an attribute can't be removed.
        if not is_emulated:
            raise
        # The embedded AWS takes a standard attribute's name only with the prefix.
        prefixed = {"Name": f"custom:{name}", **attribute}
        cognito.add_custom_attributes(UserPoolId=user_pool_id, CustomAttributes=[prefixed])


def main() -> None:
    cognito = boto3.client("cognito-idp", region_name=os.environ["REGION"])
    try:
        added = add_missing(
            cognito,
            os.environ["USER_POOL_ID"],
            json.loads(os.environ["CUSTOM_ATTRIBUTES"]),
            is_emulated=bool(os.environ.get("AWS_ENDPOINT_URL")),
        )
    except (BotoCoreError, ClientError, RuntimeError) as exc:
        sys.exit(f"custom attributes: {exc}")
    print("added:", ", ".join(added) or "nothing")


if __name__ == "__main__":
    main()
