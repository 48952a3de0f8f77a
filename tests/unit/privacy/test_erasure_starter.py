"""The start of an erasure."""

import json

import pytest

from chalicelib.privacy.erasure_starter import ErasureStarter
from tests.support.aws import client_error
from tests.support.data import SUB
from tests.support.fake_lambda import FakeLambda


def test_erasure_is_started_for_the_user() -> None:
    lambda_ = FakeLambda()
    assert ErasureStarter(lambda_.build_function()).start(SUB)
    assert [json.loads(invocation["Payload"]) for invocation in lambda_.invocations] == [{"user_id": SUB}]


def test_erasure_that_does_not_start_is_logged(capsys: pytest.CaptureFixture[str]) -> None:
    lambda_ = FakeLambda(fail_with=client_error("TooManyRequestsException"))
    assert not ErasureStarter(lambda_.build_function()).start(SUB)
    assert '"message":"erasure not started"' in capsys.readouterr().out
