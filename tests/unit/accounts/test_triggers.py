"""The triggers of the application without AWS, which is a closed port here: no fault keeps a user out."""

import json
import os
import subprocess
import sys

import pytest
from chalice.test import Client

import app as application
from chalicelib.aws.cognito_events import Trigger
from local.config import ROOT
from tests.support.events import load_cognito_event

HANDLERS: dict[Trigger, str] = {
    "PostConfirmation": "post_confirmation",
    "PostAuthentication": "post_authentication",
}
EVENTS: dict[Trigger, str] = {
    "PostConfirmation": "post_confirmation_confirm_sign_up",
    "PostAuthentication": "post_authentication",
}


def test_deployed_handler_names_are_those_of_the_functions() -> None:
    for function in application.app.pure_lambda_functions:
        module, _, attribute = function.handler_string.rpartition(".")
        assert getattr(sys.modules[module], attribute) is application.app.handler_map[function.name]


@pytest.mark.parametrize(
    ("function", "name"),
    [
        ("pre_sign_up", "pre_sign_up"),
        ("post_confirmation", "post_confirmation_confirm_sign_up"),
        ("post_confirmation", "post_confirmation_confirm_forgot_password"),
        ("post_authentication", "post_authentication"),
    ],
)
def test_trigger_without_aws_returns_a_valid_event(function: str, name: str) -> None:
    event = load_cognito_event(name)
    with Client(application.app) as client:
        assert client.lambda_.invoke(function, event).payload == load_cognito_event(name)


def test_storage_fault_does_not_fail_the_confirmation(capsys: pytest.CaptureFixture[str]) -> None:
    event = load_cognito_event("post_confirmation_confirm_sign_up")
    with Client(application.app) as client:
        assert client.lambda_.invoke("post_confirmation", event).payload == event
    log = capsys.readouterr().out
    assert '"message":"profile not stored"' in log
    assert '"exception_name":"NoResponse"' in log
    assert '"ProfileWriteFailed":1' in log


def test_failed_sign_out_does_not_fail_the_password_reset(capsys: pytest.CaptureFixture[str]) -> None:
    event = load_cognito_event("post_confirmation_confirm_forgot_password")
    with Client(application.app) as client:
        assert client.lambda_.invoke("post_confirmation", event).payload == event
    log = capsys.readouterr().out
    assert '"message":"sessions not ended"' in log
    assert '"SignOutFailed":1' in log


@pytest.mark.long
@pytest.mark.parametrize("name", ["DYNAMODB_TABLE", "AWS_REGION"])
@pytest.mark.parametrize("trigger", EVENTS)
def test_missing_environment_variable_lets_the_user_in(trigger: Trigger, name: str) -> None:
    """The program runs in a process of its own, because the application reads the environment when it loads."""
    event = load_cognito_event(EVENTS[trigger])
    handler = HANDLERS[trigger]
    program = (
        "import json, sys; from chalicelib.accounts import triggers; "
        f"print(json.dumps(triggers.{handler}(json.load(sys.stdin), None)))"
    )
    environment = {key: value for key, value in os.environ.items() if key not in (name, "AWS_DEFAULT_REGION")}
    process = subprocess.run(
        [sys.executable, "-c", program],
        input=json.dumps(event), env=environment, cwd=ROOT, capture_output=True, text=True, check=True,
    )  # fmt: skip
    *log_lines, response = process.stdout.splitlines()
    assert json.loads(response) == event
    assert "TriggerFailed" in "".join(log_lines)
