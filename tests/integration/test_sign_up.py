"""Nothing but a whole and valid form makes an account, and every account gets its profile."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from botocore.exceptions import ClientError

from local.emulator_clients import emulator_client
from local.user_client import UserClient
from tests.support.data import sign_up_attributes
from tests.support.users import PASSWORD, User, generate_email

NewUser = Callable[..., User]
VALID = {"name": "Jane Roe", "dob": "1985-01-31", "gender": "Female", "blood_group": "O-"}


@pytest.fixture(scope="module")
def cognito(session: UserClient) -> Any:
    return emulator_client("cognito-idp", session.stack)


@pytest.fixture(scope="module")
def dynamodb(session: UserClient) -> Any:
    return emulator_client("dynamodb", session.stack)


def refusal(session: UserClient, **changed: str | None) -> str:
    """What Cognito answers to a sign-up with these attributes changed, and that there is no account then."""
    email = generate_email()
    with pytest.raises(ClientError) as caught:
        session.sign_up(email, PASSWORD, sign_up_attributes(email, **changed))
    error = caught.value.response["Error"]
    assert error["Code"] == "UserLambdaValidationException"
    cognito = emulator_client("cognito-idp", session.stack)
    with pytest.raises(ClientError, match="UserNotFound"):
        cognito.admin_get_user(UserPoolId=session.stack.user_pool_id, Username=email)
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
def test_a_wrong_form_makes_no_account(session: UserClient, field: str, value: str | None, problem: str) -> None:
    assert refusal(session, **{field: value}) == f"PreSignUp failed with error {problem}."


def test_all_that_is_wrong_is_said_at_once(session: UserClient) -> None:
    message = refusal(session, name=None, dob="never", blood_group="Z")
    assert message == (
        "PreSignUp failed with error name is required; "
        "date of birth must be an existing date in the format YYYY-MM-DD; "
        "blood group must be one of A+, A-, B+, B-, AB+, AB-, O+, O-, Unknown."
    )


def test_nobody_is_confirmed_by_signing_up(session: UserClient, cognito: Any) -> None:
    email = generate_email()
    session.sign_up(email, PASSWORD, sign_up_attributes(email))
    user = cognito.admin_get_user(UserPoolId=session.stack.user_pool_id, Username=email)
    assert user["UserStatus"] == "UNCONFIRMED"


def test_an_administrator_may_know_little_but_nothing_wrong(
    session: UserClient, cognito: Any, made_user: NewUser
) -> None:
    assert made_user().get().status == 200
    with pytest.raises(ClientError, match="date of birth must not be in the future"):
        cognito.admin_create_user(
            UserPoolId=session.stack.user_pool_id,
            Username=generate_email(),
            UserAttributes=[{"Name": "custom:dob", "Value": "2999-01-01"}],
        )


def test_a_user_whom_an_administrator_made_has_a_profile_from_the_first_get_on(made_user: NewUser) -> None:
    user = made_user(name="Jane Roe", email_verified="true", **{"custom:blood_group": "ab+"})
    answer = user.get()
    assert answer.status == 200
    made = answer.body
    assert (made["id"], made["email"], made["email_verified"]) == (user.sub, user.email, True)
    assert (made["name"], made["blood_group"], made["dob"], made["version"]) == ("Jane Roe", "AB+", None, 1)
    assert user.get().body == made


def test_a_first_put_makes_the_profile_too(made_user: NewUser) -> None:
    user = made_user()
    answer = user.put(VALID)
    assert (answer.status, answer.body["name"], answer.body["email"]) == (200, "Jane Roe", user.email)
    assert user.get().body == answer.body


def test_a_bad_first_put_makes_nothing_worse(made_user: NewUser) -> None:
    user = made_user()
    answer = user.put({**VALID, "name": "", "email": "mallory@example.com"})
    assert [error["pointer"] for error in answer.body["errors"]] == ["/name", "/email"]
    assert user.get().body["version"] == 1


def test_of_concurrent_first_gets_one_makes_the_profile(made_user: NewUser) -> None:
    user = made_user(name="Jane Roe")
    with ThreadPoolExecutor(20) as threads:
        answers = list(threads.map(lambda _: user.get(), range(20)))
    assert {answer.status for answer in answers} == {200}
    (only,) = {str(answer.body) for answer in answers}
    assert "'version': 1" in only


def test_health_data_is_not_taken_from_a_token(session: UserClient, cognito: Any, made_user: NewUser) -> None:
    """Tokens have none: the pool's record is what counts."""
    user = made_user(**{"custom:blood_group": "A+"})
    cognito.admin_update_user_attributes(
        UserPoolId=session.stack.user_pool_id,
        Username=user.email,
        UserAttributes=[{"Name": "custom:blood_group", "Value": "B-"}],
    )
    assert user.get().body["blood_group"] == "B-"


def test_a_user_who_is_disabled_is_not_healed(
    session: UserClient, cognito: Any, dynamodb: Any, made_user: NewUser
) -> None:
    user = made_user()
    cognito.admin_disable_user(UserPoolId=session.stack.user_pool_id, Username=user.email)
    assert (user.get().status, user.put(VALID).status) == (404, 404)
    assert "Item" not in dynamodb.get_item(TableName=session.stack.table, Key={"user_id": {"S": user.sub}})


def test_a_user_who_is_gone_is_not_healed(session: UserClient, cognito: Any, dynamodb: Any, new_user: NewUser) -> None:
    user = new_user()
    cognito.delete_user(AccessToken=user.tokens["AccessToken"])
    dynamodb.delete_item(TableName=session.stack.table, Key={"user_id": {"S": user.sub}})
    assert (user.get().status, user.put(VALID).status) == (404, 404)
    assert "Item" not in dynamodb.get_item(TableName=session.stack.table, Key={"user_id": {"S": user.sub}})


def test_a_profile_that_was_lost_is_healed_from_the_sign_up_form(
    session: UserClient, dynamodb: Any, new_user: NewUser
) -> None:
    user = new_user(name="Jane Lost")
    before = user.get().body
    dynamodb.delete_item(TableName=session.stack.table, Key={"user_id": {"S": user.sub}})
    healed = user.get().body
    new = ("created_at", "updated_at")
    assert {**healed, **{name: before[name] for name in new}} == before
