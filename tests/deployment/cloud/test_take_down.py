"""`make destroy`: never by accident, and then all of it."""

import pytest

from tests.deployment.cloud.conftest import BUCKET, STAGE, DeployedStage
from tests.support.users import User

pytestmark = pytest.mark.last


def test_a_protected_stage_is_not_taken_down(cloud: DeployedStage, user: User) -> None:
    done = cloud.make("destroy", f"STAGE={STAGE}")
    assert done.returncode != 0
    assert "Deletion protection is enabled" in done.stderr
    assert f"TF_VAR_deletion_protection=false make deploy STAGE={STAGE}" in done.stderr
    assert user.get().status == 200


def test_an_unprotected_stage_is_taken_down_whole(cloud: DeployedStage) -> None:
    s3 = cloud.client("s3")
    s3.put_object(Bucket=BUCKET, Key="uploads/forgotten", Body=b"x")
    lifted = cloud.make("deploy", f"STAGE={STAGE}", TF_VAR_deletion_protection="false")
    assert lifted.returncode == 0, lifted.stdout + lifted.stderr
    done = cloud.make("destroy", f"STAGE={STAGE}")
    assert done.returncode == 0, done.stdout + done.stderr
    assert not cloud.client("lambda").list_functions()["Functions"]
    assert not cloud.client("lambda").list_layers()["Layers"]
    assert not cloud.api_ids
    assert not cloud.client("dynamodb").list_tables()["TableNames"]
    assert f"healthtech-{STAGE}" not in {
        pool["Name"] for pool in cloud.client("cognito-idp").list_user_pools(MaxResults=60)["UserPools"]
    }
    assert BUCKET not in {bucket["Name"] for bucket in s3.list_buckets()["Buckets"]}
    assert not cloud.client("logs").describe_log_groups()["logGroups"]
    assert not cloud.client("cloudwatch").describe_alarms()["MetricAlarms"]
    assert not cloud.client("events").list_rules()["Rules"]
    left = {role["RoleName"] for role in cloud.client("iam").list_roles()["Roles"]}
    assert left == {"api-gateway-logs-us-east-1"}  # the account's, which other stages need
    again = cloud.make("destroy", f"STAGE={STAGE}")
    assert (again.returncode != 0, again.stderr.splitlines()[0]) == (True, f"The stage {STAGE} is not deployed.")
