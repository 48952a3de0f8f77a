"""Patches of the embedded AWS, where HTTP would take too long."""

import time

import pytest

from local.emulator_patches.cognito_attributes import CODE_SECONDS, Refusal, verify_attribute


def test_code_older_than_a_day_is_expired() -> None:
    issued = {"value": "new@example.com", "code": "123456", "sent_at": time.time() - CODE_SECONDS - 1}
    user = {"Attributes": [], "_attribute_codes": {"email": issued}}
    with pytest.raises(Refusal) as caught:
        verify_attribute({"_users": {}}, user, {"AttributeName": "email", "Code": "123456"})
    assert caught.value.code == "ExpiredCodeException"
