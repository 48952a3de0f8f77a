"""The limits of the files of a user under concurrent requests, and the list of files."""

import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final

import pytest

from chalicelib.files.models import FileStatus
from local.user_client import ApiResponse, UserClient
from tests.support.file_client import FILES_PATH, announce_file, call_file
from tests.support.stack import RunningStack, start_api
from tests.support.stored_files import FileStore
from tests.support.users import User, sign_up_and_sign_in

FILES: Final = 12
BYTES: Final = 1000
CLIENTS: Final = 50
_MAX_ATTEMPTS: Final = 20  # of a request that meets a conflict with another one


@pytest.fixture(scope="module")
def limited_client(stack: RunningStack, tmp_path_factory: pytest.TempPathFactory) -> Iterator[UserClient]:
    """Return a client of an API with small limits."""
    limits = {"FILES_PER_USER": str(FILES), "FILE_BYTES_PER_USER": str(BYTES), "FILE_UPLOADS_PER_DAY": "60"}
    with start_api(stack.outputs, tmp_path_factory.mktemp("limits"), **limits) as client:
        yield client


@pytest.fixture
def user(limited_client: UserClient) -> User:
    return sign_up_and_sign_in(limited_client)


def announce(user: User, size: int) -> ApiResponse:
    return announce_file(user, size=size)


def announce_until_decided(user: User, size: int) -> ApiResponse:
    """Announce a file. Repeat the request while concurrent ones of the same user prevent it."""
    for _ in range(_MAX_ATTEMPTS):
        response = announce(user, size)
        if response.status != 503:
            break
        time.sleep(int(response.headers["Retry-After"]))
    return response


def list_files(user: User, **parameters: Any) -> ApiResponse:
    query = "&".join(f"{name}={value}" for name, value in parameters.items())
    return user.client.call("GET", f"{FILES_PATH}?{query}", user.token)


def list_all_files(user: User) -> list[dict[str, Any]]:
    """Return all files, page by page."""
    page = list_files(user, limit=7).body
    files: list[dict[str, Any]] = page["items"]
    while page["next_cursor"]:
        page = list_files(user, limit=7, cursor=page["next_cursor"]).body
        files += page["items"]
    return files


def assert_counters_agree(user: User, store: FileStore) -> None:
    """Fail unless the stored counters are the sum of the stored files."""
    quota, files = store.get_quota(user.sub), list_all_files(user)
    counted = [file for file in files if file["status"] != FileStatus.REJECTED]
    stored = int(quota["files"]["N"]), int(quota["bytes"]["N"])
    assert stored == (len(counted), sum(file["size"] for file in counted))
    assert len(store.list_records(user.sub)) == len(files) + 1


@pytest.mark.parametrize(
    ("size", "present", "fitting"), [(1, 5, FILES - 5), (90, 1, 10)], ids=["number of files", "number of bytes"]
)
def test_concurrent_files_never_exceed_the_quota(
    user: User, store: FileStore, size: int, present: int, fitting: int
) -> None:
    for _ in range(present):
        assert announce(user, size).status == 201
    with ThreadPoolExecutor(CLIENTS) as threads:
        responses = list(threads.map(lambda _: announce_until_decided(user, size), range(CLIENTS)))
    assert Counter(response.status for response in responses) == {201: fitting, 409: CLIENTS - fitting}
    rejected = {response.body["type"].rpartition("#")[2] for response in responses if response.status == 409}
    assert rejected == {"file-quota-exceeded"}
    quota = list_files(user).body["quota"]
    assert quota == {
        "bytes": size * (present + fitting), "bytes_max": BYTES, "files": present + fitting, "files_max": FILES,
    }  # fmt: skip
    assert_counters_agree(user, store)


def test_first_files_of_a_day_are_counted_exactly(user: User, store: FileStore) -> None:
    """Each of the first requests finds no counter of this day."""
    with ThreadPoolExecutor(FILES) as threads:
        responses = list(threads.map(lambda _: announce_until_decided(user, 1), range(FILES)))
    assert {response.status for response in responses} == {201}
    assert store.get_quota(user.sub)["uploads"] == {"N": str(FILES)}
    assert_counters_agree(user, store)


def test_concurrent_changes_keep_the_counters_exact(user: User, store: FileStore) -> None:
    """Files are announced, renamed and deleted at the same time, each by two clients."""
    files = [announce(user, 50).body["id"] for _ in range(8)]

    def change(number: int) -> int:
        file_id = files[number // 2 % len(files)]
        match number % 3:
            case 0:
                return announce(user, 50).status
            case 1:
                return call_file(user, file_id, "DELETE").status
        patch = {"name": f"{number}.pdf"}
        return user.client.call("PATCH", f"{FILES_PATH}/{file_id}", user.token, patch).status

    with ThreadPoolExecutor(16) as threads:
        statuses = set(threads.map(change, range(45)))
    assert statuses <= {200, 201, 204, 404, 409, 503}
    assert_counters_agree(user, store)


def test_repeated_deletion_gives_back_the_quota_once(user: User, store: FileStore) -> None:
    file_id = announce(user, 100).body["id"]
    announce(user, 200)
    with ThreadPoolExecutor(8) as threads:
        statuses = Counter(threads.map(lambda _: call_file(user, file_id, "DELETE").status, range(8)))
    assert statuses[204] == 1
    assert statuses.keys() <= {204, 404, 409, 503}
    assert list_files(user).body["quota"]["bytes"] == 200
    assert_counters_agree(user, store)


def test_deleted_files_free_space(user: User) -> None:
    first = announce(user, BYTES)
    assert announce(user, 1).status == 409
    call_file(user, first.body["id"], "DELETE")
    assert announce(user, BYTES).status == 201


def test_daily_limit_is_reached_by_deleted_files_too(user: User) -> None:
    for _ in range(60):
        call_file(user, announce(user, 1).body["id"], "DELETE")
    response = announce(user, 1)
    assert (response.status, response.body["type"].rpartition("#")[2]) == (429, "file-limit-reached")
    assert 0 < int(response.headers["Retry-After"]) <= 24 * 3600


def test_pages_have_each_file_once_despite_new_files(user: User) -> None:
    files = [announce(user, 1).body["id"] for _ in range(7)]
    listed, cursor = list[str](), None
    for number in range(4):
        page = list_files(user, limit=2, **({"cursor": cursor} if cursor else {})).body
        listed += [file["id"] for file in page["items"]]
        cursor = page["next_cursor"]
        announce(user, 1 + number)
    assert listed == sorted(files, reverse=True)
    assert cursor is None


def test_pages_continue_after_a_deleted_file(user: User) -> None:
    files = sorted((announce(user, 1).body["id"] for _ in range(4)), reverse=True)
    first = list_files(user, limit=2).body
    call_file(user, files[1], "DELETE")
    second = list_files(user, limit=2, cursor=first["next_cursor"]).body
    assert [file["id"] for file in second["items"]] == files[2:]


def test_cursor_of_another_user_leads_to_own_files_only(user: User, limited_client: UserClient) -> None:
    other = sign_up_and_sign_in(limited_client)
    for owner in (other, user):
        for _ in range(3):
            announce(owner, 1)
    cursor = list_files(other, limit=1).body["next_cursor"]
    own = {file["id"] for file in list_all_files(user)}
    assert {file["id"] for file in list_files(user, cursor=cursor).body["items"]} <= own
