"""`make destroy`: it needs a confirmation by configuration, and then deletes everything."""

import pytest

from tests.support.deployed_stage import BUCKET, NAME, STAGE, DeployedStage
from tests.support.users import User

pytestmark = pytest.mark.last


def test_protected_stage_is_not_destroyed(deployed_stage: DeployedStage, user: User) -> None:
    done = deployed_stage.make("destroy", f"STAGE={STAGE}")
    assert done.returncode != 0
    assert "Deletion protection is enabled" in done.stderr
    assert f"TF_VAR_deletion_protection=false make deploy STAGE={STAGE}" in done.stderr
    assert user.get().status == 200


def test_unprotected_stage_is_destroyed_completely(deployed_stage: DeployedStage) -> None:
    s3 = deployed_stage.client("s3")
    s3.put_object(Bucket=BUCKET, Key="uploads/forgotten", Body=b"x")
    unprotected = deployed_stage.make("deploy", f"STAGE={STAGE}", TF_VAR_deletion_protection="false")
    assert unprotected.returncode == 0, unprotected.stdout + unprotected.stderr
    done = deployed_stage.make("destroy", f"STAGE={STAGE}")
    assert done.returncode == 0, done.stdout + done.stderr
    assert not deployed_stage.client("lambda").list_functions()["Functions"]
    assert not deployed_stage.client("lambda").list_layers()["Layers"]
    assert not deployed_stage.api_ids
    assert not deployed_stage.client("dynamodb").list_tables()["TableNames"]
    assert NAME not in {
        pool["Name"] for pool in deployed_stage.client("cognito-idp").list_user_pools(MaxResults=60)["UserPools"]
    }
    assert BUCKET not in {bucket["Name"] for bucket in s3.list_buckets()["Buckets"]}
    assert not deployed_stage.client("logs").describe_log_groups()["logGroups"]
    assert not deployed_stage.client("cloudwatch").describe_alarms()["MetricAlarms"]
    assert not deployed_stage.client("events").list_rules()["Rules"]
    remaining = {role["RoleName"] for role in deployed_stage.client("iam").list_roles()["Roles"]}
    assert remaining == {"api-gateway-logs-us-east-1"}  # of the account: other stages need it
    second = deployed_stage.make("destroy", f"STAGE={STAGE}")
    assert (second.returncode != 0, second.stderr.splitlines()[0]) == (True, f"The stage {STAGE} is not deployed.")
