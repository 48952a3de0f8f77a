"""Calls to the user pool as a front end makes them."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import jwt
import pyotp
import pytest
from botocore.exceptions import ClientError
from pycognito.aws_srp import AWSSRP

from local.user_client import UserClient
from tests.support.data import sign_up_attributes
from tests.support.users import PASSWORD, User, attribute_pairs

RESET_CODE: Final = "654321"
NEW_PASSWORD: Final = "AnotherPass123!"
ENABLE_TOTP: Final = {"SoftwareTokenMfaSettings": {"Enabled": True, "PreferredMfa": True}}


def get_client_error(call: Callable[[], Any]) -> tuple[str, str]:
    """Return the code and the message of the error that a call raises. Fails if it raises none."""
    with pytest.raises(ClientError) as caught:
        call()
    error = caught.value.response["Error"]
    return error["Code"], error["Message"]


def client_parameters(user_client: UserClient, email: str) -> dict[str, str]:
    """Return the parameters that name a user in calls of a public client."""
    return {"ClientId": user_client.stack.user_pool_client_id, "Username": email}


def sign_up(user_client: UserClient, email: str) -> dict[str, Any]:
    """Sign a user up. Return Cognito's whole response, of which Session.sign_up returns only the sub."""
    parameters = client_parameters(user_client, email)
    pairs = attribute_pairs(sign_up_attributes(email))
    return dict(user_client.cognito.sign_up(**parameters, Password=PASSWORD, UserAttributes=pairs))


def reset_password(user: User, password: str = NEW_PASSWORD) -> None:
    """Request a reset code and confirm the new password with it."""
    parameters = client_parameters(user.client, user.email)
    user.client.cognito.forgot_password(**parameters)
    user.client.cognito.confirm_forgot_password(**parameters, ConfirmationCode=RESET_CODE, Password=password)


def decode_claims(token: str) -> dict[str, Any]:
    return dict(jwt.decode(token, options={"verify_signature": False}))


def refresh_tokens(user: User) -> dict[str, Any]:
    response = user.client.cognito.get_tokens_from_refresh_token(
        ClientId=user.client.stack.user_pool_client_id, RefreshToken=user.tokens["RefreshToken"]
    )
    return dict(response["AuthenticationResult"])


def update_as_admin(user: User, **attributes: str) -> None:
    """Change attributes of a user as an administrator."""
    user.client.cognito.admin_update_user_attributes(
        UserPoolId=user.client.stack.user_pool_id, Username=user.sub, UserAttributes=attribute_pairs(attributes)
    )


def register_authenticator(user: User) -> pyotp.TOTP:
    """Register an authenticator app with its current code and return it."""
    token = user.tokens["AccessToken"]
    authenticator = pyotp.TOTP(user.client.cognito.associate_software_token(AccessToken=token)["SecretCode"])
    user.client.cognito.verify_software_token(AccessToken=token, UserCode=authenticator.now())
    return authenticator


def enable_authenticator(user: User) -> pyotp.TOTP:
    """Register an authenticator app and make it the second factor of sign-ins."""
    authenticator = register_authenticator(user)
    user.client.cognito.set_user_mfa_preference(AccessToken=user.tokens["AccessToken"], **ENABLE_TOTP)
    return authenticator


def get_next_code(authenticator: pyotp.TOTP) -> str:
    """Return the code of the next 30 seconds, which Cognito accepts and which has not been used."""
    return authenticator.at(datetime.now(UTC) + timedelta(seconds=authenticator.interval))


def submit_password(user_client: UserClient, email: str, password: str = PASSWORD) -> dict[str, Any]:
    """Sign in by SRP. Return the response: tokens or a challenge."""
    stack = user_client.stack
    srp = AWSSRP(
        username=email,
        password=password,
        pool_id=stack.user_pool_id,
        client_id=stack.user_pool_client_id,
        client=user_client.cognito,
    )
    parameters = srp.get_auth_params()
    challenge = user_client.cognito.initiate_auth(
        ClientId=stack.user_pool_client_id, AuthFlow="USER_SRP_AUTH", AuthParameters=parameters
    )
    proof = srp.process_challenge(challenge["ChallengeParameters"], parameters)
    response: dict[str, Any] = user_client.cognito.respond_to_auth_challenge(
        ClientId=stack.user_pool_client_id, ChallengeName="PASSWORD_VERIFIER", ChallengeResponses=proof
    )
    return response


def respond_to_challenge(
    user_client: UserClient, challenge: dict[str, Any], username: str, **responses: str
) -> dict[str, Any]:
    response: dict[str, Any] = user_client.cognito.respond_to_auth_challenge(
        ClientId=user_client.stack.user_pool_client_id,
        ChallengeName=challenge["ChallengeName"],
        Session=challenge["Session"],
        ChallengeResponses={"USERNAME": username, **responses},
    )
    return response


def submit_code(user: User, challenge: dict[str, Any], code: str) -> dict[str, Any]:
    """Answer the challenge for a code of the authenticator app."""
    return respond_to_challenge(user.client, challenge, user.email, SOFTWARE_TOKEN_MFA_CODE=code)
