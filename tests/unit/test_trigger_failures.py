"""A trigger that fails lets the user in; only PreSignUp may refuse."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import pytest
from chalice import Chalice
from chalice.test import Client

from chalicelib.cognito import CognitoEvent, Trigger, on_cognito_event
from chalicelib.errors import FieldError, SignUpNotChecked, SignUpRefused
from local.settings import ROOT

Golden = Callable[[str], dict[str, Any]]

EVENTS: dict[Trigger, str] = {
    "PostConfirmation": "post_confirmation_confirm_sign_up",
    "PostAuthentication": "post_authentication",
}
FAULTS = [KeyError("version"), TypeError("hook() got an unexpected keyword argument"), RecursionError(), MemoryError()]


def invoke(trigger: Trigger, event: dict[str, Any], fault: Exception) -> dict[str, Any]:
    """Return what Cognito gets from a trigger whose handler raises."""
    app = Chalice("triggers")

    @on_cognito_event(app, trigger)
    def fail(event: CognitoEvent) -> None:
        event.response["half"] = "done"
        raise fault

    with Client(app) as client:
        answer: dict[str, Any] = client.lambda_.invoke("fail", event).payload
        return answer


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: type(fault).__name__)
@pytest.mark.parametrize("trigger", EVENTS)
def test_trigger_that_raises_returns_its_event(trigger: Trigger, fault: Exception, golden: Golden) -> None:
    event = golden(EVENTS[trigger])
    assert invoke(trigger, event, fault) == event


@pytest.mark.parametrize("trigger", EVENTS)
def test_trigger_that_raises_is_counted_and_logged(
    trigger: Trigger, golden: Golden, capsys: pytest.CaptureFixture[str]
) -> None:
    invoke(trigger, golden(EVENTS[trigger]), KeyError("secret@example.com"))
    failure, count = (json.loads(line) for line in capsys.readouterr().out.splitlines())
    assert failure["message"] == "trigger failed"
    assert failure["exception_name"] == "KeyError"
    assert failure["sub"] == golden(EVENTS[trigger])["request"]["userAttributes"]["sub"]
    assert count["TriggerFailed"] == 1
    assert "secret" not in str(failure)


@pytest.mark.parametrize("event", [{}, {"triggerSource": 5}, {"triggerSource": "X", "request": [], "new": 1}])
@pytest.mark.parametrize("trigger", EVENTS)
def test_event_that_cannot_be_read_is_returned(
    trigger: Trigger, event: dict[str, Any], capsys: pytest.CaptureFixture[str]
) -> None:
    assert invoke(trigger, event, KeyError()) == event
    assert '"TriggerFailed":1' in capsys.readouterr().out


def test_unexpected_pre_sign_up_error_hides_its_cause(golden: Golden, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SignUpNotChecked, match=r"^the sign-up could not be checked, try again later$"):
        invoke("PreSignUp", golden("pre_sign_up"), KeyError("secret"))
    assert '"TriggerFailed":1' in capsys.readouterr().out


def test_sign_up_refusal_is_not_a_failure(golden: Golden, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SignUpRefused, match=r"^name is required$"):
        invoke("PreSignUp", golden("pre_sign_up"), SignUpRefused([FieldError("/name", "is required")]))
    assert "TriggerFailed" not in capsys.readouterr().out


@pytest.mark.parametrize("name", ["DYNAMODB_TABLE", "AWS_REGION"])
@pytest.mark.parametrize("trigger", EVENTS)
def test_missing_environment_variable_lets_the_user_in(trigger: Trigger, name: str, golden: Golden) -> None:
    event = EVENTS[trigger]
    function = {"PostConfirmation": "post_confirmation", "PostAuthentication": "post_authentication"}[trigger]
    program = f"import app, json, sys; print(json.dumps(app.{function}(json.load(sys.stdin), None)))"
    environment = {key: value for key, value in os.environ.items() if key not in (name, "AWS_DEFAULT_REGION")}
    done = subprocess.run(
        [sys.executable, "-c", program],
        input=json.dumps(golden(event)), env=environment, cwd=ROOT, capture_output=True, text=True, check=True,
    )  # fmt: skip
    *logged, answer = done.stdout.splitlines()
    assert json.loads(answer) == golden(event)
    assert "TriggerFailed" in "".join(logged)
