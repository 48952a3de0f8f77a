"""Each role may do what its function does, and each permission is needed: without it something fails."""

import io
import json
import zipfile
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import requests

from tests.deployment.cloud.conftest import BUCKET, STAGE, DeployedStage
from tests.support.data import SUB
from tests.support.picture_client import (
    create_upload,
    delete_picture,
    get_link,
    list_stored_kinds,
    post_form,
    set_picture,
    upload_file,
)
from tests.support.sample_images import make_image
from tests.support.user_pool_calls import NEW_PASSWORD, RESET_CODE, client_parameters, refresh_tokens
from tests.support.users import PASSWORD, User

NewUser = Callable[..., User]
ROLES = ["api_handler", "check_picture", "pre_sign_up", "post_confirmation", "post_authentication", "reconcile"]
TABLE = f"Users-{STAGE}"
PHONE = "+4915112345678"


class Probes:
    """What shows that a function can do its work. Each answers whether it could."""

    def __init__(self, cloud: DeployedStage, new_user: NewUser) -> None:
        self.cloud, self.new_user = cloud, new_user
        self.dynamodb = cloud.client("dynamodb")
        self.pool = {"UserPoolId": cloud.outputs["user_pool_id"]}

    def item(self, user: User) -> Any:
        return self.dynamodb.get_item(TableName=TABLE, Key={"user_id": {"S": user.sub}}, ConsistentRead=True).get(
            "Item"
        )

    def forget(self, user: User) -> None:
        self.dynamodb.delete_item(TableName=TABLE, Key={"user_id": {"S": user.sub}})

    def api_handler(self) -> bool:
        user = self.new_user()
        body = {"name": "Jane R. Roe", "dob": "1985-01-31", "gender": "Female", "blood_group": "O-"}
        edited = user.put(body).status
        self.forget(user)
        return (edited, user.get().status) == (200, 200) and self.pictures(user)

    def pictures(self, user: User) -> bool:
        form = create_upload(user).body
        arrived = post_form(form, make_image()).status_code == 204
        chosen = set_picture(user, form["upload_id"])
        if not arrived or chosen.status != 200:
            return False
        seen = requests.get(get_link(user).body["url"], timeout=20).status_code == 200
        first = list_stored_kinds(user)
        removed = delete_picture(user).status == 200
        return seen and removed and (first, list_stored_kinds(user)) == (["pictures"], [])

    def check_picture(self) -> bool:
        user = self.new_user()
        return set_picture(user, upload_file(user)).status == 200

    def pre_sign_up(self) -> bool:
        return bool(self.new_user().sub)

    def post_confirmation(self) -> bool:
        user = self.new_user()
        return bool(self.item(user)) and self.reset_ends_sessions(user)

    def reset_ends_sessions(self, user: User) -> bool:
        cognito = user.client.cognito
        cognito.forgot_password(**client_parameters(user))
        cognito.confirm_forgot_password(**client_parameters(user), ConfirmationCode=RESET_CODE, Password=NEW_PASSWORD)
        try:
            refresh_tokens(user)
        except cognito.exceptions.NotAuthorizedException:
            return True
        return False

    def post_authentication(self) -> bool:
        user = self.new_user()
        verified = [{"Name": "phone_number", "Value": PHONE}, {"Name": "phone_number_verified", "Value": "true"}]
        cognito = self.cloud.client("cognito-idp")
        cognito.admin_update_user_attributes(**self.pool, Username=user.email, UserAttributes=verified)
        user.client.sign_in(user.email, PASSWORD)
        return bool(self.item(user)["phone_number"] == {"S": PHONE})

    def reconcile(self) -> bool:
        user, stored = self.new_user(), self.new_user()
        self.forget(user)
        self.dynamodb.put_item(
            TableName=TABLE,
            Item={"user_id": {"S": SUB}, "version": {"N": "1"}, "created_at": {"S": "2026-01-01T00:00:00Z"}},
        )
        s3 = self.cloud.client("s3")
        s3.put_object(Bucket=BUCKET, Key=f"pictures/{SUB}/1/2", Body=b"x")
        event = json.loads(EVENT)
        answer = self.cloud.client("lambda").invoke(
            FunctionName=f"healthtech-{STAGE}-reconcile", Payload=json.dumps(event)
        )
        report = json.load(answer["Payload"])
        left = self.dynamodb.get_item(TableName=TABLE, Key={"user_id": {"S": SUB}}).get("Item")
        self.dynamodb.delete_item(TableName=TABLE, Key={"user_id": {"S": SUB}})
        pictures = s3.list_objects_v2(Bucket=BUCKET, Prefix=f"pictures/{SUB}/").get("Contents")
        done = "FunctionError" not in answer and report["status"] == "finished" and bool(self.item(user))
        cleared = not any(it["Name"].startswith("custom:") for it in self.attributes(stored))
        return done and cleared and not left and not pictures and self.reconcile_may()

    def attributes(self, user: User) -> Any:
        return self.cloud.client("cognito-idp").admin_get_user(**self.pool, Username=user.sub)["UserAttributes"]

    def reconcile_may(self) -> bool:
        """No account is old enough to be deleted here, no walk long enough for a second run, and no run fails."""
        pool_arn = f"arn:aws:cognito-idp:us-east-1:000000000000:userpool/{self.pool['UserPoolId']}"
        function_arn = f"arn:aws:lambda:us-east-1:000000000000:function:healthtech-{STAGE}-reconcile"
        queue_arn = f"arn:aws:sqs:us-east-1:000000000000:healthtech-{STAGE}-failed-reconciliations"
        rights = {
            "cognito-idp:AdminDeleteUser": pool_arn,
            "lambda:InvokeFunction": function_arn,
            "sqs:SendMessage": queue_arn,
        }
        return all(self.may("reconcile", action, arn) for action, arn in rights.items())

    def may(self, role: str, action: str, arn: str) -> bool:
        """Return whether a role is allowed an action on one resource, and not on all resources."""
        iam = self.cloud.client("iam")
        decisions = [
            iam.simulate_principal_policy(
                PolicySourceArn=f"arn:aws:iam::000000000000:role/healthtech-{STAGE}-{role}",
                ActionNames=[action],
                ResourceArns=[resource],
            )["EvaluationResults"][0]["EvalDecision"]
            for resource in (arn, f"{arn}-of-another-stage")
        ]
        return bool(decisions[0] == "allowed" and decisions[1] != "allowed")

    def log(self, role: str) -> bool:
        """Its last run left a stream of its own in its log."""
        group = f"/aws/lambda/healthtech-{STAGE}" + ("" if role == "api_handler" else f"-{role}")
        before = self.streams(group)
        getattr(self, role)()
        return self.streams(group) > before

    def streams(self, group: str) -> int:
        pages = self.cloud.client("logs").get_paginator("describe_log_streams").paginate(logGroupName=group)
        return sum(len(page["logStreams"]) for page in pages)

    def traces(self, role: str) -> bool:
        """The embedded AWS has no X-Ray: that the role may write to it is all there is to ask."""
        actions = ["xray:PutTelemetryRecords", "xray:PutTraceSegments"]
        answer = self.cloud.client("iam").simulate_principal_policy(
            PolicySourceArn=f"arn:aws:iam::000000000000:role/healthtech-{STAGE}-{role}", ActionNames=actions
        )
        return all(result["EvalDecision"] == "allowed" for result in answer["EvaluationResults"])

    def all(self, role: str) -> bool:
        return bool(getattr(self, role)()) and self.log(role) and self.traces(role)


EVENT = json.dumps(
    {
        "version": "0", "id": "x", "detail-type": "Scheduled Event", "source": "test", "account": "", "time": "",
        "region": "", "resources": [], "detail": {"remove_all_orphans": True, "seconds": 60},
    }
)  # fmt: skip


@pytest.fixture(scope="module")
def probes(cloud: DeployedStage, new_user: NewUser) -> Probes:
    return Probes(cloud, new_user)


@pytest.fixture
def policy(cloud: DeployedStage, request: pytest.FixtureRequest) -> Iterator[tuple[str, list[dict[str, Any]]]]:
    """A role's name and its statements, put back afterwards."""
    iam, role = cloud.client("iam"), f"healthtech-{STAGE}-{request.param}"
    document = iam.get_role_policy(RoleName=role, PolicyName="function")["PolicyDocument"]
    yield request.param, document["Statement"]
    iam.put_role_policy(RoleName=role, PolicyName="function", PolicyDocument=json.dumps(document))


def put(cloud: DeployedStage, role: str, statements: list[dict[str, Any]]) -> None:
    document = json.dumps({"Version": "2012-10-17", "Statement": statements})
    cloud.client("iam").put_role_policy(
        RoleName=f"healthtech-{STAGE}-{role}", PolicyName="function", PolicyDocument=document
    )


def without(statements: list[dict[str, Any]], action: str) -> list[dict[str, Any]]:
    left = [
        {**it, "Action": [list_stored_kinds for list_stored_kinds in it["Action"] if list_stored_kinds != action]}
        for it in statements
    ]
    return [it for it in left if it["Action"]]


@pytest.mark.parametrize("policy", ROLES, indirect=True)
def test_nothing_that_a_role_may_do_can_be_taken_from_it(
    cloud: DeployedStage, probes: Probes, policy: tuple[str, list[dict[str, Any]]]
) -> None:
    role, statements = policy
    assert probes.all(role)
    for action in [action for statement in statements for action in statement["Action"]]:
        put(cloud, role, without(statements, action))
        assert not probes.all(role), f"{role} works without {action}"


CODE = """
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
def attempt(cloud: DeployedStage) -> Iterator[Callable[..., str]]:
    """Do something under a function's role; AWS's error code, or `done`."""
    lambda_, made = cloud.client("lambda"), set[str]()
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as file:
        file.writestr("probe.py", CODE)

    def call(role: str, service: str, call: str, **arguments: Any) -> str:
        name = f"probe-{role}"
        if name not in made:
            lambda_.create_function(
                FunctionName=name, Role=f"arn:aws:iam::000000000000:role/healthtech-{STAGE}-{role}",
                Runtime="python3.12", Handler="probe.handler", Code={"ZipFile": archive.getvalue()},
            )  # fmt: skip
            made.add(name)
        event = json.dumps({"service": service, "call": call, "arguments": arguments})
        return str(json.load(lambda_.invoke(FunctionName=name, Payload=event)["Payload"]))

    yield call
    for name in made:
        lambda_.delete_function(FunctionName=name)


@pytest.fixture(scope="module")
def another_stage_s_table(cloud: DeployedStage) -> Iterator[str]:
    dynamodb, table = cloud.client("dynamodb"), "Users-qa"
    dynamodb.create_table(
        TableName=table,
        KeySchema=[{"AttributeName": "user_id", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "user_id", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )
    yield table
    dynamodb.delete_table(TableName=table)


KEY = {"user_id": {"S": SUB}}
CALLS: dict[str, dict[str, Any]] = {
    "get_item": {"Key": KEY},
    "put_item": {"Item": KEY},
    "update_item": {"Key": KEY},
    "delete_item": {"Key": KEY},
    "scan": {},
}


@pytest.mark.parametrize("call", ["get_item", "update_item", "delete_item", "scan"])
def test_the_trigger_that_stores_profiles_can_neither_read_nor_delete_them(
    attempt: Callable[..., str], call: str
) -> None:
    assert attempt("post_confirmation", "dynamodb", "put_item", TableName=TABLE, Item=KEY) == "done"
    assert attempt("post_confirmation", "dynamodb", call, TableName=TABLE, **CALLS[call]) == "AccessDeniedException"


@pytest.mark.parametrize("role", ROLES)
def test_no_role_touches_another_stage_s_table(
    attempt: Callable[..., str], another_stage_s_table: str, role: str
) -> None:
    for call, arguments in CALLS.items():
        assert attempt(role, "dynamodb", call, TableName=another_stage_s_table, **arguments) == "AccessDeniedException"


def test_no_role_has_a_wildcard_where_an_arn_can_stand(cloud: DeployedStage) -> None:
    iam = cloud.client("iam")
    for role in ROLES:
        document = iam.get_role_policy(RoleName=f"healthtech-{STAGE}-{role}", PolicyName="function")["PolicyDocument"]
        for statement in document["Statement"]:
            assert not [action for action in statement["Action"] if "*" in action]
            resources = statement["Resource"] if isinstance(statement["Resource"], list) else [statement["Resource"]]
            if statement["Sid"] == "Traces":  # X-Ray knows no narrower resource
                continue
            for resource in resources:  # an object's key, and a log's stream, are not known before
                assert "*" not in resource.removesuffix(":*").removesuffix("/uploads/*").removesuffix("/pictures/*")
