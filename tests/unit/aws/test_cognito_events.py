"""The decorator that registers Cognito triggers on a Chalice app or blueprint, and the events it passes."""

from typing import Any

import pytest
from chalice import Blueprint, Chalice
from chalice.test import Client

from chalicelib.aws.cognito_events import (
    CognitoEvent,
    PostAuthentication,
    PostConfirmation,
    PreSignUp,
    on_cognito_event,
)
from chalicelib.core.errors import FieldError, SignUpRejected
from tests.support.data import SUB
from tests.support.events import load_cognito_event

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


def test_trigger_on_an_app_is_named_after_its_function() -> None:
    app = Chalice("triggers")

    @on_cognito_event(app, "PostConfirmation")
    def greet(event: PostConfirmation) -> None: ...

    @on_cognito_event(app, "PreSignUp", name="gate")
    def check(event: PreSignUp) -> None: ...

    handlers = {function.name: function.handler_string for function in app.pure_lambda_functions}
    assert handlers == {"greet": "app.greet", "gate": "app.check"}


def test_trigger_on_a_blueprint_is_deployed_from_its_module() -> None:
    subs: list[str] = []
    blueprint = Blueprint("chalicelib.sign_up")

    @on_cognito_event(blueprint, "PostConfirmation")
    def greet(event: PostConfirmation) -> None:
        subs.append(event.sub)

    app = Chalice("triggers")
    app.register_blueprint(blueprint, name_prefix="users_")
    assert [(function.name, function.handler_string) for function in app.pure_lambda_functions] == [
        ("users_greet", "chalicelib.sign_up.greet")
    ]
    event = load_cognito_event("post_confirmation_confirm_sign_up")
    with Client(app) as client:
        assert client.lambda_.invoke("users_greet", event).payload == event
    assert subs == [event["userName"]]


def test_trigger_receives_a_typed_event() -> None:
    received: list[PostConfirmation] = []
    app = Chalice("triggers")

    @on_cognito_event(app, "PostConfirmation")
    def greet(event: PostConfirmation) -> None:
        received.append(event)

    with Client(app) as client:
        client.lambda_.invoke("greet", load_cognito_event("post_confirmation_confirm_forgot_password"))
    (event,) = received
    assert isinstance(event, PostConfirmation)
    assert not event.is_sign_up
    assert event.user_pool_id == "us-east-1_EXAMPLE"
    assert event.region == "us-east-1"
    assert event.caller_context.client_id == "57cbishk4j24pabc1234567890"
    assert event.user_attributes["email_verified"] == "true"
    assert event.client_metadata == {"campaign": "winter"}
    assert event.sub == event.user_name == SUB


@pytest.mark.parametrize(("trigger", "name"), [(trigger, name) for trigger in EVENTS for name in EVENTS[trigger]])
@pytest.mark.parametrize("extra", [{}, {"new": {"key": [1, None]}}])
def test_trigger_returns_its_event_unchanged(trigger: Any, name: str, extra: dict[str, Any]) -> None:
    app = Chalice("triggers")

    @on_cognito_event(app, trigger)
    def ignore(event: CognitoEvent) -> None: ...

    event = {**load_cognito_event(name), **extra}
    with Client(app) as client:
        assert client.lambda_.invoke("ignore", event).payload == {**load_cognito_event(name), **extra}


def test_trigger_writes_the_response_of_its_event() -> None:
    app = Chalice("triggers")

    @on_cognito_event(app, "PreSignUp")
    def verify(event: PreSignUp) -> None:
        event.response["autoVerifyEmail"] = True

    with Client(app) as client:
        payload = client.lambda_.invoke("verify", load_cognito_event("pre_sign_up")).payload
    assert payload["response"] == {"autoConfirmUser": False, "autoVerifyEmail": True, "autoVerifyPhone": False}


def test_rejection_of_a_sign_up_reaches_cognito() -> None:
    app = Chalice("triggers")

    @on_cognito_event(app, "PreSignUp")
    def reject(event: PreSignUp) -> None:
        raise SignUpRejected([FieldError("/custom:dob", "is required")])

    with Client(app) as client, pytest.raises(SignUpRejected, match="date of birth is required"):
        client.lambda_.invoke("reject", load_cognito_event("pre_sign_up"))


@pytest.mark.parametrize("model", [PreSignUp, PostAuthentication])
def test_event_without_attributes_is_valid(model: type[CognitoEvent]) -> None:
    event = model.model_validate({"triggerSource": "X"})
    assert event.user_attributes == {}
    assert event.client_metadata == {}
    assert event.sub == ""
