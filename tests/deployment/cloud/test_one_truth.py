"""What Terraform makes and what `make run` makes are the same, as AWS describes it."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from local.emulator_clients import EmulatorConnection, emulator_client
from local.function_definitions import CHECK_PICTURE_FUNCTION, RECONCILE_FUNCTION, TRIGGERS
from local.stack import STACK_NAME, Stack
from tests.deployment.cloud.conftest import ORIGIN, STAGE, DeployedStage
from tests.support.stack import RunningStack

# A name, a number or a date of one of the two: no difference.
OF_ONE_ALONE = {
    "Arn", "ClientId", "CreationDate", "CreationDateTime", "EarliestRestorableDateTime", "EstimatedNumberOfUsers",
    "Id", "ItemCount", "KMSMasterKeyArn", "KMSMasterKeyID", "LastModifiedDate", "LastUpdateToPayPerRequestDateTime",
    "LatestRestorableDateTime", "ResponseMetadata", "TableArn", "TableId", "TableSizeBytes", "UserPoolId",
    "UserPoolTags",
}  # fmt: skip


def described(stack: Stack, name: str) -> dict[str, Any]:
    """All that AWS tells of a stack, as path -> value; its names and addresses replaced by what they stand for."""
    cognito, dynamodb, s3 = (emulator_client(it, stack) for it in ("cognito-idp", "dynamodb", "s3"))
    pool, bucket = {"UserPoolId": stack.user_pool_id}, {"Bucket": stack.bucket}
    told = {
        "pool": cognito.describe_user_pool(**pool)["UserPool"],
        "mfa": cognito.get_user_pool_mfa_config(**pool),
        "client": cognito.describe_user_pool_client(**pool, ClientId=stack.user_pool_client_id)["UserPoolClient"],
        "table": dynamodb.describe_table(TableName=stack.table)["Table"],
        "backups": dynamodb.describe_continuous_backups(TableName=stack.table),
        "bucket": {
            call: getattr(s3, f"get_{call}")(**bucket)
            for call in (
                "bucket_cors", "bucket_encryption", "bucket_lifecycle_configuration", "bucket_ownership_controls",
                "bucket_policy", "bucket_versioning", "public_access_block",
            )
        },
    }  # fmt: skip
    names = {stack.table: "TABLE", stack.bucket: "BUCKET", name: "NAME", ORIGIN: "ORIGIN", "*": "ORIGIN"}
    return dict(flat(told, names))


def flat(value: Any, names: dict[str, str], path: str = "") -> Iterator[tuple[str, Any]]:
    if path.endswith("/Policy"):
        value = json.loads(value)
    if isinstance(value, dict):
        for key, inner in value.items():
            if key not in OF_ONE_ALONE:
                yield from flat(inner, names, f"{path}/{key}")
    elif isinstance(value, list):
        if all(isinstance(it, dict) and "Name" in it for it in value):
            yield from flat({it["Name"]: it for it in value}, names, path)
        elif all(isinstance(it, str) for it in value):
            yield path, sorted(plain(it, names) for it in value)
        else:
            yield from flat(dict(enumerate(value)), names, path)
    else:
        yield path, plain(value, names) if isinstance(value, str) else value


def plain(text: str, names: dict[str, str]) -> str:
    if text in names:
        return names[text]
    for name in sorted(names, key=len, reverse=True):
        if len(name) > 1:
            text = text.replace(name, names[name])
    return text


def test_the_local_stack_is_the_deployed_one(cloud: DeployedStage, run: RunningStack) -> None:
    local, deployed = described(run.outputs, STACK_NAME), described(cloud.outputs, f"healthtech-{STAGE}")
    assert len(deployed) > 100
    differing = [
        f"{path}: {local.get(path)!r} locally, {deployed.get(path)!r} by Terraform"
        for path in sorted(local.keys() | deployed.keys())
        if (local.get(path) or None) != (deployed.get(path) or None)  # what is not told is off
    ]
    assert not differing, "\n".join(differing)


@pytest.mark.parametrize(
    "handler", [*(handler for handler, _ in TRIGGERS.values()), RECONCILE_FUNCTION, CHECK_PICTURE_FUNCTION]
)
def test_a_local_function_may_do_what_the_deployed_one_may(
    cloud: DeployedStage, run: RunningStack, handler: str
) -> None:
    def actions(aws: EmulatorConnection, role: str, policy: str) -> set[str]:
        iam = emulator_client("iam", aws)
        document = iam.get_role_policy(RoleName=role, PolicyName=policy)["PolicyDocument"]
        return {action for statement in document["Statement"] for action in statement["Action"]}

    local = actions(run.outputs, f"{STACK_NAME}-{handler}", "trigger")
    deployed = actions(cloud.aws, f"healthtech-{STAGE}-{handler}", "function")
    # The laptop has no traces, and no queue for failed runs of a schedule, which it does not have either.
    assert local == {action for action in deployed if not action.startswith(("xray:", "sqs:"))}


def test_a_difference_is_told_by_its_field(tmp_path: Path) -> None:
    assert dict(flat({"pool": {"MfaConfiguration": "OFF", "Id": "x"}}, {})) == {"/pool/MfaConfiguration": "OFF"}
