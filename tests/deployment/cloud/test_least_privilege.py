"""Each role has the permissions that its function needs and no other: without any one of them a use of it fails."""

import json
import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from local.function_archive import build_function_archive
from local.resources.tables import create_users_table
from tests.support.data import SUB
from tests.support.deployed_stage import BUCKET, NAME, RECORDS_TABLE, TABLE, DeployedStage
from tests.support.role_probes import ROLES, RoleProbes, role_arn
from tests.support.users import UserFactory


@pytest.fixture(scope="module")
def role_probes(deployed_stage: DeployedStage, signed_up_user: UserFactory) -> RoleProbes:
    return RoleProbes(deployed_stage, signed_up_user)


def get_policy(deployed_stage: DeployedStage, role: str) -> dict[str, Any]:
    policy = deployed_stage.client("iam").get_role_policy(RoleName=f"{NAME}-{role}", PolicyName="function")
    return dict(policy["PolicyDocument"])


def put_policy(deployed_stage: DeployedStage, role: str, document: dict[str, Any]) -> None:
    deployed_stage.client("iam").put_role_policy(
        RoleName=f"{NAME}-{role}", PolicyName="function", PolicyDocument=json.dumps(document)
    )


def without_action(statements: list[dict[str, Any]], sid: str, action: str) -> list[dict[str, Any]]:
    """Return the statements without an action of one of them."""
    reduced = [
        {
            **statement,
            "Action": [allowed for allowed in statement["Action"] if (statement["Sid"], allowed) != (sid, action)],
        }
        for statement in statements
    ]
    return [statement for statement in reduced if statement["Action"]]


@pytest.fixture
def policy(deployed_stage: DeployedStage, request: pytest.FixtureRequest) -> Iterator[tuple[str, list[dict[str, Any]]]]:
    """Return a role and the statements of its policy. The policy is restored afterwards."""
    document = get_policy(deployed_stage, request.param)
    yield request.param, document["Statement"]
    put_policy(deployed_stage, request.param, document)


@pytest.mark.parametrize("policy", ROLES, indirect=True)
def test_every_permission_of_a_role_is_needed(
    deployed_stage: DeployedStage, role_probes: RoleProbes, policy: tuple[str, list[dict[str, Any]]]
) -> None:
    role, statements = policy
    assert role_probes.all_pass(role)
    for sid, action in [(statement["Sid"], action) for statement in statements for action in statement["Action"]]:
        reduced = {"Version": "2012-10-17", "Statement": without_action(statements, sid, action)}
        put_policy(deployed_stage, role, reduced)
        assert not role_probes.all_pass(role), f"{role} works without {action} in {sid}"
    put_policy(deployed_stage, role, {"Version": "2012-10-17", "Statement": statements})
    assert role_probes.all_pass(role), "a failed use has broken the later ones"


PROBE_HANDLER = """
import boto3
from botocore.exceptions import ClientError
def handler(event, context):
    try:
        getattr(boto3.client(event["service"]), event["call"])(**event["arguments"])
    except ClientError as exc:
        return exc.response["Error"]["Code"]
    return "done"
"""


@pytest.fixture(scope="module")
def call_as_role(deployed_stage: DeployedStage) -> Iterator[Callable[..., str]]:
    """Make a call to AWS with the permissions of a role. Returns `done` or the error code of AWS."""
    lambda_, function_names = deployed_stage.client("lambda"), set[str]()

    def call(role: str, service: str, call: str, **arguments: Any) -> str:
        name = f"probe-{role}"
        if name not in function_names:
            lambda_.create_function(
                FunctionName=name,
                Role=role_arn(role),
                Runtime="python3.12",
                Handler="probe.handler",
                Code={"ZipFile": build_function_archive("probe.py", PROBE_HANDLER)},
            )
            function_names.add(name)
        event = json.dumps({"service": service, "call": call, "arguments": arguments})
        return str(json.load(lambda_.invoke(FunctionName=name, Payload=event)["Payload"]))

    yield call
    for name in function_names:
        lambda_.delete_function(FunctionName=name)


@pytest.fixture(scope="module")
def table_of_other_stage(deployed_stage: DeployedStage) -> Iterator[str]:
    dynamodb, table = deployed_stage.client("dynamodb"), "Users-qa"
    create_users_table(dynamodb, table)
    yield table
    dynamodb.delete_table(TableName=table)


KEY = {"user_id": {"S": SUB}}
TABLE_CALLS: dict[str, dict[str, Any]] = {
    "get_item": {"Key": KEY},
    "put_item": {"Item": KEY},
    "update_item": {"Key": KEY},
    "delete_item": {"Key": KEY},
    "scan": {},
}


@pytest.mark.parametrize("call", ["get_item", "update_item", "delete_item", "scan"])
def test_post_confirmation_can_only_create_profiles(call_as_role: Callable[..., str], call: str) -> None:
    assert call_as_role("post_confirmation", "dynamodb", "put_item", TableName=TABLE, Item=KEY) == "done"
    outcome = call_as_role("post_confirmation", "dynamodb", call, TableName=TABLE, **TABLE_CALLS[call])
    assert outcome == "AccessDeniedException"


@pytest.mark.parametrize("role", ROLES)
def test_no_role_can_use_the_table_of_another_stage(
    call_as_role: Callable[..., str], table_of_other_stage: str, role: str
) -> None:
    for call, arguments in TABLE_CALLS.items():
        outcome = call_as_role(role, "dynamodb", call, TableName=table_of_other_stage, **arguments)
        assert outcome == "AccessDeniedException"


@pytest.mark.parametrize("role", sorted({*ROLES} - {"api_handler", "check_file", "erase_user", "reconcile"}))
def test_only_functions_of_files_can_read_records(call_as_role: Callable[..., str], role: str) -> None:
    key = {**KEY, "record": {"S": "file-quota"}}
    for call, arguments in (("get_item", {"Key": key}), ("put_item", {"Item": key}), ("scan", {})):
        assert call_as_role(role, "dynamodb", call, TableName=RECORDS_TABLE, **arguments) == "AccessDeniedException"


@pytest.mark.parametrize("role", ROLES)
def test_no_role_can_delete_profiles(call_as_role: Callable[..., str], role: str) -> None:
    assert call_as_role(role, "dynamodb", "delete_item", TableName=TABLE, Key=KEY) == "AccessDeniedException"


@pytest.mark.parametrize("role", sorted({*ROLES} - {"erase_user", "reconcile"}))
def test_only_background_functions_can_delete_users(
    deployed_stage: DeployedStage, call_as_role: Callable[..., str], role: str
) -> None:
    user_pool_id = deployed_stage.outputs["user_pool_id"]
    outcome = call_as_role(role, "cognito-idp", "admin_delete_user", UserPoolId=user_pool_id, Username=SUB)
    assert outcome == "AccessDeniedException"


def delete_version_as_role(
    deployed_stage: DeployedStage, call_as_role: Callable[..., str], role: str, kind: str = "uploads"
) -> str:
    """Put an object and delete its only version. Returns `done` or the error code of AWS."""
    key = f"{kind}/{SUB}/1"
    version = deployed_stage.client("s3").put_object(Bucket=BUCKET, Key=key, Body=b"x")["VersionId"]
    return call_as_role(role, "s3", "delete_object", Bucket=BUCKET, Key=key, VersionId=version)


@pytest.mark.parametrize("role", sorted({*ROLES} - {"erase_user"}))
def test_only_erasure_can_delete_object_versions(
    deployed_stage: DeployedStage, call_as_role: Callable[..., str], role: str
) -> None:
    assert delete_version_as_role(deployed_stage, call_as_role, role) == "AccessDenied"
    assert delete_version_as_role(deployed_stage, call_as_role, "erase_user") == "done"


@pytest.mark.parametrize(("kind", "expected"), [("files", "done"), ("pictures", "AccessDenied")])
def test_file_check_can_delete_versions_of_files_only(
    deployed_stage: DeployedStage, call_as_role: Callable[..., str], kind: str, expected: str
) -> None:
    assert delete_version_as_role(deployed_stage, call_as_role, "check_file", kind) == expected


@pytest.mark.parametrize(
    ("kind", "expected"), [("files", "done"), ("pictures", "done"), ("uploads", "done"), ("other", "AccessDenied")]
)
def test_erasure_can_list_only_objects_of_users(call_as_role: Callable[..., str], kind: str, expected: str) -> None:
    outcome = call_as_role("erase_user", "s3", "list_object_versions", Bucket=BUCKET, Prefix=f"{kind}/{SUB}/")
    assert outcome == expected


@pytest.mark.parametrize("role", ROLES)
def test_no_role_can_set_the_tag_of_a_scan(
    deployed_stage: DeployedStage, call_as_role: Callable[..., str], role: str
) -> None:
    key = f"files/{SUB}/1"
    deployed_stage.client("s3").put_object(Bucket=BUCKET, Key=key, Body=b"x")
    tags = {"TagSet": [{"Key": "GuardDutyMalwareScanStatus", "Value": "NO_THREATS_FOUND"}]}
    assert call_as_role(role, "s3", "put_object_tagging", Bucket=BUCKET, Key=key, Tagging=tags) == "AccessDenied"


def test_no_role_has_a_wildcard_where_an_arn_is_possible(deployed_stage: DeployedStage) -> None:
    for role in ROLES:
        for statement in get_policy(deployed_stage, role)["Statement"]:
            assert not [action for action in statement["Action"] if "*" in action]
            resources = statement["Resource"] if isinstance(statement["Resource"], list) else [statement["Resource"]]
            if statement["Sid"] == "Traces":  # X-Ray has no resources
                continue
            for resource in resources:  # keys of objects and log streams are not known in advance
                assert "*" not in re.sub(r"(:|/files/|/pictures/|/uploads/)\*$", "", resource)
