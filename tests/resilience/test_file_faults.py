"""Requests about files and checks that are interrupted at any call. One reconciliation repairs the differences."""

import json
from collections.abc import Iterator
from typing import Any, Final

import pytest
import requests

from chalicelib.files.models import FileType
from chalicelib.reconciliation.next_run import to_event
from local.emulator_clients import emulator_client
from local.malware_scan import EICAR_TEST_STRING
from local.user_client import ApiResponse
from tests.resilience.erasure_scenario import reconcile_to_completion
from tests.resilience.faulty_stack import FaultyStack
from tests.support.erasure import RECONCILE_FUNCTION, delete_account, wait_until_erased
from tests.support.fault_proxy import DYNAMODB, S3
from tests.support.file_agreement import FileAudit
from tests.support.file_client import FILES_PATH, announce_file, call_file, report_scan, wait_for_check
from tests.support.picture_client import post_form
from tests.support.sample_files import SAMPLES
from tests.support.stack import wait_until
from tests.support.users import User, sign_up_and_sign_in

pytestmark = pytest.mark.slow
PDF: Final = SAMPLES[FileType.PDF]
ATTEMPTS: Final = 2  # of a DynamoDB call
TIMEOUT: Final = 10  # seconds
ENOUGH: Final = 20  # faults for all attempts of all invocations
FAULTS: Final = ["drop", "lost_response", "500"]  # before the call is applied, after it is applied, and rejected
POST_CALLS: Final = ["TransactWriteItems"]
# The calls of a request or of check_file, each with the number of earlier calls of the same name that succeed.
PATCH_CALLS: Final = [("GetItem", 0), ("GetItem", 1), ("TransactWriteItems", 0)]
DELETE_CALLS: Final = [*PATCH_CALLS, ("DeleteObject", 0)]
CHECK_CALLS: Final = [
    ("GetItem", 0),
    ("ListObjectVersions", 0),
    ("GetObjectTagging", 0),
    ("UpdateItem", 0),
    ("UpdateItem", 1),
    ("GetObject", 0),
]
# The calls after a repeated upload of an available file.
REPEATED_UPLOAD_CALLS: Final = [
    ("GetItem", 0),
    ("ListObjectVersions", 0),
    ("GetObjectTagging", 0),
    ("ListObjectVersions", 1),
    ("DeleteObjects", 0),
]
LATE_REJECT_CALLS: Final = [("TransactWriteItems", 0), ("ListObjectVersions", 1), ("DeleteObjects", 0)]
REJECT_CALLS: Final = [("TransactWriteItems", 0), ("ListObjectVersions", 2), ("DeleteObjects", 0)]


@pytest.fixture(scope="module", autouse=True)
def _single_invocations(faulty: FaultyStack) -> None:
    """Let Lambda repeat no failed check. So an interruption lasts until reconciliation."""
    emulator_client("lambda", faulty.stack).put_function_event_invoke_config(
        FunctionName=faulty.stack.check_file_function, MaximumRetryAttempts=0
    )


@pytest.fixture(scope="module")
def audit(faulty: FaultyStack) -> FileAudit:
    return FileAudit(faulty.stack)


@pytest.fixture(scope="module")
def user(faulty: FaultyStack, audit: FileAudit) -> Iterator[User]:
    """Return a user. At the end, one reconciliation repairs everything that the tests have left."""
    user = sign_up_and_sign_in(faulty.user_client)
    assert announce_file(user, b"x").status == 201  # the counters of this day exist
    yield user
    clear_faults(faulty)
    audit.expire_reservations([user.sub])
    reconcile_to_completion(faulty.stack)
    wait_until(lambda: audit.list_differences(user.sub) == [], lambda: "\n".join(audit.list_differences(user.sub)))
    statuses = {stored.file.status for stored in audit.list_files(user.sub).values()}
    assert statuses <= {"available", "rejected"}


@pytest.fixture
def available(user: User) -> str:
    """Return the id of a file that has passed its check."""
    created = announce_file(user, PDF).body
    assert post_form(created["upload"], PDF).status_code == 204
    assert wait_for_check(user, created["id"])["status"] == "available"
    return str(created["id"])


def inject_fault(faulty: FaultyStack, call: str, fault: str, *, skipped: int = 0, count: int = ATTEMPTS) -> None:
    faulty.fault_injector.fail_next(call, *["none"] * skipped, *[fault] * count)


def clear_faults(faulty: FaultyStack) -> None:
    for call in {call for call, _ in (*DELETE_CALLS, *CHECK_CALLS, *REPEATED_UPLOAD_CALLS, *REJECT_CALLS)}:
        faulty.fault_injector.fail_next(call)


def count_checks(faulty: FaultyStack) -> int:
    """Return how often check_file has run."""
    log = (faulty.directory / "run" / "aws.log").read_text()
    lines = [json.loads(line) for line in log.splitlines() if line.startswith('{"message": "function ran"')]
    return sum(line["function"] == faulty.stack.check_file_function for line in lines)


def change_name(user: User, file_id: str, **headers: str) -> ApiResponse:
    return user.client.call("PATCH", f"{FILES_PATH}/{file_id}", user.token, {"name": "changed.pdf"}, headers)


@pytest.mark.parametrize("fault", [*FAULTS, "throttle", "timeout"])
@pytest.mark.parametrize("call", POST_CALLS)
def test_interrupted_post_can_be_repeated(
    faulty: FaultyStack, audit: FileAudit, user: User, call: str, fault: str
) -> None:
    before = len(audit.list_files(user.sub))
    inject_fault(faulty, call, fault)
    response = announce_file(user, PDF)
    assert (response.status, response.headers["Retry-After"]) == (503, "1")
    assert len(audit.list_files(user.sub)) == before + (fault == "lost_response")
    repeated = announce_file(user, PDF)
    assert repeated.status == 201
    assert post_form(repeated.body["upload"], PDF).status_code == 204
    assert wait_for_check(user, repeated.body["id"])["status"] == "available"


@pytest.mark.parametrize("fault", FAULTS)
def test_post_with_one_failed_attempt_creates_one_file(
    faulty: FaultyStack, audit: FileAudit, user: User, fault: str
) -> None:
    before = len(audit.list_files(user.sub))
    inject_fault(faulty, "TransactWriteItems", fault, count=1)
    assert announce_file(user, PDF).status == 201
    assert len(audit.list_files(user.sub)) == before + 1


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize(("call", "skipped"), PATCH_CALLS)
def test_interrupted_patch_is_applied_once_or_not(
    faulty: FaultyStack, user: User, available: str, call: str, skipped: int, fault: str
) -> None:
    before = call_file(user, available).body
    inject_fault(faulty, call, fault, skipped=skipped)
    response = change_name(user, available)
    assert (response.status, response.headers["Retry-After"]) == (503, "1")
    clear_faults(faulty)
    assert call_file(user, available).body["version"] - before["version"] in (0, 1)
    repeated = change_name(user, available)
    assert (repeated.status, repeated.body["version"]) == (200, before["version"] + 1)


def test_patch_with_a_lost_response_is_applied_once(faulty: FaultyStack, user: User, available: str) -> None:
    etag = f'"{call_file(user, available).body["version"]}"'
    inject_fault(faulty, "TransactWriteItems", "lost_response", count=1)
    response = change_name(user, available, **{"If-Match": etag})
    assert response.status == 200
    assert call_file(user, available).body == response.body


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize(("call", "skipped"), DELETE_CALLS)
def test_interrupted_delete_can_be_repeated(
    faulty: FaultyStack, audit: FileAudit, user: User, available: str, call: str, skipped: int, fault: str
) -> None:
    inject_fault(faulty, call, fault, skipped=skipped)
    response = call_file(user, available, "DELETE")
    # The record decides. If the object remains, reconciliation deletes it.
    assert response.status == (204 if call == "DeleteObject" else 503)
    clear_faults(faulty)
    assert call_file(user, available, "DELETE").status in (204, 404)
    assert available not in audit.list_files(user.sub)


def test_delete_with_a_lost_response_succeeds(faulty: FaultyStack, user: User, available: str) -> None:
    inject_fault(faulty, "TransactWriteItems", "lost_response", count=1)
    assert call_file(user, available, "DELETE").status == 204


def list_differences(audit: FileAudit, user: User, file_id: str) -> list[str]:
    """Return the differences of one file. Other tests may have left some of other files."""
    return [difference for difference in audit.list_differences(user.sub) if file_id in difference]


def upload_with_faults(faulty: FaultyStack, user: User, content: bytes, call: str, fault: str, skipped: int) -> str:
    """Upload a file whose two checks fail at a call. Return its id."""
    created = announce_file(user, content, content_type="text/plain").body
    checks = count_checks(faulty)
    inject_fault(faulty, call, fault, skipped=skipped, count=ENOUGH)
    assert post_form(created["upload"], content).status_code == 204
    wait_until(lambda: count_checks(faulty) >= checks + 2)  # for the upload, and for the result of the scan
    clear_faults(faulty)
    return str(created["id"])


def reconcile_until(faulty: FaultyStack, user: User, file_id: str, status: str) -> None:
    """Run one reconciliation, and wait until the checks that it starts have set the status."""
    reconcile_to_completion(faulty.stack)
    wait_until(lambda: call_file(user, file_id).body["status"] == status, lambda: str(call_file(user, file_id).body))


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize(("call", "skipped"), CHECK_CALLS)
def test_interrupted_check_is_completed_by_reconciliation(
    faulty: FaultyStack, audit: FileAudit, user: User, call: str, skipped: int, fault: str
) -> None:
    file_id = upload_with_faults(faulty, user, b"Hemoglobin: 13.5 g/dl", call, fault, skipped)
    reconcile_until(faulty, user, file_id, "available")
    assert list_differences(audit, user, file_id) == []


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize(("call", "skipped"), REJECT_CALLS)
def test_interrupted_rejection_is_completed_by_reconciliation(
    faulty: FaultyStack, audit: FileAudit, user: User, call: str, skipped: int, fault: str
) -> None:
    file_id = upload_with_faults(faulty, user, EICAR_TEST_STRING, call, fault, skipped)
    assert call_file(user, file_id, path="/content").status in (409, 410)
    reconcile_until(faulty, user, file_id, "rejected")
    wait_until(lambda: list_differences(audit, user, file_id) == [])


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize(("call", "skipped"), REPEATED_UPLOAD_CALLS)
def test_interrupted_check_of_a_repeated_upload_loses_no_file(
    faulty: FaultyStack, audit: FileAudit, user: User, call: str, skipped: int, fault: str
) -> None:
    """The next event completes the deletion."""
    created = announce_file(user, PDF).body
    file_id = str(created["id"])
    assert post_form(created["upload"], PDF).status_code == 204
    before = wait_for_check(user, file_id)
    checks = count_checks(faulty)
    inject_fault(faulty, call, fault, skipped=skipped, count=ENOUGH)
    assert post_form(created["upload"], PDF).status_code == 204
    wait_until(lambda: count_checks(faulty) > checks)
    clear_faults(faulty)
    assert post_form(created["upload"], PDF).status_code == 204
    wait_until(lambda: audit.count_versions(user.sub, file_id) == 1)
    assert call_file(user, file_id).body == before
    url = call_file(user, file_id, path="/content").body["url"]
    assert requests.get(url, timeout=TIMEOUT).content == PDF


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize(("call", "skipped"), LATE_REJECT_CALLS)
def test_interrupted_late_rejection_is_completed_by_a_retry(
    faulty: FaultyStack, audit: FileAudit, user: User, available: str, call: str, skipped: int, fault: str
) -> None:
    """Lambda repeats a failed check."""
    inject_fault(faulty, call, fault, skipped=skipped, count=ENOUGH)
    assert "errorType" in report_scan(faulty.stack, user, available, "THREATS_FOUND")
    clear_faults(faulty)
    report_scan(faulty.stack, user, available, "THREATS_FOUND")
    file = call_file(user, available).body
    assert (file["status"], file["rejection"]) == ("rejected", "malware")
    assert list_differences(audit, user, available) == []


@pytest.mark.parametrize("fault", FAULTS)
def test_interrupted_release_is_completed_by_reconciliation(
    faulty: FaultyStack, audit: FileAudit, user: User, fault: str
) -> None:
    file_id = announce_file(user, PDF).body["id"]
    audit.expire_reservations([user.sub])
    checks = count_checks(faulty)
    inject_fault(faulty, "TransactWriteItems", fault, count=ENOUGH)
    reconcile_to_completion(faulty.stack)
    wait_until(lambda: count_checks(faulty) > checks)
    clear_faults(faulty)
    reconcile_to_completion(faulty.stack)
    wait_until(lambda: file_id not in audit.list_files(user.sub))


@pytest.mark.parametrize("fault", ["drop", "500"])
@pytest.mark.parametrize("call", ["Scan", "Query", "List files", "Invoke", "BatchGetItem"])
def test_interrupted_reconciliation_is_resumed(
    faulty: FaultyStack, audit: FileAudit, user: User, available: str, call: str, fault: str
) -> None:
    inject_fault(faulty, "DeleteObject", "drop", count=1)
    assert call_file(user, available, "DELETE").status == 204
    assert list_differences(audit, user, available), "the object remains"
    inject_fault(faulty, call, fault, count=ENOUGH)
    response = emulator_client("lambda", faulty.stack).invoke(
        FunctionName=RECONCILE_FUNCTION, Payload=to_event({"restart": True, "max_seconds": 20})
    )
    report: dict[str, Any] = json.load(response["Payload"])
    assert (report["status"], report["interrupted_by"] is not None) == ("unfinished", True)
    faulty.fault_injector.fail_next(call)
    reconcile_to_completion(faulty.stack)
    wait_until(lambda: list_differences(audit, user, available) == [])


@pytest.mark.parametrize("services", [[S3], [DYNAMODB], [S3, DYNAMODB]], ids=" and ".join)
def test_uploads_during_an_outage_are_checked_after_it(faulty: FaultyStack, user: User, services: list[str]) -> None:
    created = announce_file(user, PDF).body
    checks = count_checks(faulty)
    with faulty.fault_injector.failing(1.0, *services):
        assert post_form(created["upload"], PDF).status_code == 204
        wait_until(lambda: count_checks(faulty) >= checks + 2)
    reconcile_until(faulty, user, created["id"], "available")


@pytest.mark.parametrize("call", ["Query", "BatchWriteItem", "ListObjectVersions", "DeleteObjects"])
def test_interrupted_erasure_leaves_no_file(faulty: FaultyStack, audit: FileAudit, call: str) -> None:
    """The function erase_user, which Lambda repeats. tests/resilience/test_erasure_faults.py has each fault."""
    user = sign_up_and_sign_in(faulty.user_client)
    created = announce_file(user, PDF).body
    assert post_form(created["upload"], PDF).status_code == 204
    wait_for_check(user, created["id"])
    inject_fault(faulty, call, "500")
    assert delete_account(user).status == 202
    wait_until_erased(faulty.stack, user.sub)
    assert (audit.list_files(user.sub), audit.list_differences(user.sub)) == ({}, [])
