"""A user signs up, signs in, reads and edits the profile over HTTP."""

import json
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import pytest
from botocore.exceptions import ClientError

from local.emulator import CONFIRMATION_CODE
from local.emulator_clients import emulator_client
from local.user_client import UserClient
from tests.support.aws import get_item, require_item
from tests.support.data import PROFILE_BODY, UNKNOWN_SUB, sign_up_attributes
from tests.support.user_pool_calls import decode_claims
from tests.support.users import PASSWORD, UserFactory, generate_email

# The example of the original request, unchanged. `make run` signs this user up.
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


def test_example_of_the_original_request_works(user_client: UserClient) -> None:
    """`make run` has signed John up and edited his profile."""
    tokens = user_client.sign_in(EXAMPLE["username"], EXAMPLE["password"])
    response = user_client.call("GET", "/users/me", tokens["IdToken"])
    assert response.status == 200
    profile = response.body
    contact = {name: profile[name] for name in ("email", "email_verified", "phone_number", "phone_number_verified")}
    assert contact == {
        "email": "john@example.com",
        "email_verified": True,
        "phone_number": "+8801712345678",
        "phone_number_verified": False,
    }
    assert all(profile[name] for name in ("id", "name", "dob", "gender", "blood_group"))
    assert profile["version"] >= 2  # tests of the documentation edit John too
    assert profile["created_at"] < profile["updated_at"]


def test_signed_up_user_can_read_and_replace_the_profile(user_client: UserClient) -> None:
    email = generate_email()
    attributes = {**EXAMPLE["user_attributes"], "email": email}
    sub = user_client.sign_up(email, EXAMPLE["password"], attributes)
    with pytest.raises(ClientError, match="not confirmed"):
        user_client.sign_in(email, EXAMPLE["password"])
    user_client.confirm(email, CONFIRMATION_CODE)
    item = require_item(emulator_client("dynamodb", user_client.stack), user_client.stack.table, sub)
    assert item["blood_group"] == {"S": "A+"}
    assert item["email_verified"] == {"BOOL": True}

    token = user_client.sign_in(email, EXAMPLE["password"])["IdToken"]
    first = user_client.call("GET", f"/users/{sub}", token)
    assert (first.status, first.body["id"], first.body["version"]) == (200, sub, 1)

    edited = {**first.body, "name": "Johnny Doe", "gender": "other"}
    second = user_client.call("PUT", f"/users/{sub}", token, edited)
    assert second.status == 200
    assert second.body == {
        **first.body,
        "name": "Johnny Doe",
        "gender": "Other",
        "version": 2,
        "updated_at": second.body["updated_at"],
    }
    assert user_client.call("GET", f"/users/{sub}", token).body == second.body


def test_wrong_code_confirms_no_account(user_client: UserClient) -> None:
    email = generate_email()
    sub = user_client.sign_up(email, PASSWORD, sign_up_attributes(email))
    with pytest.raises(ClientError, match="CodeMismatch"):
        user_client.confirm(email, "000000")
    assert get_item(emulator_client("dynamodb", user_client.stack), user_client.stack.table, sub) is None


def test_own_profile_by_id_and_me(signed_up_user: UserFactory) -> None:
    user = signed_up_user()
    assert user.get("me").body == user.get(user.sub).body


@pytest.mark.parametrize("user_id", [UNKNOWN_SUB, "ME", "%20", "%00", "*", "me%2F", "..%2Fme"])
def test_any_other_id_is_forbidden(signed_up_user: UserFactory, user_id: str) -> None:
    user = signed_up_user()
    assert user.get(user_id).status == 403
    assert user.put({}, user_id).status == 403


def test_profile_of_another_user_looks_like_a_missing_one(signed_up_user: UserFactory) -> None:
    user, other_user = signed_up_user(), signed_up_user()
    existing, missing = user.get(other_user.sub), user.get(UNKNOWN_SUB)
    assert existing.status == missing.status == 403
    assert {**existing.body, "request_id": ""} == {**missing.body, "request_id": ""}
    assert user.put({**other_user.get().body, "name": "Mallory"}, other_user.sub).status == 403
    assert other_user.get().body["version"] == 1


@pytest.mark.parametrize("path", ["/", "/users", "/users/", "/users/me/picture", "/admin"])
def test_unknown_route_is_a_404(user_client: UserClient, signed_up_user: UserFactory, path: str) -> None:
    response = user_client.call("GET", path, signed_up_user().token)
    assert (response.status, response.body["title"]) == (404, "Not Found")


def test_id_token_expires_after_15_minutes(signed_up_user: UserFactory) -> None:
    claims = decode_claims(signed_up_user().token)
    assert claims["exp"] - claims["iat"] == 15 * 60


def test_concurrent_sign_ups_each_store_one_profile(signed_up_user: UserFactory) -> None:
    names = [f"Person Number {letter}" for letter in "abcdefghijklmnopqrst"]
    with ThreadPoolExecutor(4) as threads:
        users = list(threads.map(lambda name: signed_up_user(name=name), names))
    profiles = [user.get().body for user in users]
    assert [profile["name"] for profile in profiles] == names
    assert [profile["id"] for profile in profiles] == [user.sub for user in users]
    assert [profile["email"] for profile in profiles] == [user.email for user in users]
    assert {profile["version"] for profile in profiles} == {1}
    assert len({profile["id"] for profile in profiles}) == len(names)


def test_concurrent_puts_are_neither_lost_nor_applied_twice(signed_up_user: UserFactory) -> None:
    user = signed_up_user()
    names = [[f"Writer {chr(97 + thread)} {round_number}" for round_number in range(10)] for thread in range(20)]

    def put_names(own_names: list[str]) -> list[int]:
        return [user.put({**PROFILE_BODY, "name": name}).status for name in own_names]

    with ThreadPoolExecutor(20) as threads:
        statuses = [status for own_names in threads.map(put_names, names) for status in own_names]
    assert all(status == 200 or 400 <= status < 500 for status in statuses)
    last = user.get().body
    assert last["version"] == 1 + statuses.count(200)
    assert last["name"] in [name for own_names in names for name in own_names]


def test_one_of_concurrent_edits_of_a_version_succeeds(signed_up_user: UserFactory) -> None:
    user = signed_up_user()
    read = user.get().body

    def edit(number: int) -> tuple[int, str]:
        name = f"Editor {chr(97 + number)}"
        return user.put({**read, "name": name}).status, name

    with ThreadPoolExecutor(20) as threads:
        responses = list(threads.map(edit, range(20)))
    (winner,) = [name for status, name in responses if status == 200]
    assert {status for status, _ in responses} == {200, 409}
    last = user.get().body
    assert (last["name"], last["version"]) == (winner, 2)


def test_boto3_works_with_endpoint_key_and_region(user_client: UserClient) -> None:
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
        **os.environ, **user_client.stack.access_key.variables, "AWS_DEFAULT_REGION": user_client.stack.region,
        "AWS_ENDPOINT_URL": user_client.stack.aws_endpoint_url,
    }  # fmt: skip
    arguments = [user_client.stack.user_pool_client_id, generate_email(), PASSWORD, CONFIRMATION_CODE]
    done = subprocess.run(
        [sys.executable, "-c", script, *arguments], env=environment, capture_output=True, text=True, timeout=30
    )
    assert (done.stdout, done.stderr) == ("Boto Three\n", "")
