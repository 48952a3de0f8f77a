"""Patches of the embedded AWS whose expiry times are too long for a test over HTTP."""

import time

import pytest
from ministack.services import cognito

from local.emulator_patches.cognito_attributes import VERIFICATION_CODE_SECONDS, CognitoError, verify_attribute
from local.emulator_patches.cognito_sign_in import find_session_error


def test_code_older_than_a_day_is_expired() -> None:
    issued = {"value": "new@example.com", "code": "123456", "sent_at": time.time() - VERIFICATION_CODE_SECONDS - 1}
    user = {"Attributes": [], "_attribute_codes": {"email": issued}}
    with pytest.raises(CognitoError) as caught:
        verify_attribute({"_users": {}}, user, {"AttributeName": "email", "Code": "123456"})
    assert caught.value.code == "ExpiredCodeException"


def test_challenge_with_an_expired_session_is_rejected() -> None:
    token, session = cognito._create_challenge_session("pool", "client", "user")
    cognito._challenge_sessions[token] = {**session, "expires_at": time.time() - 1}
    error = find_session_error({"ChallengeName": "SOFTWARE_TOKEN_MFA", "ClientId": "client", "Session": token}, {})
    assert error is not None
    assert b"Invalid session for the user, session is expired." in error[2]
