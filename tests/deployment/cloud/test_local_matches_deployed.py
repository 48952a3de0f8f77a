"""The resources of `make run` and those of Terraform are equal, as AWS describes them."""

import json
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
    "Arn", "ClientId", "CreationDate", "CreationDateTime", "EarliestRestorableDateTime", "EstimatedNumberOfUsers",
    "Id", "ItemCount", "KMSMasterKeyArn", "KMSMasterKeyID", "LastModifiedDate", "LastUpdateToPayPerRequestDateTime",
    "LatestRestorableDateTime", "ResponseMetadata", "TableArn", "TableId", "TableSizeBytes", "UserPoolId",
    "UserPoolTags",
}  # fmt: skip


def describe_stack(stack: Stack, name: str) -> dict[str, Any]:
    """Return the descriptions of a stack's resources as path -> value. Names and addresses are replaced."""
    cognito, dynamodb, s3 = (emulator_client(service, stack) for service in ("cognito-idp", "dynamodb", "s3"))
    pool, bucket = {"UserPoolId": stack.user_pool_id}, {"Bucket": stack.bucket}
    descriptions = {
        "pool": cognito.describe_user_pool(**pool)["UserPool"],
        "mfa": cognito.get_user_pool_mfa_config(**pool),
        "client": cognito.describe_user_pool_client(**pool, ClientId=stack.user_pool_client_id)["UserPoolClient"],
        "tables": {
            name: {
                "table": dynamodb.describe_table(TableName=table)["Table"],
                "expiry": dynamodb.describe_time_to_live(TableName=table),
                "backups": dynamodb.describe_continuous_backups(TableName=table),
            }
            for name, table in (("profiles", stack.table), ("records", stack.records_table))
        },
        "bucket": {
            call: getattr(s3, f"get_{call}")(**bucket)
            for call in (
                "bucket_cors", "bucket_encryption", "bucket_lifecycle_configuration", "bucket_ownership_controls",
                "bucket_notification_configuration", "bucket_policy", "bucket_versioning", "public_access_block",
            )
        },
        "scan_results": describe_rule(emulator_client("events", stack), f"{name}-scan-results"),
        "scanner": describe_scanner(emulator_client("guardduty", stack)),
    }  # fmt: skip
    names = {
        stack.table: "TABLE", stack.records_table: "RECORDS", stack.bucket: "BUCKET", name: "NAME", ORIGIN: "ORIGIN",
        "*": "ORIGIN",
    }  # fmt: skip
    return dict(flatten(descriptions, names))


def describe_rule(events: Any, name: str) -> dict[str, Any]:
    """Return the pattern and the targets of a rule of EventBridge."""
    targets = events.list_targets_by_rule(Rule=name)["Targets"]
    return {
        "pattern": json.loads(events.describe_rule(Name=name)["EventPattern"]),
        "targets": [target["Arn"] for target in targets],
    }


def describe_scanner(guardduty: Any) -> dict[str, Any]:
    """Return the only malware protection plan."""
    (plan,) = guardduty.list_malware_protection_plans()["MalwareProtectionPlans"]
    description = guardduty.get_malware_protection_plan(MalwareProtectionPlanId=plan["MalwareProtectionPlanId"])
    return {name: description[name] for name in ("Actions", "ProtectedResource", "Role")}


def flatten(value: Any, names: dict[str, str], path: str = "") -> Iterator[tuple[str, Any]]:
    """Yield the path and the value of each leaf. Lists of named entries are ordered by name."""
    if path.endswith("/Policy"):
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
    def list_actions(aws: EmulatorConnection, role: str, policy: str) -> set[str]:
        iam = emulator_client("iam", aws)
        document = iam.get_role_policy(RoleName=role, PolicyName=policy)["PolicyDocument"]
        return {action for statement in document["Statement"] for action in statement["Action"]}

    local_actions = list_actions(stack.outputs, f"{STACK_NAME}-{handler}", "trigger")
    deployed_actions = list_actions(deployed_stage.aws, f"healthtech-{STAGE}-{handler}", "function")
    # The local stack has neither traces nor a schedule, and so no queue for failed runs.
    assert local_actions == {action for action in deployed_actions if not action.startswith(("xray:", "sqs:"))}


def test_differences_are_reported_by_field() -> None:
    assert dict(flatten({"pool": {"MfaConfiguration": "OFF", "Id": "x"}}, {})) == {"/pool/MfaConfiguration": "OFF"}
