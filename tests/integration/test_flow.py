"""A person's way through the product, over HTTP."""

import base64
import json
import os
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
from botocore.exceptions import ClientError

from local.emulator import CONFIRMATION_CODE
from local.emulator_clients import emulator_client
from local.user_client import UserClient
from tests.support.data import sign_up_attributes
from tests.support.users import PASSWORD, User, generate_email

NewUser = Callable[..., User]

# The request's example, to the letter. `make run` signs this very user up, so here the address differs.
EXAMPLE = json.loads("""{
  "username": "john@example.com",
  "password": "StrongPass123!",
  "user_attributes": {
    "name": "John Doe",
    "email": "john@example.com",
    "phone_number": "+8801712345678",
    "custom:dob": "1990-05-14",
    "custom:gender": "Male",
    "custom:blood_group": "A+"
  }
}""")


def test_the_example_sign_up_works_to_the_letter(session: UserClient) -> None:
    """`make run` has signed John up: his profile is there, with the edit of its example."""
    tokens = session.sign_in(EXAMPLE["username"], EXAMPLE["password"])
    answer = session.call("GET", "/users/me", tokens["IdToken"])
    assert answer.status == 200
    profile = answer.body
    assert profile == {
        "id": profile["id"],
        "email": "john@example.com",
        "email_verified": True,
        "phone_number": "+8801712345678",
        "phone_number_verified": False,
        "name": "John A. Doe",
        "dob": "1990-05-14",
        "gender": "Male",
        "blood_group": "A+",
        "picture": None,
        "created_at": profile["created_at"],
        "updated_at": profile["updated_at"],
        "version": 2,
    }
    assert profile["created_at"] < profile["updated_at"]


def test_a_sign_up_is_a_profile_that_its_user_can_read_and_replace(session: UserClient) -> None:
    email = generate_email()
    form = {**EXAMPLE["user_attributes"], "email": email}
    sub = session.sign_up(email, EXAMPLE["password"], form)
    with pytest.raises(ClientError, match="not confirmed"):
        session.sign_in(email, EXAMPLE["password"])
    session.confirm(email, CONFIRMATION_CODE)
    dynamodb = emulator_client("dynamodb", session.stack)
    item = dynamodb.get_item(TableName=session.stack.table, Key={"user_id": {"S": sub}})["Item"]
    assert item["blood_group"] == {"S": "A+"}
    assert item["email_verified"] == {"BOOL": True}

    token = session.sign_in(email, EXAMPLE["password"])["IdToken"]
    first = session.call("GET", f"/users/{sub}", token)
    assert (first.status, first.body["id"], first.body["version"]) == (200, sub, 1)

    edited = {**first.body, "name": "Johnny Doe", "gender": "other"}
    second = session.call("PUT", f"/users/{sub}", token, edited)
    assert second.status == 200
    assert second.body == {
        **first.body,
        "name": "Johnny Doe",
        "gender": "Other",
        "version": 2,
        "updated_at": second.body["updated_at"],
    }
    assert session.call("GET", f"/users/{sub}", token).body == second.body


def test_a_wrong_code_confirms_nobody(session: UserClient) -> None:
    email = generate_email()
    sub = session.sign_up(email, PASSWORD, sign_up_attributes(email))
    with pytest.raises(ClientError, match="CodeMismatch"):
        session.confirm(email, "000000")
    dynamodb = emulator_client("dynamodb", session.stack)
    assert "Item" not in dynamodb.get_item(TableName=session.stack.table, Key={"user_id": {"S": sub}})


def test_me_is_one_s_own_profile(new_user: NewUser) -> None:
    user = new_user()
    assert user.get("me").body == user.get(user.sub).body


@pytest.mark.parametrize(
    "user_id", ["00000000-0000-4000-8000-000000000000", "ME", "%20", "%00", "*", "me%2F", "..%2Fme"]
)
def test_an_id_that_is_not_one_s_own_is_forbidden(new_user: NewUser, user_id: str) -> None:
    user = new_user()
    assert user.get(user_id).status == 403
    assert user.put({}, user_id).status == 403


def test_another_s_profile_looks_the_same_as_none(new_user: NewUser) -> None:
    user, other = new_user(), new_user()
    there, nowhere = user.get(other.sub), user.get("00000000-0000-4000-8000-000000000000")
    assert there.status == nowhere.status == 403
    assert {**there.body, "request_id": ""} == {**nowhere.body, "request_id": ""}
    assert user.put({**other.get().body, "name": "Mallory"}, other.sub).status == 403
    assert other.get().body["version"] == 1


@pytest.mark.parametrize("path", ["/", "/users", "/users/", "/users/me/picture", "/admin"])
def test_what_there_is_not_is_a_404(session: UserClient, new_user: NewUser, path: str) -> None:
    answer = session.call("GET", path, new_user().token)
    assert (answer.status, answer.body["title"]) == (404, "Not Found")


def test_tokens_are_made_for_a_quarter_of_an_hour(new_user: NewUser) -> None:
    payload = new_user().token.split(".")[1]
    claims = json.loads(base64.urlsafe_b64decode(payload + "=="))
    assert claims["exp"] - claims["iat"] == 15 * 60


def test_concurrent_sign_ups_each_store_one_profile(new_user: NewUser) -> None:
    names = [f"Person Number {letter}" for letter in "abcdefghijklmnopqrst"]
    with ThreadPoolExecutor(4) as threads:
        users = list(threads.map(lambda name: new_user(name=name), names))
    profiles = [user.get().body for user in users]
    assert [profile["name"] for profile in profiles] == names
    assert [profile["id"] for profile in profiles] == [user.sub for user in users]
    assert [profile["email"] for profile in profiles] == [user.email for user in users]
    assert {profile["version"] for profile in profiles} == {1}
    assert len({profile["id"] for profile in profiles}) == len(names)


def test_no_concurrent_replacement_is_lost_or_counted_twice(new_user: NewUser) -> None:
    user = new_user()
    names = [[f"Writer {chr(97 + thread)} {turn}" for turn in range(10)] for thread in range(20)]
    rest = {"dob": "1985-01-31", "gender": "Female", "blood_group": "O-"}

    def write(mine: list[str]) -> list[int]:
        return [user.put({"name": name, **rest}).status for name in mine]

    with ThreadPoolExecutor(20) as threads:
        statuses = [status for mine in threads.map(write, names) for status in mine]
    assert all(status == 200 or 400 <= status < 500 for status in statuses)
    last = user.get().body
    assert last["version"] == 1 + statuses.count(200)
    assert last["name"] in [name for mine in names for name in mine]


def test_of_concurrent_edits_of_one_representation_one_wins(new_user: NewUser) -> None:
    user = new_user()
    read = user.get().body

    def edit(number: int) -> tuple[int, str]:
        name = f"Editor {chr(97 + number)}"
        return user.put({**read, "name": name}).status, name

    with ThreadPoolExecutor(20) as threads:
        answers = list(threads.map(edit, range(20)))
    (winner,) = [name for status, name in answers if status == 200]
    assert {status for status, _ in answers} == {200, 409}
    last = user.get().body
    assert (last["name"], last["version"]) == (winner, 2)


def test_boto3_needs_only_endpoint_key_and_region(session: UserClient) -> None:
    script = """
import boto3, sys
client_id, email, password, code = sys.argv[1:]
cognito = boto3.client("cognito-idp")
form = {"email": email, "name": "Boto Three", "phone_number": "+8801712345678",
        "custom:dob": "1985-01-31", "custom:gender": "Female", "custom:blood_group": "O-"}
attributes = [{"Name": name, "Value": value} for name, value in form.items()]
sub = cognito.sign_up(ClientId=client_id, Username=email, Password=password, UserAttributes=attributes)["UserSub"]
cognito.confirm_sign_up(ClientId=client_id, Username=email, ConfirmationCode=code)
print(boto3.client("dynamodb").get_item(TableName="Users", Key={"user_id": {"S": sub}})["Item"]["name"]["S"])
"""
    environment = {
        **os.environ, **session.stack.access_key.variables, "AWS_DEFAULT_REGION": session.stack.region,
        "AWS_ENDPOINT_URL": session.stack.aws_endpoint_url,
    }  # fmt: skip
    arguments = [session.stack.user_pool_client_id, generate_email(), PASSWORD, CONFIRMATION_CODE]
    done = subprocess.run(
        [sys.executable, "-c", script, *arguments], env=environment, capture_output=True, text=True, timeout=30
    )
    assert (done.stdout, done.stderr) == ("Boto Three\n", "")
