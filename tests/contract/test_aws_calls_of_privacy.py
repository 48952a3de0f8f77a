"""The AWS calls of deletion, erasure and export, with their DynamoDB capacity units. A test fails if one is added."""

import pytest

from chalicelib import bootstrap
from chalicelib.aws import clients
from chalicelib.aws.async_functions import AsyncFunction
from chalicelib.aws.user_pool import UserPool
from chalicelib.core.identity import Caller
from chalicelib.pictures.storage import PictureStorage
from chalicelib.privacy.erasure import ErasureService
from chalicelib.privacy.erasure_starter import ErasureStarter
from chalicelib.privacy.errors import ExportLimitReached
from chalicelib.privacy.export import ExportService
from chalicelib.privacy.models import ScheduledDeletion
from chalicelib.privacy.service import DeletionService
from chalicelib.profiles.errors import AccountErased
from chalicelib.profiles.service import ProfileService
from tests.support.data import PROFILE_BODY
from tests.support.in_process import send_request
from tests.support.recorded_calls import ONE_READ, ONE_WRITE_UNIT, RecordedCalls
from tests.support.stack import RunningStack
from tests.support.users import User

UPDATE, PUT = ("UpdateItem", ONE_WRITE_UNIT), ("PutItem", ONE_WRITE_UNIT)
READ_USER, SIGN_OUT = ("AdminGetUser", 0.0), ("AdminUserGlobalSignOut", 0.0)
INVOKE = ("Invoke", 0.0)


class Account:
    """An account with a profile in the seeded table, and the services that delete and export it."""

    def __init__(self, user: User, stack: RunningStack) -> None:
        self.caller = Caller(user.sub, user.sub)
        self._erase_function = stack.outputs.erase_function
        self._user_pool = UserPool(clients.cognito, stack.outputs.user_pool_id)
        self._storage = PictureStorage(clients.s3(), stack.outputs.bucket)
        self._profiles = ProfileService(bootstrap.profile_repository(), self._user_pool)

    def provision(self) -> None:
        self._profiles.get_profile(self.caller)

    def deletions(self, grace_days: int = 0) -> DeletionService:
        function = AsyncFunction(lambda: clients.lambda_(2, clients.READ_TIMEOUT), self._erase_function)
        erasures = ErasureStarter(function)
        repository = bootstrap.deletion_repository()
        return DeletionService(
            repository, self._profiles, self._user_pool, erasures, grace_days=grace_days, has_pictures=True
        )

    def request_deletion(self, grace_days: int = 0) -> ScheduledDeletion:
        return self.deletions(grace_days).request_deletion(self.caller)

    def export(self) -> None:
        ExportService(bootstrap.deletion_repository(), self._profiles, self._user_pool, self._storage).export(
            self.caller
        )

    def erase(self) -> str:
        service = ErasureService(bootstrap.deletion_repository(), self._user_pool, self._storage)
        return service.erase(self.caller.sub).status


@pytest.fixture
def account(calls: RecordedCalls, user: User, stack: RunningStack) -> Account:
    """Return an account. Its profile exists, and no call is recorded yet."""
    calls.record(clients.lambda_(2, clients.READ_TIMEOUT))
    account = Account(user, stack)
    account.provision()
    calls.clear()
    return account


def test_deletion_makes_one_write_and_two_more_calls(calls: RecordedCalls, account: Account) -> None:
    account.request_deletion()
    assert calls == [UPDATE, SIGN_OUT, INVOKE]


def test_deletion_with_grace_starts_no_erasure(calls: RecordedCalls, account: Account) -> None:
    account.request_deletion(grace_days=14)
    assert calls == [UPDATE, SIGN_OUT]


def test_repeated_deletion_starts_no_second_erasure(calls: RecordedCalls, account: Account) -> None:
    """The number of units of a failed condition is not asserted."""
    first = account.request_deletion()
    calls.clear()
    assert account.request_deletion() == first
    assert [operation for operation, _ in calls] == ["UpdateItem", "AdminUserGlobalSignOut"]


def test_deletion_of_a_missing_profile_provisions_it(calls: RecordedCalls, user: User, stack: RunningStack) -> None:
    """The state of a deletion is in the profile's item."""
    Account(user, stack).request_deletion(grace_days=14)
    assert [operation for operation, _ in calls] == [
        "UpdateItem", "AdminGetUser", "PutItem", "UpdateItem", "AdminUserGlobalSignOut"
    ]  # fmt: skip


def test_read_of_a_deletion_makes_one_read(calls: RecordedCalls, account: Account) -> None:
    account.request_deletion(grace_days=14)
    calls.clear()
    account.deletions().get_deletion(account.caller)
    assert calls == [ONE_READ]


def test_cancelling_a_deletion_makes_one_write(calls: RecordedCalls, account: Account) -> None:
    account.request_deletion(grace_days=14)
    calls.clear()
    account.deletions().cancel_deletion(account.caller)
    assert calls == [UPDATE]


def test_export_makes_one_write_and_reads_the_user(calls: RecordedCalls, account: Account) -> None:
    """The URL of the picture is signed without a call."""
    account.export()
    assert calls == [UPDATE, READ_USER]


def test_second_export_within_a_minute_makes_one_call(calls: RecordedCalls, account: Account) -> None:
    account.export()
    calls.clear()
    with pytest.raises(ExportLimitReached):
        account.export()
    assert [operation for operation, _ in calls] == ["UpdateItem"]


def test_erasure_without_objects_makes_eight_calls(calls: RecordedCalls, account: Account) -> None:
    account.request_deletion()
    calls.clear()
    assert account.erase() == "erased"
    assert calls == [
        ONE_READ,
        UPDATE,
        ("AdminGetUser", 0.0),
        ("AdminDisableUser", 0.0),
        SIGN_OUT,
        ("ListObjectVersions", 0.0),
        ("ListObjectVersions", 0.0),
        ("AdminDeleteUser", 0.0),
        PUT,
    ]


def test_erasure_of_an_erased_account_makes_one_read(calls: RecordedCalls, account: Account) -> None:
    account.request_deletion()
    account.erase()
    calls.clear()
    assert account.erase() == "skipped"
    assert calls == [("GetItem", 1.0)]


def test_read_of_an_erased_account_makes_one_read(calls: RecordedCalls, account: Account) -> None:
    account.request_deletion()
    account.erase()
    calls.clear()
    with pytest.raises(AccountErased):
        account.provision()
    assert calls == [ONE_READ]


@pytest.mark.filterwarnings("ignore:CognitoUserPoolAuthorizer")
@pytest.mark.parametrize(("method", "path"), [("DELETE", "/users/me"), ("GET", "/users/me/export")])
def test_request_without_a_recent_sign_in_makes_no_call(calls: RecordedCalls, method: str, path: str) -> None:
    """The tokens of these tests have no `auth_time`."""
    response = send_request(method, path, PROFILE_BODY)
    assert (response.status_code, response.json_body["type"]) == (401, "/problems#recent-sign-in-required")
    assert calls == []
