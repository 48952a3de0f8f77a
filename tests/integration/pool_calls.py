"""What tests ask of the user pool, as a front end does."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import jwt
import pyotp
import pytest
from botocore.exceptions import ClientError
from pycognito.aws_srp import AWSSRP

from local.user_client import UserClient
from tests.support.data import sign_up_attributes
from tests.support.users import PASSWORD, User

RESET_CODE = "654321"
NEW_PASSWORD = "AnotherPass123!"
ENABLE_TOTP = {"SoftwareTokenMfaSettings": {"Enabled": True, "PreferredMfa": True}}


def get_client_error(call: Callable[[], Any]) -> tuple[str, str]:
    """Return the code and the message of the error that a call ends in."""
    with pytest.raises(ClientError) as caught:
        call()
    error = caught.value.response["Error"]
    return error["Code"], error["Message"]


def client_parameters(user: User) -> dict[str, str]:
    return {"ClientId": user.client.stack.user_pool_client_id, "Username": user.email}


def sign_up(session: UserClient, email: str) -> dict[str, Any]:
    """Return the whole answer, which Session.sign_up does not."""
    pairs = [{"Name": name, "Value": value} for name, value in sign_up_attributes(email).items()]
    where = {"ClientId": session.stack.user_pool_client_id, "Username": email}
    return dict(session.cognito.sign_up(**where, Password=PASSWORD, UserAttributes=pairs))


def decode_claims(token: str) -> dict[str, Any]:
    return dict(jwt.decode(token, options={"verify_signature": False}))


def refresh_tokens(user: User) -> dict[str, Any]:
    answer = user.client.cognito.get_tokens_from_refresh_token(
        ClientId=user.client.stack.user_pool_client_id, RefreshToken=user.tokens["RefreshToken"]
    )
    return dict(answer["AuthenticationResult"])


def register_authenticator(user: User) -> pyotp.TOTP:
    """Return the app, registered with its current code."""
    token = user.tokens["AccessToken"]
    app = pyotp.TOTP(user.client.cognito.associate_software_token(AccessToken=token)["SecretCode"])
    user.client.cognito.verify_software_token(AccessToken=token, UserCode=app.now())
    return app


def enable_authenticator(user: User) -> pyotp.TOTP:
    app = register_authenticator(user)
    user.client.cognito.set_user_mfa_preference(AccessToken=user.tokens["AccessToken"], **ENABLE_TOTP)
    return app


def get_next_code(app: pyotp.TOTP) -> str:
    """Return the code of the next 30 seconds, which is accepted and was not used yet."""
    return app.at(datetime.now(UTC) + timedelta(seconds=app.interval))


def submit_password(session: UserClient, email: str, password: str = PASSWORD) -> dict[str, Any]:
    """Return what Cognito answers to a good password: tokens or a challenge."""
    stack = session.stack
    srp = AWSSRP(
        username=email, password=password, pool_id=stack.user_pool_id, client_id=stack.user_pool_client_id,
        client=session.cognito,
    )  # fmt: skip
    parameters = srp.get_auth_params()
    begun = session.cognito.initiate_auth(
        ClientId=stack.user_pool_client_id, AuthFlow="USER_SRP_AUTH", AuthParameters=parameters
    )
    proof = srp.process_challenge(begun["ChallengeParameters"], parameters)
    answer: dict[str, Any] = session.cognito.respond_to_auth_challenge(
        ClientId=stack.user_pool_client_id, ChallengeName="PASSWORD_VERIFIER", ChallengeResponses=proof
    )
    return answer


def respond_to_challenge(
    session: UserClient, challenge: dict[str, Any], username: str, **responses: str
) -> dict[str, Any]:
    answer: dict[str, Any] = session.cognito.respond_to_auth_challenge(
        ClientId=session.stack.user_pool_client_id,
        ChallengeName=challenge["ChallengeName"],
        Session=challenge["Session"],
        ChallengeResponses={"USERNAME": username, **responses},
    )
    return answer


def submit_code(user: User, challenge: dict[str, Any], code: str) -> dict[str, Any]:
    return respond_to_challenge(user.client, challenge, user.email, SOFTWARE_TOKEN_MFA_CODE=code)
