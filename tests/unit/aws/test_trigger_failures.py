"""A trigger that fails lets the user in. Only PreSignUp may reject a user."""

import json
from typing import Any

import pytest
from chalice import Chalice
from chalice.test import Client

from chalicelib.aws.cognito_events import CognitoEvent, Trigger, on_cognito_event
from chalicelib.core.errors import FieldError, SignUpNotChecked, SignUpRejected
from tests.support.events import load_cognito_event

EVENTS: dict[Trigger, str] = {
    "PostConfirmation": "post_confirmation_confirm_sign_up",
    "PostAuthentication": "post_authentication",
}
FAULTS = [KeyError("version"), TypeError("hook() got an unexpected keyword argument"), RecursionError(), MemoryError()]


def invoke_failing(trigger: Trigger, event: dict[str, Any], fault: Exception) -> dict[str, Any]:
    """Return the response to Cognito of a trigger whose handler raises `fault`."""
    app = Chalice("triggers")

    @on_cognito_event(app, trigger)
    def fail(event: CognitoEvent) -> None:
        event.response["half"] = "done"
        raise fault

    with Client(app) as client:
        payload: dict[str, Any] = client.lambda_.invoke("fail", event).payload
        return payload


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: type(fault).__name__)
@pytest.mark.parametrize("trigger", EVENTS)
def test_trigger_that_raises_returns_its_event(trigger: Trigger, fault: Exception) -> None:
    event = load_cognito_event(EVENTS[trigger])
    assert invoke_failing(trigger, event, fault) == event


@pytest.mark.parametrize("trigger", EVENTS)
def test_trigger_that_raises_is_counted_and_logged(trigger: Trigger, capsys: pytest.CaptureFixture[str]) -> None:
    event = load_cognito_event(EVENTS[trigger])
    invoke_failing(trigger, event, KeyError("secret@example.com"))
    failure, count = (json.loads(line) for line in capsys.readouterr().out.splitlines())
    assert failure["message"] == "trigger failed"
    assert failure["exception_name"] == "KeyError"
    assert failure["sub"] == event["request"]["userAttributes"]["sub"]
    assert count["TriggerFailed"] == 1
    assert "secret" not in str(failure)


@pytest.mark.parametrize("event", [{}, {"triggerSource": 5}, {"triggerSource": "X", "request": [], "new": 1}])
@pytest.mark.parametrize("trigger", EVENTS)
def test_unreadable_event_is_returned(
    trigger: Trigger, event: dict[str, Any], capsys: pytest.CaptureFixture[str]
) -> None:
    assert invoke_failing(trigger, event, KeyError()) == event
    assert '"TriggerFailed":1' in capsys.readouterr().out


def test_unexpected_pre_sign_up_error_hides_its_cause(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SignUpNotChecked, match=r"^the sign-up could not be checked, try again later$"):
        invoke_failing("PreSignUp", load_cognito_event("pre_sign_up"), KeyError("secret"))
    assert '"TriggerFailed":1' in capsys.readouterr().out


def test_rejection_of_a_sign_up_is_not_counted_as_failure(capsys: pytest.CaptureFixture[str]) -> None:
    rejection = SignUpRejected([FieldError("/name", "is required")])
    with pytest.raises(SignUpRejected, match=r"^name is required$"):
        invoke_failing("PreSignUp", load_cognito_event("pre_sign_up"), rejection)
    assert "TriggerFailed" not in capsys.readouterr().out
