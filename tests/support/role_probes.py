"""Uses of each function of a deployed stage that need all permissions of its role."""

import json
from typing import Any, Final

import requests

from tests.support.aws import get_item, require_item
from tests.support.data import PROFILE_BODY, SUB
from tests.support.deployed_stage import BUCKET, NAME, TABLE, DeployedStage
from tests.support.events import SCHEDULED_EVENT
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
from tests.support.user_pool_calls import refresh_tokens, reset_password, update_as_admin
from tests.support.users import PASSWORD, User, UserFactory, delete_stored_profile

ROLES: Final = (
    "api_handler",
    "check_picture",
    "pre_sign_up",
    "post_confirmation",
    "post_authentication",
    "reconcile",
)
_PHONE_NUMBER: Final = "+4915112345678"
_ACCOUNT_ID: Final = "000000000000"


def role_arn(role: str) -> str:
    return f"arn:aws:iam::{_ACCOUNT_ID}:role/{NAME}-{role}"


class RoleProbes:
    """Uses functions for their purpose. A method with the name of a role returns True if its function works."""

    def __init__(self, deployed_stage: DeployedStage, signed_up_user: UserFactory) -> None:
        self._stage, self._signed_up_user = deployed_stage, signed_up_user
        self._dynamodb = deployed_stage.client("dynamodb")
        self._user_pool_id = deployed_stage.outputs["user_pool_id"]

    def all_pass(self, role: str) -> bool:
        """Return True if the function of a role works, writes its log and may write traces."""
        return bool(getattr(self, role)()) and self._writes_log(role) and self._can_write_traces(role)

    def api_handler(self) -> bool:
        user = self._signed_up_user()
        status_of_put = user.put({**PROFILE_BODY, "name": "Jane R. Roe"}).status
        delete_stored_profile(user)
        return (status_of_put, user.get().status) == (200, 200) and self._can_use_pictures(user)

    def check_picture(self) -> bool:
        user = self._signed_up_user()
        return set_picture(user, upload_file(user)).status == 200

    def pre_sign_up(self) -> bool:
        return bool(self._signed_up_user().sub)

    def post_confirmation(self) -> bool:
        user = self._signed_up_user()
        return bool(get_item(self._dynamodb, TABLE, user.sub)) and self._reset_revokes_tokens(user)

    def post_authentication(self) -> bool:
        user = self._signed_up_user()
        update_as_admin(user, phone_number=_PHONE_NUMBER, phone_number_verified="true")
        user.client.sign_in(user.email, PASSWORD)
        return bool(require_item(self._dynamodb, TABLE, user.sub)["phone_number"] == {"S": _PHONE_NUMBER})

    def reconcile(self) -> bool:
        """Let it provision a profile, delete health attributes of another user and delete an orphan with a picture."""
        without_profile, with_profile = self._signed_up_user(), self._signed_up_user()
        delete_stored_profile(without_profile)
        self._dynamodb.put_item(
            TableName=TABLE,
            Item={"user_id": {"S": SUB}, "version": {"N": "1"}, "created_at": {"S": "2026-01-01T00:00:00Z"}},
        )
        s3 = self._stage.client("s3")
        s3.put_object(Bucket=BUCKET, Key=f"pictures/{SUB}/1/2", Body=b"x")
        event = {**SCHEDULED_EVENT, "detail": {"delete_all_orphans": True, "max_seconds": 60}}
        response = self._stage.client("lambda").invoke(FunctionName=f"{NAME}-reconcile", Payload=json.dumps(event))
        report = json.load(response["Payload"])
        orphan = get_item(self._dynamodb, TABLE, SUB)
        self._dynamodb.delete_item(TableName=TABLE, Key={"user_id": {"S": SUB}})
        pictures = s3.list_objects_v2(Bucket=BUCKET, Prefix=f"pictures/{SUB}/").get("Contents")
        finished = "FunctionError" not in response and report["status"] == "finished"
        provisioned = bool(get_item(self._dynamodb, TABLE, without_profile.sub))
        attributes = {pair["Name"] for pair in self._get_user_attributes(with_profile)}
        cleared = not any(name.startswith("custom:") for name in attributes)
        return finished and provisioned and cleared and not orphan and not pictures and self._has_rare_permissions()

    def _can_use_pictures(self, user: User) -> bool:
        form = create_upload(user).body
        is_uploaded = post_form(form, make_image()).status_code == 204
        response = set_picture(user, form["upload_id"])
        if not is_uploaded or response.status != 200:
            return False
        is_readable = requests.get(get_link(user).body["url"], timeout=20).status_code == 200
        kinds_before = list_stored_kinds(user)
        is_deleted = delete_picture(user).status == 200
        return is_readable and is_deleted and (kinds_before, list_stored_kinds(user)) == (["pictures"], [])

    def _reset_revokes_tokens(self, user: User) -> bool:
        reset_password(user)
        try:
            refresh_tokens(user)
        except user.client.cognito.exceptions.NotAuthorizedException:
            return True
        return False

    def _get_user_attributes(self, user: User) -> Any:
        return self._stage.client("cognito-idp").admin_get_user(UserPoolId=self._user_pool_id, Username=user.sub)[
            "UserAttributes"
        ]

    def _has_rare_permissions(self) -> bool:
        """Return True if the role of `reconcile` has the permissions that a test cannot make it use.

        It cannot, because no account is old enough to be deleted, no run is long enough for a second one, and no run
        fails.
        """
        arns = {
            "cognito-idp:AdminDeleteUser": f"arn:aws:cognito-idp:us-east-1:{_ACCOUNT_ID}:userpool/{self._user_pool_id}",
            "lambda:InvokeFunction": f"arn:aws:lambda:us-east-1:{_ACCOUNT_ID}:function:{NAME}-reconcile",
            "sqs:SendMessage": f"arn:aws:sqs:us-east-1:{_ACCOUNT_ID}:{NAME}-failed-reconciliations",
        }
        return all(self._is_allowed_only_on("reconcile", action, arn) for action, arn in arns.items())

    def _is_allowed_only_on(self, role: str, action: str, arn: str) -> bool:
        """Return True if a role is allowed an action on one resource, but not on another."""
        on_resource, on_other = (
            self._stage.client("iam").simulate_principal_policy(
                PolicySourceArn=role_arn(role), ActionNames=[action], ResourceArns=[resource]
            )["EvaluationResults"][0]["EvalDecision"]
            for resource in (arn, f"{arn}-of-another-stage")
        )
        return bool(on_resource == "allowed" and on_other != "allowed")

    def _writes_log(self, role: str) -> bool:
        """Return True if a run of the function creates a log stream."""
        group = f"/aws/lambda/{NAME}" + ("" if role == "api_handler" else f"-{role}")
        before = self._count_log_streams(group)
        getattr(self, role)()
        return self._count_log_streams(group) > before

    def _count_log_streams(self, group: str) -> int:
        pages = self._stage.client("logs").get_paginator("describe_log_streams").paginate(logGroupName=group)
        return sum(len(page["logStreams"]) for page in pages)

    def _can_write_traces(self, role: str) -> bool:
        """Return True if the policy allows it. The embedded AWS has no X-Ray that could receive a trace."""
        response = self._stage.client("iam").simulate_principal_policy(
            PolicySourceArn=role_arn(role), ActionNames=["xray:PutTelemetryRecords", "xray:PutTraceSegments"]
        )
        return all(result["EvalDecision"] == "allowed" for result in response["EvaluationResults"])
