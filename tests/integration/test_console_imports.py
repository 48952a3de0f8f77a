"""Import of a state file in the console: invalid files change nothing, and valid ones are usable immediately."""

import copy
import json
import uuid
from collections.abc import Iterator
from typing import Any

import pytest
import requests

from local.emulator_clients import emulator_client
from local.user_client import UserClient
from tests.support.console import ConsoleClient
from tests.support.file_bodies import TEXT
from tests.support.file_client import announce_and_upload, upload_file
from tests.support.picture_client import set_picture
from tests.support.picture_client import upload_file as upload_picture
from tests.support.stack import RunningStack, start_stack, wait_until
from tests.support.users import User

MANY_USERS = 1100


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningStack]:
    """Start a stack of this module, because the tests replace all its data."""
    with start_stack(tmp_path_factory.mktemp("console")) as stack:
        yield stack


@pytest.fixture
def console(stack: RunningStack) -> ConsoleClient:
    console = ConsoleClient.open(stack.outputs)
    console.change("DELETE", "state")
    return console


@pytest.fixture
def user(stack: RunningStack, console: ConsoleClient) -> User:
    entry = console.create_user()
    tokens = console.change("POST", f"users/{entry['sub']}/tokens")["tokens"]
    return User(UserClient(stack.outputs), entry["email"], entry["sub"], tokens)


def count_checks(console: ConsoleClient) -> int:
    return sum(entry["path"] == "check_file" for entry in console.get("requests")["requests"])


def store_file(console: ConsoleClient, user: User) -> str:
    """Upload a file, and return its id. A check that still runs during an import would delete the imported content."""
    checks = count_checks(console)
    file_id = str(upload_file(user)["id"])
    wait_until(lambda: count_checks(console) >= checks + 2)  # for the upload, and for the result of the scan
    return file_id


def download(console: ConsoleClient, user: User, file_id: str) -> requests.Response:
    return requests.get(f"{console.url}/data/users/{user.sub}/files/{file_id}/content", timeout=10)


def export(console: ConsoleClient) -> dict[str, Any]:
    """Return the state without the time of the export."""
    content: dict[str, Any] = console.get("export")
    del content["exported_at"]
    return content


@pytest.mark.parametrize(
    ("part", "value", "pointer"),
    [
        ("tables", {"Users": [{"bad": 1}]}, "/tables/Users/0/bad"),
        ("users", {"x": {}}, "/users/x/Username"),
        ("objects", [{}], "/objects/0/key"),
    ],
)
@pytest.mark.usefixtures("user")
def test_invalid_file_changes_nothing(console: ConsoleClient, part: str, value: Any, pointer: str) -> None:
    before, mails = export(console), console.get("mails")
    response = console.send("PUT", "import", {**before, part: value})
    assert response.status_code == 400
    assert response.json()["message"].startswith(f"The file was not imported: {pointer} must ")
    assert (export(console), console.get("mails")) == (before, mails)


def test_failed_import_restores_the_previous_state(console: ConsoleClient, user: User) -> None:
    file_id = store_file(console, user)
    before, mails = export(console), console.get("mails")
    too_large = {"user_id": {"S": "x"}, "name": {"S": "x" * 500_000}}
    response = console.send("PUT", "import", {**before, "users": {}, "objects": [], "tables": {"Users": [too_large]}})
    assert response.status_code == 400
    assert response.json()["message"].startswith("The import failed, and the previous data was restored. ")
    assert (export(console), console.get("mails")) == (before, mails)
    assert download(console, user, file_id).content == TEXT


def test_file_is_downloaded_immediately_after_an_import(console: ConsoleClient, user: User) -> None:
    file_id = store_file(console, user)
    exported = export(console)
    console.change("DELETE", "state")
    console.change("PUT", "import", exported)
    response = download(console, user, file_id)
    assert (response.status_code, response.content) == (200, TEXT)


def test_file_that_is_not_scanned_is_exported(console: ConsoleClient, user: User) -> None:
    announce_and_upload(user, b"local-malware-scan=NEVER", content_type="text/plain", name="a.txt")
    (stored,) = export(console)["objects"]
    assert stored["tags"] == {}


def delete_objects(stack: RunningStack) -> None:
    s3 = emulator_client("s3", stack.outputs)
    for stored in s3.list_objects_v2(Bucket=stack.outputs.bucket)["Contents"]:
        s3.delete_object(Bucket=stack.outputs.bucket, Key=stored["Key"])


def test_download_of_a_missing_file_has_its_own_text(console: ConsoleClient, user: User, stack: RunningStack) -> None:
    file_id = store_file(console, user)
    delete_objects(stack)
    response = download(console, user, file_id)
    message = "The object does not exist, or the malware scan has not found it clean."
    assert (response.status_code, response.json()) == (404, {"message": message})


def test_missing_picture_has_its_own_text(console: ConsoleClient, user: User, stack: RunningStack) -> None:
    assert set_picture(user, upload_picture(user)).status == 200
    delete_objects(stack)
    response = requests.get(f"{console.url}/data/users/{user.sub}/picture", timeout=10)
    message = "The object does not exist in the bucket."
    assert (response.status_code, response.json()) == (404, {"message": message})


def test_functions_of_an_import_are_not_shown(console: ConsoleClient, user: User, stack: RunningStack) -> None:
    upload_file(user)
    exported = export(console)
    console.change("PUT", "import", exported)
    console.change("DELETE", "requests")
    upload_file(user)
    wait_until(lambda: len(list_requests(console, "check_file")) >= 2)  # of the upload and of its scan
    (upload,) = list_requests(console, f"/{stack.outputs.bucket}")
    assert {entry["call_id"] for entry in list_requests(console, "check_file")} == {upload["call_id"]}
    assert upload["sub"] == user.sub


def list_requests(console: ConsoleClient, path: str) -> list[Any]:
    return [entry for entry in console.get("requests")["requests"] if entry["path"] == path]


@pytest.mark.usefixtures("user")
def test_new_user_is_found_among_many(console: ConsoleClient) -> None:
    exported = export(console)
    ((sub, user),) = exported["users"].items()
    for _ in range(MANY_USERS):
        copied = str(uuid.uuid4())
        exported["users"][copied] = json.loads(json.dumps(copy.deepcopy(user)).replace(sub, copied))
    console.change("PUT", "import", exported)
    new_user = console.create_user(name="Zz Newest")
    listed = console.get("users?limit=1")
    assert (listed["total"], listed["users"][0]["sub"]) == (MANY_USERS + 2, new_user["sub"])
    assert console.get("users?search=Zz+Newest")["total"] == 1
