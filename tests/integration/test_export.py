"""The export of a person's data: its completeness, its headers and its rate."""

import base64
import hashlib
import re
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import fields
from datetime import UTC, datetime
from typing import Any

import pytest
import requests
from boto3.dynamodb.types import TypeDeserializer

from chalicelib.files.models import File
from chalicelib.files.records import QUOTA_RECORD, StoredQuota
from chalicelib.files.storage import build_object_key
from chalicelib.privacy.export import OMITTED
from chalicelib.profiles.items import to_attribute_name
from chalicelib.profiles.models import Profile
from local.config import ROOT
from local.emulator_clients import emulator_client
from local.user_client import ApiResponse, UserClient
from tests.support.aws import require_item
from tests.support.erasure import GRACE_DAYS, cancel_deletion, delete_account, list_objects_of
from tests.support.file_bodies import PDF
from tests.support.file_client import announce_and_upload, call_file, wait_for_check
from tests.support.picture_client import set_picture, upload_file
from tests.support.sample_images import make_image
from tests.support.stack import RunningStack, start_api
from tests.support.user_pool_calls import enable_authenticator, update_as_admin
from tests.support.users import PASSWORD, User, UserFactory, delete_stored_profile, sign_up_and_sign_in

ARCHITECTURE = (ROOT / "docs" / "architecture.md").read_text()
SECRETS = {"password", "TOTP secret"}  # stored in the user pool, in no attribute
# Values of attributes whose format Cognito checks.
ATTRIBUTE_VALUES = {
    "birthdate": "1985-01-31",
    "custom:dob": "1985-01-31",
    "custom:gender": "Female",
    "custom:blood_group": "O-",
    "phone_number": "+8801898765432",
    "email_verified": "true",
    "phone_number_verified": "true",
    "updated_at": "1790000000",
}
READ_ONLY_ATTRIBUTES = {"sub", "email", "identities"}


def export(user: User) -> ApiResponse:
    return user.client.call("GET", "/users/me/export", user.token)


def export_raw(user: User) -> requests.Response:
    """Return the response with its content as it was sent."""
    return requests.get(
        f"{user.client.stack.api_url}/users/{user.sub}/export",
        headers={"Authorization": user.token, "Origin": "http://localhost:3000"},
        timeout=20,
    )


def get_stored_item(user: User) -> dict[str, Any]:
    return require_item(emulator_client("dynamodb", user.client.stack), user.client.stack.table, user.sub)


def forget_last_export(user: User, seconds: int = 61) -> None:
    """Let the last export be this number of seconds ago."""
    emulator_client("dynamodb", user.client.stack).update_item(
        TableName=user.client.stack.table,
        Key={"user_id": {"S": user.sub}},
        UpdateExpression="SET exported_at = :time",
        ExpressionAttributeValues={":time": {"N": str(int((time.time() - seconds) * 1000))}},
    )


def list_documented_names(heading: str) -> set[str]:
    """Return the names in the first column of the first table of a section of the architecture page."""
    section = ARCHITECTURE.partition(f"### {heading}\n")[2].partition("\n### ")[0]
    rows = re.findall(r"^\| (`.+?) \|", section.partition("\nInternal items")[0], re.MULTILINE)
    return {name for row in rows for name in re.findall("`([^`]+)`", row)}


@pytest.fixture(scope="module")
def grace_client(stack: RunningStack, tmp_path_factory: pytest.TempPathFactory) -> Iterator[UserClient]:
    """Return a client of an API whose deletions have a grace period."""
    with start_api(stack.outputs, tmp_path_factory.mktemp("grace"), DELETION_GRACE_DAYS=str(GRACE_DAYS)) as client:
        yield client


@pytest.fixture(scope="module")
def complete_user(grace_client: UserClient) -> User:
    """Return a user with all data that the service can store, and a scheduled deletion."""
    user = sign_up_and_sign_in(grace_client)
    assert set_picture(user, upload_file(user, make_image())).status == 200
    upload_file(user)  # not yet a picture
    wait_for_check(user, announce_and_upload(user))
    update_as_admin(user, phone_number="+4915112345678")
    user = User(user.client, user.email, user.sub, grace_client.sign_in(user.email, PASSWORD))
    enable_authenticator(user)
    assert delete_account(user).status == 202
    return user


@pytest.fixture(scope="module")
def exported(complete_user: User) -> dict[str, Any]:
    response = export(complete_user)
    assert response.status == 200
    return response.body


def read_attribute(value: Any) -> Any:
    return TypeDeserializer().deserialize(value)


def test_export_shows_or_omits_each_stored_attribute(complete_user: User, exported: dict[str, Any]) -> None:
    item = get_stored_item(complete_user)
    for attribute, value in item.items():
        if attribute in OMITTED:
            continue
        exported_values = {**exported["profile"], "user_id": exported["id"]}
        exported_values |= {f"deletion_{name}": time for name, time in exported["deletion"].items()}
        assert exported_values.get(attribute) == read_attribute(value), (
            f"{attribute} is neither in the export nor omitted"
        )


def test_stored_attributes_are_documented(complete_user: User, exported: dict[str, Any]) -> None:
    """An attribute that is new in the table fails this test until it is documented, and then the next one."""
    assert exported
    assert set(get_stored_item(complete_user)) <= list_documented_names("Table Users")


def test_export_shows_or_omits_each_documented_attribute() -> None:
    documented = list_documented_names("Table Users")
    tombstone = {"erased_at", "erased_objects", "ttl"}  # of no account
    exported = {to_attribute_name(name) for name in Profile.model_fields}
    exported |= {"deletion_requested_at", "deletion_erase_after"}
    assert {"name", "picture_key", "deletion_status"} <= documented
    assert documented - tombstone - exported - set(OMITTED) == set()


def test_export_shows_or_omits_each_attribute_of_the_records() -> None:
    documented = list_documented_names("Table UserRecords")
    quota = {*(field.name for field in fields(StoredQuota))}  # of the record file-quota
    assert {"sha256", "rejection", "expires_at"} | quota <= documented
    assert documented - quota - set(File.model_fields) - set(OMITTED) - {"user_id", "record"} == set()


def test_records_of_a_user_are_documented(complete_user: User, exported: dict[str, Any]) -> None:
    stack = complete_user.client.stack
    items = emulator_client("dynamodb", stack).scan(TableName=stack.records_table, ConsistentRead=True)["Items"]
    stored = {name for item in items if item["user_id"]["S"] == complete_user.sub for name in item}
    assert "sha256" in stored
    assert stored <= list_documented_names("Table UserRecords")


def test_export_contains_the_files_with_their_content(complete_user: User, exported: dict[str, Any]) -> None:
    (file,) = exported["files"]
    stored = call_file(complete_user, file["id"]).body
    assert {name: file[name] for name in stored} == stored
    assert requests.get(file["url"], timeout=20).content == PDF


def test_export_shows_each_attribute_of_the_user_pool(signed_up_user: UserFactory) -> None:
    user = signed_up_user()
    cognito, pool_id = emulator_client("cognito-idp", user.client.stack), user.client.stack.user_pool_id
    schema = cognito.describe_user_pool(UserPoolId=pool_id)["UserPool"]["SchemaAttributes"]
    names = {attribute["Name"] for attribute in schema}
    assert {"sub", "email", "custom:dob", "birthdate", "address"} <= names
    update_as_admin(user, **{name: ATTRIBUTE_VALUES.get(name, f"Jane {name}") for name in names - READ_ONLY_ATTRIBUTES})
    stored = cognito.admin_get_user(UserPoolId=pool_id, Username=user.sub)["UserAttributes"]
    assert {pair["Name"] for pair in stored} >= names - {"identities"}, "the user has every attribute"
    account = export(user).body["account"]
    assert account["attributes"] == {pair["Name"]: pair["Value"] for pair in stored}


def test_export_shows_the_account(complete_user: User, exported: dict[str, Any]) -> None:
    account = exported["account"]
    assert (account["status"], account["mfa"]) == ("CONFIRMED", ["SOFTWARE_TOKEN_MFA"])
    assert account["attributes"]["sub"] == complete_user.sub
    age = datetime.now(UTC) - datetime.fromisoformat(account["created_at"])
    assert 0 <= age.total_seconds() < 600


def test_export_shows_or_omits_each_prefix_of_the_bucket(complete_user: User, exported: dict[str, Any]) -> None:
    keys = {key for key, _ in list_objects_of(complete_user.client.stack, complete_user.sub)}
    documented = {name.partition("/")[0] for name in list_documented_names("Bucket")}
    stored = {key.partition("/")[0] for key in keys}
    assert stored == documented == {"uploads", "pictures", "files"}
    current = get_stored_item(complete_user)["picture_key"]["S"]
    assert current in exported["picture"]["url"]
    assert build_object_key(complete_user.sub, exported["files"][0]["id"]) in exported["files"][0]["url"]
    assert "uploads/" in OMITTED


def test_omissions_name_existing_data_and_a_reason() -> None:
    prefixes = {f"{name.partition('/')[0]}/" for name in list_documented_names("Bucket")}
    names = list_documented_names("Table Users") | list_documented_names("Table UserRecords")
    assert set(OMITTED) <= names | prefixes | SECRETS | {QUOTA_RECORD}
    assert set(OMITTED) >= SECRETS
    assert all(reason.endswith(".") for reason in OMITTED.values())


def test_export_contains_the_profile_and_the_picture(complete_user: User, exported: dict[str, Any]) -> None:
    assert exported["format"] == "healthtech-export/1"
    assert exported["id"] == complete_user.sub
    assert exported["profile"] == complete_user.get().body
    link = exported["picture"]
    assert {name: link[name] for name in exported["profile"]["picture"]} == exported["profile"]["picture"]
    assert len(requests.get(link["url"], timeout=20).content) == link["size"]
    assert all(exported["processing"][name] for name in ("purposes", "recipients", "retention"))


def test_export_without_picture_and_deletion_has_nulls(signed_up_user: UserFactory) -> None:
    body = export(signed_up_user()).body
    assert (body["picture"], body["deletion"], body["account"]["mfa"]) == (None, None, [])


def test_export_is_a_file_with_a_digest(signed_up_user: UserFactory) -> None:
    response = export_raw(signed_up_user())
    digest = base64.b64encode(hashlib.sha256(response.content).digest()).decode()
    assert response.headers["Repr-Digest"] == f"sha-256=:{digest}:"  # RFC 9530
    exported_at = datetime.fromisoformat(response.json()["exported_at"])
    file_name = f"healthtech-{exported_at:%Y-%m-%d}.json"
    assert response.headers["Content-Disposition"] == f'attachment; filename="{file_name}"'
    assert response.headers["Content-Type"] == "application/json"
    assert response.headers["Cache-Control"] == "private, no-store"


def test_page_can_read_the_headers_of_an_export(signed_up_user: UserFactory) -> None:
    response = export_raw(signed_up_user())
    exposed = set(response.headers["Access-Control-Expose-Headers"].split(", "))
    assert {"Content-Disposition", "Repr-Digest", "Retry-After", "Location", "WWW-Authenticate"} <= exposed


def test_second_export_within_a_minute_is_rejected(signed_up_user: UserFactory) -> None:
    user = signed_up_user()
    assert export(user).status == 200
    rejected = export(user)
    assert (rejected.status, rejected.body["type"].rpartition("#")[2]) == (429, "export-limit-reached")
    assert 55 <= int(rejected.headers["Retry-After"]) <= 60
    forget_last_export(user, seconds=50)
    assert 5 <= int(export(user).headers["Retry-After"]) <= 10
    forget_last_export(user)
    assert export(user).status == 200


def test_rejected_export_does_not_extend_the_wait(signed_up_user: UserFactory) -> None:
    user = signed_up_user()
    export(user)
    before = get_stored_item(user)
    assert export(user).status == 429
    assert get_stored_item(user) == before


def test_one_of_several_concurrent_exports_succeeds(signed_up_user: UserFactory) -> None:
    user = signed_up_user()
    with ThreadPoolExecutor(8) as threads:
        statuses = sorted(response.status for response in threads.map(lambda _: export(user), range(8)))
    assert statuses == [200, *[429] * 7]


def test_export_does_not_change_the_profile(signed_up_user: UserFactory) -> None:
    user = signed_up_user()
    before = user.get()
    exported = export(user)
    assert exported.body["profile"] == before.body
    assert user.get().body == before.body
    assert user.get().headers["ETag"] == before.headers["ETag"]


def test_export_provisions_a_missing_profile(signed_up_user: UserFactory) -> None:
    user = signed_up_user()
    delete_stored_profile(user)
    response = export(user)
    assert (response.status, response.body["profile"]["name"]) == (200, "Jane Roe")


def test_export_of_a_user_deleted_in_cognito_has_no_account(signed_up_user: UserFactory) -> None:
    user = signed_up_user()
    user.client.cognito.delete_user(AccessToken=user.tokens["AccessToken"])
    response = export(user)
    assert (response.status, response.body["account"]) == (200, None)
    assert response.body["profile"]["name"] == "Jane Roe"


def test_export_of_a_cancelled_deletion_has_no_deletion(grace_client: UserClient) -> None:
    user = sign_up_and_sign_in(grace_client)
    delete_account(user)
    assert export(user).body["deletion"] is not None
    assert cancel_deletion(user).status == 204
    forget_last_export(user)
    assert export(user).body["deletion"] is None
