"""Patches of the embedded AWS, where HTTP would take too long."""

import time

import pytest
from ministack.services import cognito

from local.emulator_patches.cognito_attributes import CODE_SECONDS, Refusal, verify_attribute
from local.emulator_patches.cognito_sign_in import session_error


def test_code_older_than_a_day_is_expired() -> None:
    issued = {"value": "new@example.com", "code": "123456", "sent_at": time.time() - CODE_SECONDS - 1}
    user = {"Attributes": [], "_attribute_codes": {"email": issued}}
    with pytest.raises(Refusal) as caught:
        verify_attribute({"_users": {}}, user, {"AttributeName": "email", "Code": "123456"})
    assert caught.value.code == "ExpiredCodeException"


def test_challenge_after_its_session_validity_is_refused() -> None:
    token, session = cognito._create_challenge_session("pool", "client", "user")
    cognito._challenge_sessions[token] = {**session, "expires_at": time.time() - 1}
    error = session_error({"ChallengeName": "SOFTWARE_TOKEN_MFA", "ClientId": "client", "Session": token}, {})
    assert error is not None
    assert b"Invalid session for the user, session is expired." in error[2]
