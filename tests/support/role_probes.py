"""Uses of each function of a deployed stage that need all permissions of its role."""

import json
import time
from collections.abc import Callable
from typing import Any, Final

import requests

from chalicelib.core.clock import utc_now
from local.malware_scan import EICAR_TEST_STRING
from tests.support import file_client
from tests.support.aws import get_item, require_item
from tests.support.data import PROFILE_BODY, SUB
from tests.support.deployed_stage import BUCKET, NAME, RECORDS_TABLE, TABLE, DeployedStage
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
from tests.support.stored_files import FileStore, generate_sub
from tests.support.user_pool_calls import refresh_tokens, reset_password, update_as_admin
from tests.support.users import PASSWORD, User, UserFactory, delete_stored_profile

ROLES: Final = (
    "api_handler",
    "check_file",
    "check_picture",
    "pre_sign_up",
    "post_confirmation",
    "post_authentication",
    "reconcile",
    "erase_user",
)
_PHONE_NUMBER: Final = "+4915112345678"
_ACCOUNT_ID: Final = "000000000000"
_ERASURE_SECONDS: Final = 10  # of a function that is invoked asynchronously


def role_arn(role: str) -> str:
    return f"arn:aws:iam::{_ACCOUNT_ID}:role/{NAME}-{role}"


def _log_group(role: str) -> str:
    return f"/aws/lambda/{NAME}" + ("" if role == "api_handler" else f"-{role}")


def _is_true_soon(condition: Callable[[], bool]) -> bool:
    """Return True once the condition is true, or False if an erasure would have ended before."""
    deadline = time.monotonic() + _ERASURE_SECONDS
    while time.monotonic() < deadline:
        if condition():
            return True
        time.sleep(0.1)
    return False


class RoleProbes:
    """Uses functions for their purpose. A method with the name of a role returns True if its function works."""

    def __init__(self, deployed_stage: DeployedStage, signed_up_user: UserFactory) -> None:
        self._stage, self._signed_up_user = deployed_stage, signed_up_user
        self._dynamodb = deployed_stage.client("dynamodb")
        self._user_pool_id = deployed_stage.outputs["user_pool_id"]
        self._files = FileStore(self._dynamodb, deployed_stage.client("s3"), RECORDS_TABLE, BUCKET)

    def all_pass(self, role: str) -> bool:
        """Return True if the function of a role works, writes its log and may write traces."""
        return bool(getattr(self, role)()) and self._writes_log(role) and self._can_write_traces(role)

    def api_handler(self) -> bool:
        user = self._signed_up_user()
        status_of_put = user.put({**PROFILE_BODY, "name": "Jane R. Roe"}).status
        delete_stored_profile(user)
        can_use_profile = (status_of_put, user.get().status) == (200, 200)
        can_use_objects = can_use_profile and self._can_use_pictures(user) and self._can_use_files(user)
        return can_use_objects and self._can_request_deletion(user)

    def check_file(self) -> bool:
        """Let it accept a file, reject one with malware, and release one that was not uploaded.

        The embedded AWS requires no permission to delete the only version of an object with DeleteObjects.
        """
        user_id = generate_sub()
        clean, infected = self._files.put_file(user_id), self._files.put_file(user_id, EICAR_TEST_STRING)
        missing = self._files.put_file(user_id, None, expires_at=utc_now())
        for file_id in (clean, infected):
            self._files.wait_for_scan(user_id, file_id)
        for file_id in (clean, infected, missing):
            if self._invoke("check_file", {"user_id": user_id, "file_id": file_id}) is None:
                return False
        statuses = [
            (self._files.get_file(user_id, file_id) or {}).get("status") for file_id in (clean, infected, missing)
        ]
        is_deleted = not self._files.list_versions(user_id, infected)
        return (
            statuses == [{"S": "available"}, {"S": "rejected"}, None]
            and is_deleted
            and self._can_delete_objects("check_file", "files")
            and self._is_allowed_only_on(
                "check_file", "s3:DeleteObjectVersion", f"arn:aws:s3:::{BUCKET}/files/x", f"arn:aws:s3:::{BUCKET}/x"
            )
        )

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
        """Let it provision a profile, delete health attributes of another user and let an orphan be erased.

        Let it also repair the counters of a user's files, and let a file that was not uploaded be released.
        """
        owner = generate_sub()
        self._files.put_quota(owner, bytes=1, files=1, changed_at=1, revision=1)
        self._files.put_file(owner)
        expired = self._files.put_file(owner, None, expires_at=utc_now())
        without_profile, with_profile = self._signed_up_user(), self._signed_up_user()
        delete_stored_profile(without_profile)
        self._dynamodb.put_item(
            TableName=TABLE,
            Item={"user_id": {"S": SUB}, "version": {"N": "1"}, "created_at": {"S": "2026-01-01T00:00:00Z"}},
        )
        event = {**SCHEDULED_EVENT, "detail": {"delete_all_orphans": True, "max_seconds": 60}}
        report = self._invoke("reconcile", event) or {}
        finished = report.get("status") == "finished"
        orphan_is_erased = finished and _is_true_soon(lambda: self._is_erased(SUB))
        self._dynamodb.delete_item(TableName=TABLE, Key={"user_id": {"S": SUB}})
        provisioned = bool(get_item(self._dynamodb, TABLE, without_profile.sub))
        attributes = {pair["Name"] for pair in self._get_user_attributes(with_profile)}
        cleared = not any(name.startswith("custom:") for name in attributes)
        is_released = finished and _is_true_soon(lambda: self._files.get_file(owner, expired) is None)
        is_repaired = self._files.get_quota(owner).get("files") == {"N": "1"}  # 2, minus the released one
        return all((orphan_is_erased, provisioned, cleared, is_released, is_repaired)) and self._has_rare_permissions()

    def erase_user(self) -> bool:
        """Let it erase a user with two versions of a picture, an upload, a file and a due deletion."""
        user = self._signed_up_user()
        set_picture(user, upload_file(user))
        delete_picture(user)
        set_picture(user, upload_file(user))
        upload_file(user)
        self._files.put_file(user.sub)
        self._schedule_deletion(user.sub)
        if self._invoke("erase_user", {"user_id": user.sub}) is None or not self._is_erased(user.sub):
            return False
        cognito, s3 = self._stage.client("cognito-idp"), self._stage.client("s3")
        users = cognito.list_users(UserPoolId=self._user_pool_id, Filter=f'sub = "{user.sub}"')["Users"]
        pages = [
            s3.list_object_versions(Bucket=BUCKET, Prefix=f"{kind}/{user.sub}/")
            for kind in ("files", "pictures", "uploads")
        ]
        remaining = [page for page in pages if page.get("Versions") or page.get("DeleteMarkers")]
        is_erased = not users and not remaining and not self._files.list_records(user.sub)
        return is_erased and self._can_delete_objects("erase_user", "files", "pictures", "uploads")

    def _can_delete_objects(self, role: str, *kinds: str) -> bool:
        """Return True if a role has the permission that the embedded AWS does not require.

        AWS requires it in addition to that for versions.
        """
        other = f"arn:aws:s3:::{BUCKET}/other/x"
        return all(
            self._is_allowed_only_on(role, "s3:DeleteObject", f"arn:aws:s3:::{BUCKET}/{kind}/x", other)
            for kind in kinds
        )

    def _schedule_deletion(self, sub: str) -> None:
        """Store the request of a deletion that is due."""
        attributes = {
            "deletion_status": "scheduled",
            "deletion_requested_at": "2026-01-01T00:00:00.000Z",
            "deletion_requested_by": "user",
            "deletion_erase_after": "2026-01-01T00:00:00.000Z",
            "deletion_username": sub,
        }
        item = require_item(self._dynamodb, TABLE, sub)
        values = {name: {"S": value} for name, value in attributes.items()}
        self._dynamodb.put_item(TableName=TABLE, Item={**item, **values})

    def _is_erased(self, sub: str) -> bool:
        item = get_item(self._dynamodb, TABLE, sub)
        return item is not None and item.get("deletion_status") == {"S": "erased"}

    def _can_request_deletion(self, user: User) -> bool:
        """Return True if the API signs the user out and starts the erasure, which signs the user out as well."""
        before = self._count_log_events("api_handler", "sessions not ended")
        response = user.client.call("DELETE", "/users/me", user.token)
        signs_out = self._count_log_events("api_handler", "sessions not ended") == before
        return response.status == 202 and signs_out and _is_true_soon(lambda: self._is_erased(user.sub))

    def _invoke(self, role: str, event: dict[str, Any]) -> dict[str, Any] | None:
        """Invoke a function. Return its result, or None if it fails."""
        response = self._stage.client("lambda").invoke(FunctionName=f"{NAME}-{role}", Payload=json.dumps(event))
        result = json.load(response["Payload"])
        if "FunctionError" in response:
            return None
        return result if isinstance(result, dict) else {"results": result}

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

    def _can_use_files(self, user: User) -> bool:
        try:
            file = file_client.upload_file(user)
        except AssertionError:
            return False
        is_listed = user.client.call("GET", file_client.FILES_PATH, user.token).status == 200
        if not is_listed or file.get("status") != "available":
            return False
        path = f"{file_client.FILES_PATH}/{file['id']}"
        link = user.client.call("GET", f"{path}/content", user.token).body["url"]
        is_readable = requests.get(link, timeout=20).status_code == 200
        is_changed = user.client.call("PATCH", path, user.token, {"name": "result.txt"}).status == 200
        is_deleted = user.client.call("DELETE", path, user.token).status == 204
        has_marker = any("ETag" not in version for version in self._files.list_versions(user.sub, file["id"]))
        return is_readable and is_changed and is_deleted and has_marker

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

    def _is_allowed_only_on(self, role: str, action: str, arn: str, other: str | None = None) -> bool:
        """Return True if a role is allowed an action on one resource, but not on another."""
        on_resource, on_other = (
            self._stage.client("iam").simulate_principal_policy(
                PolicySourceArn=role_arn(role), ActionNames=[action], ResourceArns=[resource]
            )["EvaluationResults"][0]["EvalDecision"]
            for resource in (arn, other or f"{arn}-of-another-stage")
        )
        return bool(on_resource == "allowed" and on_other != "allowed")

    def _writes_log(self, role: str) -> bool:
        """Return True if a run of the function creates a log stream."""
        group = _log_group(role)
        before = self._count_log_streams(group)
        getattr(self, role)()
        return self._count_log_streams(group) > before

    def _count_log_streams(self, group: str) -> int:
        pages = self._stage.client("logs").get_paginator("describe_log_streams").paginate(logGroupName=group)
        return sum(len(page["logStreams"]) for page in pages)

    def _count_log_events(self, role: str, text: str) -> int:
        response = self._stage.client("logs").filter_log_events(
            logGroupName=_log_group(role), filterPattern=f'"{text}"'
        )
        return sum(text in event["message"] for event in response["events"])

    def _can_write_traces(self, role: str) -> bool:
        """Return True if the policy allows it. The embedded AWS has no X-Ray that could receive a trace."""
        response = self._stage.client("iam").simulate_principal_policy(
            PolicySourceArn=role_arn(role), ActionNames=["xray:PutTelemetryRecords", "xray:PutTraceSegments"]
        )
        return all(result["EvalDecision"] == "allowed" for result in response["EvaluationResults"])
