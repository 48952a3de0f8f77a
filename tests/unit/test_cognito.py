import sys
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from chalice import Blueprint, Chalice
from chalice.test import Client

import app as application
from chalicelib.cognito import (
    CognitoEvent,
    DirectoryUser,
    PostAuthentication,
    PostConfirmation,
    PreSignUp,
    on_cognito_event,
)
from chalicelib.errors import FieldError, SignUpRefused

Golden = Callable[[str], dict[str, Any]]


def test_a_trigger_becomes_a_lambda_function_named_like_its_handler() -> None:
    app = Chalice("triggers")

    @on_cognito_event(app, "PostConfirmation")
    def greet(event: PostConfirmation) -> None: ...

    @on_cognito_event(app, "PreSignUp", name="gate")
    def check(event: PreSignUp) -> None: ...

    made = {function.name: function.handler_string for function in app.pure_lambda_functions}
    assert made == {"greet": "app.greet", "gate": "app.check"}


def test_a_trigger_on_a_blueprint_is_deployed_from_its_own_module(golden: Golden) -> None:
    seen: list[str] = []
    blueprint = Blueprint("chalicelib.sign_up")

    @on_cognito_event(blueprint, "PostConfirmation")
    def greet(event: PostConfirmation) -> None:
        seen.append(event.sub)

    app = Chalice("triggers")
    app.register_blueprint(blueprint, name_prefix="users_")
    assert [(made.name, made.handler_string) for made in app.pure_lambda_functions] == [
        ("users_greet", "chalicelib.sign_up.greet")
    ]
    event = golden("post_confirmation_confirm_sign_up")
    with Client(app) as client:
        assert client.lambda_.invoke("users_greet", event).payload == event
    assert seen == [event["userName"]]


def test_the_deployed_handler_name_points_at_the_function_of_the_application() -> None:
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
def test_each_trigger_of_the_application_returns_a_good_event_even_without_aws(
    golden: Golden, function: str, name: str
) -> None:
    with Client(application.app) as client:
        assert client.lambda_.invoke(function, golden(name)).payload == golden(name)


def test_a_handler_receives_a_typed_event(golden: Golden) -> None:
    received: list[PostConfirmation] = []
    app = Chalice("triggers")

    @on_cognito_event(app, "PostConfirmation")
    def greet(event: PostConfirmation) -> None:
        received.append(event)

    with Client(app) as client:
        client.lambda_.invoke("greet", golden("post_confirmation_confirm_forgot_password"))
    (event,) = received
    assert isinstance(event, PostConfirmation)
    assert not event.is_sign_up
    assert event.user_pool_id == "us-east-1_EXAMPLE"
    assert event.region == "us-east-1"
    assert event.caller_context.client_id == "57cbishk4j24pabc1234567890"
    assert event.user_attributes["email_verified"] == "true"
    assert event.client_metadata == {"campaign": "winter"}
    assert event.sub == event.user_name == "1b2c3d4e-0000-4000-8000-000000000001"


EVENTS = {
    "PostConfirmation": [
        "post_confirmation_confirm_sign_up",
        "post_confirmation_admin_confirm",
        "post_confirmation_confirm_forgot_password",
        "post_confirmation_federated",
    ],
    "PreSignUp": ["pre_sign_up"],
    "PostAuthentication": ["post_authentication"],
}


@pytest.mark.parametrize(("trigger", "name"), [(trigger, name) for trigger in EVENTS for name in EVENTS[trigger]])
@pytest.mark.parametrize("extra", [{}, {"new": {"key": [1, None]}}])
def test_cognito_gets_its_event_back_unharmed(trigger: Any, name: str, extra: dict[str, Any], golden: Golden) -> None:
    app = Chalice("triggers")

    @on_cognito_event(app, trigger)
    def quiet(event: CognitoEvent) -> None: ...

    sent = {**golden(name), **extra}
    with Client(app) as client:
        assert client.lambda_.invoke("quiet", sent).payload == {**golden(name), **extra}


def test_a_handler_answers_through_the_response(golden: Golden) -> None:
    app = Chalice("triggers")

    @on_cognito_event(app, "PreSignUp")
    def verify(event: PreSignUp) -> None:
        event.response["autoVerifyEmail"] = True

    with Client(app) as client:
        answer = client.lambda_.invoke("verify", golden("pre_sign_up")).payload
    assert answer["response"] == {"autoConfirmUser": False, "autoVerifyEmail": True, "autoVerifyPhone": False}


def test_sign_up_refusal_reaches_cognito(golden: Golden) -> None:
    app = Chalice("triggers")

    @on_cognito_event(app, "PreSignUp")
    def refuse(event: PreSignUp) -> None:
        raise SignUpRefused([FieldError("/custom:dob", "is required")])

    with Client(app) as client, pytest.raises(SignUpRefused, match="date of birth is required"):
        client.lambda_.invoke("refuse", golden("pre_sign_up"))


@pytest.mark.parametrize("kind", [PreSignUp, PostAuthentication])
def test_an_event_with_nothing_in_it_is_an_event(kind: type[CognitoEvent]) -> None:
    event = kind.model_validate({"triggerSource": "X"})
    assert event.user_attributes == {}
    assert event.client_metadata == {}
    assert event.sub == ""


def test_a_storage_fault_does_not_fail_the_sign_up(golden: Golden, capsys: pytest.CaptureFixture[str]) -> None:
    """AWS is a closed port in unit tests."""
    event = golden("post_confirmation_confirm_sign_up")
    with Client(application.app) as client:
        assert client.lambda_.invoke("post_confirmation", event).payload == event
    log = capsys.readouterr().out
    assert '"message":"profile not stored"' in log
    assert '"exception_name":"Unanswered"' in log
    assert '"ProfileWriteFailed":1' in log


@pytest.mark.parametrize(
    ("status", "enabled", "active"),
    [
        ("CONFIRMED", True, True),
        ("EXTERNAL_PROVIDER", True, True),
        ("RESET_REQUIRED", True, True),
        ("UNCONFIRMED", True, False),
        ("FORCE_CHANGE_PASSWORD", True, False),  # invited, and not signed in yet
        ("CONFIRMED", False, False),
    ],
)
def test_account_is_active_once_its_owner_has_proven_it(status: str, enabled: bool, active: bool) -> None:
    user = DirectoryUser(attributes={}, enabled=enabled, status=status, modified=datetime.now(UTC))
    assert user.is_good == active


def test_failed_sign_out_does_not_fail_the_password_reset(golden: Golden, capsys: pytest.CaptureFixture[str]) -> None:
    """AWS is a closed port in unit tests."""
    event = golden("post_confirmation_confirm_forgot_password")
    with Client(application.app) as client:
        assert client.lambda_.invoke("post_confirmation", event).payload == event
    log = capsys.readouterr().out
    assert '"message":"sessions not ended"' in log
    assert '"SignOutFailed":1' in log
