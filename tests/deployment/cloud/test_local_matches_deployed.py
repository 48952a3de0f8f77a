"""The resources of `make run` and those of Terraform are equal, as AWS describes them."""

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest

from local.emulator_clients import EmulatorConnection, emulator_client
from local.function_definitions import FUNCTIONS
from local.stack import STACK_NAME, Stack
from tests.support.deployed_stage import ORIGIN, STAGE, DeployedStage
from tests.support.stack import RunningStack

# Names, numbers and dates that differ between any two stacks.
IGNORED_FIELDS = {
    "Arn", "ClientId", "CreatedAt", "CreationDate", "CreationDateTime", "EarliestRestorableDateTime",
    "EstimatedNumberOfUsers", "Id", "ItemCount", "KMSMasterKeyArn", "KMSMasterKeyID", "LastModifiedDate",
    "LastUpdateToPayPerRequestDateTime", "LatestRestorableDateTime", "ResponseMetadata", "TableArn", "TableId",
    "TableSizeBytes", "Tags", "UserPoolId", "UserPoolTags",
}  # fmt: skip


def describe_stack(stack: Stack, name: str) -> dict[str, Any]:
    """Return the descriptions of a stack's resources as path -> value. Names and addresses are replaced."""
    cognito, dynamodb, s3 = (emulator_client(service, stack) for service in ("cognito-idp", "dynamodb", "s3"))
    events, guardduty = (emulator_client(service, stack) for service in ("events", "guardduty"))
    (plan,) = guardduty.list_malware_protection_plans()["MalwareProtectionPlans"]
    tables = {"profiles": stack.table, "records": stack.records_table}
    pool, bucket = {"UserPoolId": stack.user_pool_id}, {"Bucket": stack.bucket}
    descriptions = {
        "pool": cognito.describe_user_pool(**pool)["UserPool"],
        "mfa": cognito.get_user_pool_mfa_config(**pool),
        "client": cognito.describe_user_pool_client(**pool, ClientId=stack.user_pool_client_id)["UserPoolClient"],
        "tables": {
            kind: {
                "settings": dynamodb.describe_table(TableName=table)["Table"],
                "expiry": dynamodb.describe_time_to_live(TableName=table),
                "backups": dynamodb.describe_continuous_backups(TableName=table),
            }
            for kind, table in tables.items()
        },
        "scans": guardduty.get_malware_protection_plan(**plan),
        "scan results": events.describe_rule(Name=f"{name}-scan-results"),
        "scan result target": events.list_targets_by_rule(Rule=f"{name}-scan-results"),
        "bucket": {
            call: getattr(s3, f"get_{call}")(**bucket)
            for call in (
                "bucket_cors", "bucket_encryption", "bucket_lifecycle_configuration", "bucket_ownership_controls",
                "bucket_notification_configuration", "bucket_policy", "bucket_versioning", "public_access_block",
            )
        },
    }  # fmt: skip
    return dict(flatten(descriptions, {**list_names(stack, name), ORIGIN: "ORIGIN", "*": "ORIGIN"}))


def list_names(stack: Stack, name: str) -> dict[str, str]:
    """Return the names of a stack's resources, and their replacements."""
    return {stack.table: "TABLE", stack.records_table: "RECORDS", stack.bucket: "BUCKET", name: "NAME"}


def flatten(value: Any, names: dict[str, str], path: str = "") -> Iterator[tuple[str, Any]]:
    """Yield the path and the value of each leaf. Lists of named entries are ordered by name."""
    if path.endswith(("/Policy", "/EventPattern")):
        value = json.loads(value)
    if isinstance(value, dict):
        for key, inner in value.items():
            if key not in IGNORED_FIELDS:
                yield from flatten(inner, names, f"{path}/{key}")
    elif isinstance(value, list):
        if all(isinstance(entry, dict) and "Name" in entry for entry in value):
            yield from flatten({entry["Name"]: entry for entry in value}, names, path)
        elif all(isinstance(entry, str) for entry in value):
            yield path, sorted(normalize(entry, names) for entry in value)
        else:
            yield from flatten(dict(enumerate(value)), names, path)
    else:
        yield path, normalize(value, names) if isinstance(value, str) else value


def normalize(text: str, names: dict[str, str]) -> str:
    """Replace the names of a stack's resources."""
    if text in names:
        return names[text]
    for name in sorted(names, key=len, reverse=True):
        if len(name) > 1:
            text = text.replace(name, names[name])
    return text


def test_local_resources_match_deployed_ones(deployed_stage: DeployedStage, stack: RunningStack) -> None:
    local, deployed = (
        describe_stack(stack.outputs, STACK_NAME),
        describe_stack(deployed_stage.stack, f"healthtech-{STAGE}"),
    )
    assert len(deployed) > 100
    differing = [
        f"{path}: {local.get(path)!r} locally, {deployed.get(path)!r} by Terraform"
        for path in sorted(local.keys() | deployed.keys())
        if (local.get(path) or None) != (deployed.get(path) or None)  # an absent value means off
    ]
    assert not differing, "\n".join(differing)


@pytest.mark.parametrize("handler", FUNCTIONS)
def test_local_function_has_the_limits_of_the_deployed(
    deployed_stage: DeployedStage, stack: RunningStack, handler: str
) -> None:
    local, deployed = (
        emulator_client("lambda", aws).get_function_configuration(FunctionName=f"{prefix}-{handler}")
        for aws, prefix in ((stack.outputs, STACK_NAME), (deployed_stage.aws, f"healthtech-{STAGE}"))
    )
    assert (local["Timeout"], local["MemorySize"]) == (deployed["Timeout"], deployed["MemorySize"])


@pytest.mark.parametrize("handler", FUNCTIONS)
def test_local_function_has_the_permissions_of_the_deployed(
    deployed_stage: DeployedStage, stack: RunningStack, handler: str
) -> None:
    name = f"healthtech-{STAGE}"
    local = list_permissions(stack.outputs, list_names(stack.outputs, STACK_NAME), f"{STACK_NAME}-{handler}")
    deployed = list_permissions(deployed_stage.aws, list_names(deployed_stage.stack, name), f"{name}-{handler}")
    assert local == deployed


def list_permissions(aws: EmulatorConnection, names: dict[str, str], role: str) -> set[tuple[str, ...]]:
    """Return each action of a role with a resource, and the prefixes for which it can list objects."""
    document = emulator_client("iam", aws).get_role_policy(RoleName=role, PolicyName="function")["PolicyDocument"]
    return {
        (action, re.sub("userpool/.*", "userpool/*", normalize(resource, names)), *list_prefixes(statement))
        for statement in document["Statement"]
        for resource in to_list(statement["Resource"])
        for action in to_list(statement["Action"])
        # The local stack has neither traces nor a schedule, and so no queue for failed runs.
        if not action.startswith(("xray:", "sqs:"))
    }


def list_prefixes(statement: dict[str, Any]) -> list[str]:
    return to_list(statement.get("Condition", {}).get("StringLike", {}).get("s3:prefix", []))


def to_list(value: str | list[str]) -> list[str]:
    """Return the list that a value of a policy means."""
    return [value] if isinstance(value, str) else value


def test_differences_are_reported_by_field() -> None:
    assert dict(flatten({"pool": {"MfaConfiguration": "OFF", "Id": "x"}}, {})) == {"/pool/MfaConfiguration": "OFF"}
