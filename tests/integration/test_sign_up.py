"""Only a complete and valid form creates an account, and every account gets a profile."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from botocore.exceptions import ClientError

from local.emulator_clients import emulator_client
from local.user_client import UserClient
from tests.support.aws import get_item
from tests.support.data import PROFILE_BODY, sign_up_attributes
from tests.support.users import PASSWORD, UserFactory, delete_stored_profile, generate_email


def get_rejection(user_client: UserClient, **overrides: str | None) -> str:
    """Return the message with which a sign-up is rejected. Check that it leaves no account."""
    email = generate_email()
    with pytest.raises(ClientError) as caught:
        user_client.sign_up(email, PASSWORD, sign_up_attributes(email, **overrides))
    error = caught.value.response["Error"]
    assert error["Code"] == "UserLambdaValidationException"
    with pytest.raises(ClientError, match="UserNotFound"):
        user_client.cognito.admin_get_user(UserPoolId=user_client.stack.user_pool_id, Username=email)
    return error["Message"]


@pytest.mark.parametrize(
    ("field", "value", "problem"),
    [
        ("name", "\x07", "name must not contain control or invisible characters"),
        ("phone_number", "01712345678", "phone number must be an international number such as +8801712345678"),
        ("dob", "2999-01-01", "date of birth must not be in the future"),
        ("dob", "31.01.1985", "date of birth must be an existing date in the format YYYY-MM-DD"),
        ("gender", "F", "gender must be one of Male, Female, Other, Unknown"),
        ("blood_group", "0-", "blood group must be one of A+, A-, B+, B-, AB+, AB-, O+, O-, Unknown"),
        ("name", None, "name is required"),
        ("phone_number", None, "phone number is required"),
        ("dob", None, "date of birth is required"),
        ("gender", None, "gender is required"),
        ("blood_group", None, "blood group is required"),
    ],
)
def test_invalid_form_creates_no_account(user_client: UserClient, field: str, value: str | None, problem: str) -> None:
    assert get_rejection(user_client, **{field: value}) == f"PreSignUp failed with error {problem}."


def test_rejection_lists_every_error(user_client: UserClient) -> None:
    message = get_rejection(user_client, name=None, dob="never", blood_group="Z")
    assert message == (
        "PreSignUp failed with error name is required; "
        "date of birth must be an existing date in the format YYYY-MM-DD; "
        "blood group must be one of A+, A-, B+, B-, AB+, AB-, O+, O-, Unknown."
    )


def test_sign_up_does_not_confirm_the_account(user_client: UserClient) -> None:
    email = generate_email()
    user_client.sign_up(email, PASSWORD, sign_up_attributes(email))
    user = user_client.cognito.admin_get_user(UserPoolId=user_client.stack.user_pool_id, Username=email)
    assert user["UserStatus"] == "UNCONFIRMED"


def test_admin_may_omit_attributes_but_not_set_invalid_ones(
    user_client: UserClient, admin_created_user: UserFactory
) -> None:
    assert admin_created_user().get().status == 200
    with pytest.raises(ClientError, match="date of birth must not be in the future"):
        user_client.cognito.admin_create_user(
            UserPoolId=user_client.stack.user_pool_id,
            Username=generate_email(),
            UserAttributes=[{"Name": "custom:dob", "Value": "2999-01-01"}],
        )


def test_first_get_provisions_the_profile(admin_created_user: UserFactory) -> None:
    user = admin_created_user(name="Jane Roe", email_verified="true", **{"custom:blood_group": "ab+"})
    response = user.get()
    assert response.status == 200
    profile = response.body
    assert (profile["id"], profile["email"], profile["email_verified"]) == (user.sub, user.email, True)
    assert (profile["name"], profile["blood_group"], profile["dob"], profile["version"]) == ("Jane Roe", "AB+", None, 1)
    assert user.get().body == profile


def test_first_put_provisions_the_profile(admin_created_user: UserFactory) -> None:
    user = admin_created_user()
    response = user.put(PROFILE_BODY)
    assert (response.status, response.body["name"], response.body["email"]) == (200, "Jane Roe", user.email)
    assert user.get().body == response.body


def test_invalid_first_put_provisions_the_profile_only(admin_created_user: UserFactory) -> None:
    user = admin_created_user()
    response = user.put({**PROFILE_BODY, "name": "", "email": "mallory@example.com"})
    assert [error["pointer"] for error in response.body["errors"]] == ["/name", "/email"]
    assert user.get().body["version"] == 1


def test_concurrent_first_gets_create_one_profile(admin_created_user: UserFactory) -> None:
    user = admin_created_user(name="Jane Roe")
    with ThreadPoolExecutor(20) as threads:
        responses = list(threads.map(lambda _: user.get(), range(20)))
    assert {response.status for response in responses} == {200}
    (body,) = {str(response.body) for response in responses}
    assert "'version': 1" in body


def test_health_data_is_read_from_the_user_pool(user_client: UserClient, admin_created_user: UserFactory) -> None:
    """Tokens do not contain health data."""
    user = admin_created_user(**{"custom:blood_group": "A+"})
    user_client.cognito.admin_update_user_attributes(
        UserPoolId=user_client.stack.user_pool_id,
        Username=user.email,
        UserAttributes=[{"Name": "custom:blood_group", "Value": "B-"}],
    )
    assert user.get().body["blood_group"] == "B-"


def test_profile_of_a_disabled_user_is_not_provisioned(
    user_client: UserClient, admin_created_user: UserFactory
) -> None:
    user = admin_created_user()
    user_client.cognito.admin_disable_user(UserPoolId=user_client.stack.user_pool_id, Username=user.email)
    assert (user.get().status, user.put(PROFILE_BODY).status) == (404, 404)
    assert get_item(emulator_client("dynamodb", user_client.stack), user_client.stack.table, user.sub) is None


def test_profile_of_a_deleted_user_is_not_provisioned(user_client: UserClient, signed_up_user: UserFactory) -> None:
    user = signed_up_user()
    user_client.cognito.delete_user(AccessToken=user.tokens["AccessToken"])
    delete_stored_profile(user)
    assert (user.get().status, user.put(PROFILE_BODY).status) == (404, 404)
    assert get_item(emulator_client("dynamodb", user_client.stack), user_client.stack.table, user.sub) is None


def test_lost_profile_is_provisioned_from_the_user_pool(user_client: UserClient, signed_up_user: UserFactory) -> None:
    user = signed_up_user(name="Jane Lost")
    before = user.get().body
    delete_stored_profile(user)
    after = user.get().body
    times = ("created_at", "updated_at")
    assert {**after, **{name: before[name] for name in times}} == before
