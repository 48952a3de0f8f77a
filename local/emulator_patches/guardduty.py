"""Amazon GuardDuty Malware Protection for S3, which MiniStack 1.5.33 lacks.

tests/integration/test_emulator_files.py fails when MiniStack has it.

A malware protection plan names a bucket, key prefixes and a role. Each new object below a prefix is scanned with the
permissions of the role, tagged with the result, and reported to EventBridge. As on AWS, this needs a bucket that sends
its events to EventBridge. local/malware_scan.py has the results.
"""

import asyncio
import functools
import json
import sys
import time
import uuid
from collections.abc import Callable
from typing import Any, Final
from urllib.parse import unquote

from local.malware_scan import ACCESS_DENIED, NEVER, TAG_KEY, ObjectVersion, build_event_detail, scan

HandlerResult = tuple[int, dict[str, str], bytes]
Plan = dict[str, Any]

_SERVICE: Final = "guardduty"
_PLANS_PATH: Final = "malware-protection-plan"
_SCAN_SECONDS: Final = 0.2  # a client can observe a file that is not scanned yet
_READ_ACTIONS: Final = ("s3:GetObject", "s3:GetObjectVersion")
_TAG_ACTIONS: Final = ("s3:PutObjectTagging", "s3:PutObjectVersionTagging")
_plans: dict[str, Plan] = {}


def install() -> None:
    """Add the service to MiniStack, and wrap MiniStack's sender of S3 events."""
    from ministack import app
    from ministack.services import s3

    app.SERVICE_HANDLERS[_SERVICE] = handle_request
    app.detect_service = _with_guardduty(app.detect_service)
    app._loaded_modules[_SERVICE] = sys.modules[__name__]  # MiniStack saves and loads the state of this module
    app._state_map[_SERVICE] = _SERVICE
    s3._fire_s3_event_async = _with_scan(s3._fire_s3_event_async)


def get_state() -> dict[str, Plan]:
    """Return the plans, which MiniStack saves."""
    return dict(_plans)


def load_persisted_state(plans: dict[str, Plan]) -> None:
    """Replace the plans with those that MiniStack has saved."""
    _plans.clear()
    _plans.update(plans)


def _with_guardduty(detect_service: Callable[..., str]) -> Callable[..., str]:
    @functools.wraps(detect_service)
    def wrapped(method: str, path: str, headers: dict[str, str], query: dict[str, Any]) -> str:
        if f"/{_SERVICE}/aws4_request" in headers.get("authorization", ""):
            return _SERVICE
        return detect_service(method, path, headers, query)

    return wrapped


async def handle_request(
    method: str, path: str, _headers: dict[str, str], body: bytes, query: dict[str, Any]
) -> HandlerResult:
    """Handle an operation on malware protection plans."""
    resource, _, name = unquote(path).strip("/").partition("/")
    request = json.loads(body) if body else {}
    if resource == "tags":
        return _handle_tags(method, name, request, query)
    if resource != _PLANS_PATH:
        return _respond({"message": "Only malware protection plans are emulated"}, 400, "BadRequestException")
    if not name:
        if method == "POST":
            return _respond({"malwareProtectionPlanId": _create_plan(request)})
        return _respond({"malwareProtectionPlans": [{"malwareProtectionPlanId": plan_id} for plan_id in _plans]})
    if name not in _plans:
        return _respond({"message": "The plan does not exist"}, 404, "ResourceNotFoundException")
    if method == "DELETE":
        del _plans[name]
    elif method == "PATCH":
        _update_plan(_plans[name], request)
    return _respond(_plans[name] if method == "GET" else {})


def _respond(content: Any, status: int = 200, error: str = "") -> HandlerResult:
    headers = {"Content-Type": "application/json"} | ({"x-amzn-errortype": error} if error else {})
    return status, headers, json.dumps(content).encode()


def _create_plan(request: dict[str, Any]) -> str:
    from ministack.core.responses import get_account_id, get_region

    plan_id = uuid.uuid4().hex[:20]
    _plans[plan_id] = {
        "arn": f"arn:aws:guardduty:{get_region()}:{get_account_id()}:malware-protection-plan/{plan_id}",
        "role": request["role"],
        "protectedResource": request["protectedResource"],
        "actions": request.get("actions") or {"tagging": {"status": "DISABLED"}},
        "createdAt": int(time.time()),
        "status": "ACTIVE",
        "statusReasons": [],
        "tags": request.get("tags") or {},
    }
    return plan_id


def _update_plan(plan: Plan, request: dict[str, Any]) -> None:
    plan.update({name: request[name] for name in ("role", "actions") if name in request})
    plan["protectedResource"]["s3Bucket"].update(request.get("protectedResource", {}).get("s3Bucket", {}))


def _handle_tags(method: str, arn: str, request: dict[str, Any], query: dict[str, Any]) -> HandlerResult:
    plan = _plans.get(arn.rpartition("/")[2])
    if plan is None:
        return _respond({"message": "The resource does not exist"}, 404, "ResourceNotFoundException")
    if method == "POST":
        plan["tags"].update(request["tags"])
    elif method == "DELETE":
        plan["tags"] = {key: value for key, value in plan["tags"].items() if key not in query.get("tagKeys", [])}
    return _respond({"tags": plan["tags"]} if method == "GET" else {}, 200 if method == "GET" else 204)


def _with_scan(fire_event: Callable[..., None]) -> Callable[..., None]:
    """Scan each new object of a protected prefix, some time after its event."""

    @functools.wraps(fire_event)
    def wrapped(bucket: str, key: str, event_name: str, *arguments: Any, **keywords: Any) -> None:
        fire_event(bucket, key, event_name, *arguments, **keywords)
        plan = _find_plan(bucket, key)
        if plan is not None and event_name.startswith("s3:ObjectCreated:"):
            version = ObjectVersion(bucket, key, keywords.get("version_id"), keywords.get("etag", "").strip('"'))
            # On the event loop, so that the request that created the object ends first. The context has the account.
            asyncio.get_running_loop().call_later(_SCAN_SECONDS, _scan_object, plan, version)

    return wrapped


def _find_plan(bucket: str, key: str) -> Plan | None:
    """Return the plan that protects an object, or None. GuardDuty gets events of objects from EventBridge."""
    from ministack.services import s3

    if "EventBridgeConfiguration" not in s3._bucket_notifications.get(bucket, ""):
        return None
    for plan in _plans.values():
        protected = plan["protectedResource"]["s3Bucket"]
        prefixes = protected.get("objectPrefixes") or [""]
        if protected["bucketName"] == bucket and key.startswith(tuple(prefixes)):
            return plan
    return None


def _scan_object(plan: Plan, version: ObjectVersion) -> None:
    """Scan an object, tag it and send the event. An object that has been deleted has no result."""
    from ministack.services import eventbridge, s3

    content = _read(version)
    if content is None:
        return
    result = scan(content) if _is_allowed(plan["role"], _READ_ACTIONS, version) else ACCESS_DENIED
    if result == NEVER:
        return
    is_tagging = plan["actions"]["tagging"]["status"] == "ENABLED"
    if is_tagging and _is_allowed(plan["role"], _TAG_ACTIONS, version):
        tags = s3._object_tags.get((version.bucket, version.key, version.version_id), {})
        s3._object_tags[(version.bucket, version.key, version.version_id)] = {**tags, TAG_KEY: result}
        s3._persist_version_state(version.bucket, version.key, s3._buckets[version.bucket])
    event = {
        "Source": "aws.guardduty",
        "DetailType": "GuardDuty Malware Protection Object Scan Result",
        "Detail": json.dumps(build_event_detail(version, result)),
        "Resources": [plan["arn"]],
    }
    eventbridge._put_events({"Entries": [event]}, allow_aws_source=True)


def _read(version: ObjectVersion) -> bytes | None:
    """Return the content of an object version, or None if it does not exist."""
    from ministack.services import s3

    query = {"versionId": [version.version_id]} if version.version_id else {}
    status, _, content = s3._get_object(version.bucket, version.key, {}, query)
    return content if status == 200 else None


def _is_allowed(role_arn: str, actions: tuple[str, ...], version: ObjectVersion) -> bool:
    """Return True if the policies of the role and of the bucket allow the actions."""
    from ministack.core import iam_evaluator
    from ministack.core.responses import get_account_id, get_region
    from ministack.services import s3

    resource_arn, account = f"arn:aws:s3:::{version.bucket}/{version.key}", get_account_id()
    policies = iam_evaluator._gather_role_policies(role_arn.rpartition("/")[2], account)
    bucket_policy = s3.bucket_policy_for_arn(resource_arn) or ("", account)

    def is_allowed(action: str) -> bool:
        context = iam_evaluator.EvalContext(
            principal_arn=role_arn,
            principal_type="AssumedRole",
            principal_account=account,
            action=action,
            resource_arn=resource_arn,
            region=get_region(),
            secure_transport=True,
        )
        identity = iam_evaluator.evaluate(context, policies)
        combined = iam_evaluator.combine_resource_policy(identity, context, *bucket_policy)
        return bool(combined.decision == "Allow")

    return all(map(is_allowed, actions))
