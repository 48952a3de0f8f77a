"""The web console of a running stack: mails, users, requests, faults and data."""

import time
from collections.abc import Iterator
from dataclasses import dataclass
from email.message import Message
from typing import Any

import pytest
import requests

from local.console_operations_client import ConsoleOperationsClient
from local.emulator_clients import emulator_client
from local.malware_scan import EICAR_TEST_STRING
from local.user_client import ApiResponse, UserClient
from local.web_console.replies import RequestRejected
from local.web_console.user_administration import UserAdministration
from local.web_console.user_api import ApiSession, UserApi
from tests.support.console import ConsoleClient
from tests.support.data import sign_up_attributes
from tests.support.file_bodies import TEXT
from tests.support.file_client import upload_file as upload_document
from tests.support.picture_client import set_picture, upload_file
from tests.support.stack import RunningStack, start_stack, wait_until
from tests.support.users import PASSWORD, User, generate_email

SECOND = 1.0


@dataclass(frozen=True)
class RejectedSession(ApiSession):
    """A session whose deletion of the account is rejected."""

    status: int

    def call(self, method: str, path: str = "") -> ApiResponse:
        assert (method, path) == ("DELETE", "")
        return ApiResponse(self.status, Message(), {"detail": "The reason of the API."})


class RejectingApi(UserApi):
    """An API that rejects each deletion of an account with the same status."""

    def __init__(self, stack: RunningStack, status: int) -> None:
        super().__init__(stack.outputs, ConsoleOperationsClient(stack.outputs))
        self._status = status

    def sign_in(self, sub: str) -> ApiSession:
        return RejectedSession(self.client, sub, "token", self._status)


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningStack]:
    """Start a stack of this module, because the tests delete all its data."""
    with start_stack(tmp_path_factory.mktemp("console"), variables={"RANDOM_CODES": "1"}) as stack:
        yield stack


@pytest.fixture(scope="module")
def console(stack: RunningStack) -> ConsoleClient:
    return ConsoleClient.open(stack.outputs)


@pytest.fixture(scope="module")
def user_client(stack: RunningStack) -> UserClient:
    return UserClient(stack.outputs)


@pytest.fixture
def _without_fault(console: ConsoleClient) -> Iterator[None]:
    yield
    console.send("DELETE", "fault")


def sign_up(user_client: UserClient) -> tuple[str, str]:
    """Sign a user up, and return the address and the id."""
    email = generate_email()
    return email, user_client.sign_up(email, PASSWORD, sign_up_attributes(email))


def add_picture(user: User) -> None:
    """Upload a picture and set it."""
    assert set_picture(user, upload_file(user)).status == 200


def wait_for_request(console: ConsoleClient, path: str) -> Any:
    """Return the newest entry of a request."""
    found: list[Any] = []

    def find() -> bool:
        found[:] = [entry for entry in console.get("requests")["requests"] if entry["path"] == path]
        return bool(found)

    wait_until(find)
    return found[0]


def test_address_is_the_first_printed_line(stack: RunningStack) -> None:
    lines = [line for line in stack.console_output.read_text().splitlines() if "http" in line]
    assert lines[0].split() == ["ok", "console", stack.outputs.console_url]


def test_mail_with_a_random_code_arrives_within_a_second(user_client: UserClient, console: ConsoleClient) -> None:
    email, _ = sign_up(user_client)
    time.sleep(SECOND)
    mail = console.find_mail(email)
    assert mail["purpose"] == "sign-up"
    assert mail["code"] in mail["text"]
    assert mail["code"] != "123456"
    with pytest.raises(user_client.cognito.exceptions.CodeMismatchException):
        user_client.confirm(email, "123456")
    user_client.confirm(email, mail["code"])
    assert user_client.sign_in(email, PASSWORD)["IdToken"]


def test_every_kind_of_mail_has_its_code(user_client: UserClient, console: ConsoleClient, stack: RunningStack) -> None:
    email, sub = sign_up(user_client)
    client = {"ClientId": stack.outputs.user_pool_client_id}
    user_client.cognito.resend_confirmation_code(**client, Username=email)
    resent = console.find_mail(email)
    assert resent["purpose"] == "resent-code"
    user_client.confirm(email, resent["code"])
    user_client.cognito.forgot_password(**client, Username=email)
    reset = console.find_mail(email)
    assert reset["purpose"] == "password-reset"
    user_client.cognito.confirm_forgot_password(
        **client, Username=email, ConfirmationCode=reset["code"], Password="AnotherPass456!"
    )
    access_token = user_client.sign_in(email, "AnotherPass456!")["AccessToken"]
    new_email = generate_email()
    user_client.cognito.update_user_attributes(
        AccessToken=access_token, UserAttributes=[{"Name": "email", "Value": new_email}]
    )
    changed = console.find_mail(new_email)
    assert changed["purpose"] == "changed-address"
    user_client.cognito.verify_user_attribute(AccessToken=access_token, AttributeName="email", Code=changed["code"])
    assert console.get(f"users/{sub}")["user"]["email"] == new_email


def test_invitation_has_the_temporary_password(console: ConsoleClient) -> None:
    user = console.create_user("invited")
    mail = console.find_mail(user["email"])
    assert mail["purpose"] == "invitation"
    assert mail["code"] in mail["text"]


@pytest.mark.parametrize(
    ("state", "status", "enabled"),
    [
        ("confirmed", "CONFIRMED", True),
        ("unconfirmed", "UNCONFIRMED", True),
        ("invited", "FORCE_CHANGE_PASSWORD", True),
        ("reset-required", "RESET_REQUIRED", True),
        ("disabled", "CONFIRMED", False),
    ],
)
def test_user_is_created_in_each_state(console: ConsoleClient, state: str, status: str, enabled: bool) -> None:
    user = console.create_user(state)
    assert (user["status"], user["enabled"]) == (status, enabled)
    (entry,) = console.get(f"users?search={user['email']}")["users"]
    assert (entry["sub"], entry["status"]) == (user["sub"], status)


def test_rejected_attributes_are_explained(console: ConsoleClient) -> None:
    response = console.send("POST", "users", {"state": "confirmed", "attributes": {"custom:dob": "2999-01-01"}})
    assert response.status_code == 409
    assert "date of birth must not be in the future" in response.json()["message"]


def test_user_is_found_by_a_part_of_the_name(console: ConsoleClient) -> None:
    user = console.create_user(name="Quillfeather نور")
    for text in ("quillf", "نور", user["sub"], user["email"][3:]):
        assert [entry["sub"] for entry in console.get(f"users?search={text}")["users"]] == [user["sub"]]
    assert console.get("users?search=no+such+user")["users"] == []


def test_user_is_confirmed_disabled_and_enabled(console: ConsoleClient) -> None:
    sub = console.create_user("unconfirmed")["sub"]
    states = []
    for action in ("resend-code", "confirm", "disable", "enable", "reset-password"):
        user = console.change("POST", f"users/{sub}/state", {"action": action})["user"]
        states.append((user["status"], user["enabled"], user["email_verified"]))
    assert states == [
        ("UNCONFIRMED", True, False),
        ("CONFIRMED", True, True),
        ("CONFIRMED", False, True),
        ("CONFIRMED", True, True),
        ("RESET_REQUIRED", True, True),
    ]
    assert console.send("POST", f"users/{sub}/state", {"action": "promote"}).status_code == 400


def test_sign_in_as_a_user_returns_accepted_tokens(console: ConsoleClient, user_client: UserClient) -> None:
    user = console.create_user()
    session = console.change("POST", f"users/{user['sub']}/tokens")
    assert session["claims"]["email"] == user["email"]
    response = user_client.call("GET", "/users/me", session["tokens"]["IdToken"])
    assert (response.status, response.body["id"]) == (200, user["sub"])


@pytest.mark.parametrize("state", ["unconfirmed", "invited", "reset-required", "disabled"])
def test_sign_in_as_a_user_in_another_state_is_rejected(console: ConsoleClient, state: str) -> None:
    sub = console.create_user(state)["sub"]
    response = console.send("POST", f"users/{sub}/tokens")
    assert (response.status_code, "irst" in response.json()["message"]) == (409, True)


def test_profile_is_shown_beside_the_stored_item(console: ConsoleClient) -> None:
    user = console.create_user(name="Ada")
    panels = {panel["id"]: panel for panel in console.get(f"users/{user['sub']}")["panels"]}
    assert panels["profile"]["status"] == 200
    assert panels["profile"]["body"]["name"] == panels["stored-item"]["body"]["name"] == "Ada"
    assert panels["stored-item"]["body"]["version"] == 1
    assert panels["files"]["body"]["items"] == []
    assert "picture" not in panels


def test_user_without_a_profile_has_no_stored_item(console: ConsoleClient) -> None:
    sub = console.create_user("unconfirmed")["sub"]
    panels = {panel["id"]: panel for panel in console.get(f"users/{sub}")["panels"]}
    assert (panels["profile"]["status"], panels["stored-item"]["body"]) == (404, None)


def test_picture_is_served_by_the_console(console: ConsoleClient, user_client: UserClient) -> None:
    user = console.create_user()
    tokens = console.change("POST", f"users/{user['sub']}/tokens")["tokens"]
    add_picture(User(user_client, user["email"], user["sub"], tokens))
    picture = requests.get(f"{console.url}/data/users/{user['sub']}/picture", timeout=10)
    assert (picture.status_code, picture.headers["Content-Type"]) == (200, "image/jpeg")
    assert picture.content.startswith(b"\xff\xd8")


@pytest.mark.parametrize(("state", "result"), [("confirmed", "The API has accepted"), ("unconfirmed", "no profile")])
def test_user_is_deleted(console: ConsoleClient, state: str, result: str) -> None:
    user = console.create_user(state)
    assert result in console.change("DELETE", f"users/{user['sub']}")["message"]
    wait_until(lambda: console.get(f"users?search={user['email']}")["users"] == [])
    assert console.send("DELETE", f"users/{user['sub']}").status_code == 400


@pytest.mark.parametrize("status", [401, 410, 429, 503])
def test_failed_deletion_does_not_delete_the_account(console: ConsoleClient, stack: RunningStack, status: int) -> None:
    sub = console.create_user()["sub"]
    operations = ConsoleOperationsClient(stack.outputs)
    users = UserAdministration(stack.outputs, operations, RejectingApi(stack, status))
    with pytest.raises(RequestRejected, match=r"The reason of the API\."):
        users.delete_user(sub)
    assert console.get(f"users/{sub}")["user"]["sub"] == sub


def test_request_has_its_user_problem_and_log(console: ConsoleClient, user_client: UserClient) -> None:
    user = console.create_user()
    token = console.change("POST", f"users/{user['sub']}/tokens")["tokens"]["IdToken"]
    response = user_client.call("PUT", f"/users/{user['sub']}", token, {"name": ""})
    assert response.status == 422
    entry = wait_for_request(console, f"/users/{user['sub']}")
    assert (entry["method"], entry["status"], entry["email"]) == ("PUT", 422, user["email"])
    assert entry["problem"]["errors"]
    assert entry["request_id"] == response.headers["X-Request-Id"] == entry["problem"]["request_id"]
    assert [line["message"] for line in entry["lines"]] == ["request"]


def test_sign_up_is_shown_with_its_trigger(console: ConsoleClient, user_client: UserClient) -> None:
    console.change("DELETE", "requests")
    sign_up(user_client)
    wait_until(lambda: len(console.get("requests")["requests"]) >= 2)
    latest, trigger = console.get("requests")["requests"][:2]
    assert (latest["source"], latest["method"]) == ("cognito", "SignUp")
    assert (trigger["source"], trigger["path"]) == ("function", "pre_sign_up")


@pytest.mark.usefixtures("_without_fault")
@pytest.mark.parametrize(
    ("kind", "status", "slug"), [("unavailable", 503, "unavailable"), ("throttled", 429, "too-many-requests")]
)
def test_next_request_fails_like_the_api(
    console: ConsoleClient, stack: RunningStack, kind: str, status: int, slug: str
) -> None:
    console.change("PUT", "fault", {"kind": kind, "remaining": 1})
    response = requests.get(f"{stack.outputs.api_url}/users/me", headers={"Origin": "http://app.example"}, timeout=10)
    assert (response.status_code, response.headers["Content-Type"]) == (status, "application/problem+json")
    assert response.json()["type"] == f"{stack.outputs.api_url}/problems#{slug}"
    assert (response.headers["Retry-After"], response.headers["Access-Control-Allow-Origin"]) == ("1", "*")
    assert requests.get(f"{stack.outputs.api_url}/users/me", timeout=10).status_code == 401
    assert console.get("fault") == {"fault": None}


@pytest.mark.usefixtures("_without_fault")
def test_slow_request_gets_its_response_after_the_delay(console: ConsoleClient, stack: RunningStack) -> None:
    console.change("PUT", "fault", {"kind": "slow", "remaining": 1, "delay_seconds": 0.5})
    started = time.monotonic()
    assert requests.get(f"{stack.outputs.api_url}/problems", timeout=10).status_code == 200
    assert time.monotonic() - started >= 0.5


@pytest.mark.usefixtures("_without_fault")
def test_dropped_request_has_no_response(console: ConsoleClient, stack: RunningStack) -> None:
    console.change("PUT", "fault", {"kind": "dropped", "remaining": None})
    for _ in range(2):
        with pytest.raises(requests.ConnectionError):
            requests.get(f"{stack.outputs.api_url}/problems", timeout=10)
    entry = wait_for_request(console, "/problems")
    assert (entry["status"], entry["fault"]) == (0, "dropped")


@pytest.mark.usefixtures("_without_fault")
def test_preflights_and_the_console_are_never_affected(console: ConsoleClient, stack: RunningStack) -> None:
    sub = console.create_user()["sub"]
    console.change("PUT", "fault", {"kind": "unavailable", "remaining": None})
    preflight = {"Origin": "http://app.example", "Access-Control-Request-Method": "GET"}
    response = requests.options(f"{stack.outputs.api_url}/users/me", headers=preflight, timeout=10)
    assert response.status_code < 300
    assert console.get(f"users/{sub}")["panels"][0]["status"] == 200


@pytest.mark.parametrize("name", ["name", "email", "phone_number", "custom:dob", "custom:gender", "custom:blood_group"])
def test_empty_attribute_is_not_replaced(console: ConsoleClient, name: str) -> None:
    response = console.send("POST", "users", {"state": "confirmed", "attributes": {name: ""}})
    assert not response.ok
    assert "is required" in response.json()["message"]


def test_mail_has_the_id_of_its_user(console: ConsoleClient) -> None:
    user = console.create_user("unconfirmed")
    assert console.find_mail(user["email"])["sub"] == user["sub"]
    console.change("DELETE", f"users/{user['sub']}")
    assert console.find_mail(user["email"])["sub"] is None


def test_file_is_downloaded_with_its_name(console: ConsoleClient, user_client: UserClient) -> None:
    entry = console.create_user()
    tokens = console.change("POST", f"users/{entry['sub']}/tokens")["tokens"]
    file = upload_document(User(user_client, entry["email"], entry["sub"], tokens), name="Befund für Ada.txt")
    response = requests.get(f"{console.url}/data/users/{entry['sub']}/files/{file['id']}/content", timeout=10)
    assert (response.status_code, response.content) == (200, TEXT)
    disposition = response.headers["Content-Disposition"]
    assert disposition.startswith("attachment; ")
    assert "Befund%20f%C3%BCr%20Ada.txt" in disposition


def test_missing_file_is_not_downloaded(console: ConsoleClient) -> None:
    sub = console.create_user()["sub"]
    url = f"{console.url}/data/users/{sub}/files/01a22792-9f54-7a3c-9667-b0715f136ea0/content"
    assert requests.get(url, timeout=10).status_code == 404


def test_rejected_file_is_only_in_the_log_file(
    console: ConsoleClient, user_client: UserClient, stack: RunningStack
) -> None:
    entry = console.create_user()
    tokens = console.change("POST", f"users/{entry['sub']}/tokens")["tokens"]
    upload_document(User(user_client, entry["email"], entry["sub"], tokens), EICAR_TEST_STRING)
    wait_until(lambda: "file rejected" in stack.read_logs())
    assert "file rejected" not in stack.console_output.read_text()


def test_users_are_seeded(console: ConsoleClient) -> None:
    before = console.get("state")["counts"]["users"]
    assert console.send("POST", "seed", {"count": 0}).status_code == 400
    console.change("POST", "seed", {"count": 11})
    wait_until(lambda: not console.get("state")["seeding"]["is_running"])
    state = console.get("state")
    assert state["seeding"] == {"is_running": False, "created": 11, "total": 11, "error": None}
    assert state["counts"]["users"] == before + 11


def test_exported_state_is_imported_after_a_reset(
    console: ConsoleClient, user_client: UserClient, stack: RunningStack
) -> None:
    email, sub = sign_up(user_client)
    user_client.confirm(email, console.find_mail(email)["code"])
    user = User(user_client, email, sub, user_client.sign_in(email, PASSWORD))
    add_picture(user)
    profile = user.get().body
    exported = console.get("export")
    counts = console.get("state")["counts"]
    console.change("DELETE", "state")
    assert console.get("state")["seeding"]["total"] == 0
    assert console.get("start")["has_example_user"] is False
    assert set(console.get("state")["counts"].values()) == {0}
    assert console.get("mails")["mails"] == []
    assert user.get().status in (404, 410)
    assert console.change("PUT", "import", exported)["counts"] == counts
    new_token = user_client.sign_in(email, PASSWORD)["IdToken"]
    assert user_client.call("GET", "/users/me", new_token).body == profile
    assert requests.get(f"{console.url}/data/users/{sub}/picture", timeout=10).content.startswith(b"\xff\xd8")
    pool = emulator_client("cognito-idp", stack.outputs).list_user_pools(MaxResults=2)["UserPools"]
    assert [entry["Id"] for entry in pool] == [stack.outputs.user_pool_id]


def test_other_file_is_not_imported(console: ConsoleClient) -> None:
    before = console.get("state")["counts"]
    response = console.send("PUT", "import", {"users": {}})
    assert (response.status_code, response.json()["message"]) == (400, "The file was not exported by this console.")
    assert console.get("state")["counts"] == before


def test_changed_openapi_document_names_this_api(console: ConsoleClient, stack: RunningStack) -> None:
    content = console.get("openapi")
    assert content["document"]["servers"][0]["url"] == stack.outputs.api_url
    assert content["has_viewer"] is True


def test_faults_end_with_the_run(tmp_path: Any) -> None:
    with start_stack(tmp_path) as first:
        ConsoleClient.open(first.outputs).change("PUT", "fault", {"kind": "unavailable", "remaining": None})
    with start_stack(tmp_path) as second:
        assert ConsoleClient.open(second.outputs).get("fault") == {"fault": None}
        mail = ConsoleClient.open(second.outputs)
        user = mail.create_user("unconfirmed")
        assert mail.find_mail(user["email"])["code"] == "123456", "the default code"
