"""Cognito's trigger events, and the decorator for their functions, which Chalice lacks.

    @on_cognito_event(blueprint, "PostConfirmation")
    def post_confirmation(event: PostConfirmation) -> None: ...

creates the Lambda function `post_confirmation` on an app or a Blueprint. The import_name of a Blueprint must be the
module that defines its functions. Otherwise the deployed handler name is wrong.
https://docs.aws.amazon.com/cognito/latest/developerguide/cognito-user-pools-working-with-lambda-triggers.html
"""

import functools
from collections.abc import Callable, Mapping
from typing import Any, Final, Literal, TypeVar

from chalice import Blueprint, Chalice
from pydantic import Field, ValidationError

from chalicelib.core import logs
from chalicelib.core.errors import SignUpNotChecked, SignUpRejected
from chalicelib.core.metrics import Metric, add_metric
from chalicelib.core.validation import InternalModel

Trigger = Literal["PreSignUp", "PostConfirmation", "PostAuthentication"]


class CallerContext(InternalModel):
    """The app client and the SDK that made the call."""

    client_id: str | None = Field(None, alias="clientId")
    aws_sdk_version: str | None = Field(None, alias="awsSdkVersion")


class CognitoEvent(InternalModel):
    """The fields that all trigger events have. Keys that AWS adds later are ignored."""

    trigger_source: str = Field(alias="triggerSource")
    region: str = ""
    user_pool_id: str = Field("", alias="userPoolId")
    user_name: str = Field("", alias="userName")
    caller_context: CallerContext = Field(CallerContext(), alias="callerContext")
    request: dict[str, Any] = Field(default_factory=dict)
    response: dict[str, Any] = Field(default_factory=dict)  # triggers that return values set them here

    @property
    def user_attributes(self) -> Mapping[str, str]:
        """Return the user's attributes, each a string: `email_verified` is "true" or "false"."""
        attributes = self.request.get("userAttributes")
        return attributes if isinstance(attributes, dict) else {}

    @property
    def client_metadata(self) -> Mapping[str, str]:
        """Return the metadata that the client has sent. It is not validated."""
        metadata = self.request.get("clientMetadata")
        return metadata if isinstance(metadata, dict) else {}

    @property
    def sub(self) -> str:
        """Return the user's id, which is the key of the profile. Empty before the account exists.

        The user name is not a substitute: an administrator may use an email address as user name.
        """
        return self.user_attributes.get("sub", "")


class PreSignUp(CognitoEvent):
    """The event before an account is created. An error rejects the sign-up, and its text is sent to the client."""

    @property
    def is_self_sign_up(self) -> bool:
        """Return True if a person signs up. False for an administrator or an identity provider."""
        return self.trigger_source == "PreSignUp_SignUp"


class PostConfirmation(CognitoEvent):
    """The event after an account was confirmed or a password was reset. An error would undo neither."""

    @property
    def is_sign_up(self) -> bool:
        """Return True for a new account. A password reset fires the same trigger."""
        return self.trigger_source == "PostConfirmation_ConfirmSignUp"

    @property
    def is_password_reset(self) -> bool:
        """Return True if the user has set a new password after forgetting the old one."""
        return self.trigger_source == "PostConfirmation_ConfirmForgotPassword"


class PostAuthentication(CognitoEvent):
    """The event after a user has signed in. An error would refuse the sign-in."""


_EVENT_MODELS: Final[Mapping[str, type[CognitoEvent]]] = {
    "PreSignUp": PreSignUp,
    "PostConfirmation": PostConfirmation,
    "PostAuthentication": PostAuthentication,
}

EventT = TypeVar("EventT", bound=CognitoEvent)
RawEvent = dict[str, Any]


def on_cognito_event(
    app: Chalice | Blueprint, trigger: Trigger, name: str | None = None
) -> Callable[[Callable[[EventT], None]], Callable[[RawEvent, Any], RawEvent]]:
    """Declare a Cognito trigger: a Lambda function with the name of the decorated one, unless `name` is given.

    The decorated function receives the parsed event and returns nothing. The Lambda function returns the event with
    the content of `event.response`.

    Only a PreSignUp function may reject: it raises SignUpRejected, whose text Cognito sends to the client. Any other
    error is logged and counted as TriggerFailed. PostConfirmation and PostAuthentication then return the event
    unchanged, because an error would refuse a confirmation or a sign-in. PreSignUp raises SignUpNotChecked.
    """
    model = _EVENT_MODELS[trigger]

    def register(handler: Callable[[EventT], None]) -> Callable[[RawEvent, Any], RawEvent]:
        @functools.wraps(handler)  # Chalice derives the deployed handler's name from __name__
        def lambda_handler(raw: RawEvent, context: Any) -> RawEvent:
            with logs.log_context(request_id=getattr(context, "aws_request_id", "")):
                try:
                    event = model.model_validate(raw)
                except ValidationError as exc:
                    return _contain_error(exc, trigger, raw)
                with logs.log_context(trigger=event.trigger_source, sub=event.sub):
                    try:
                        handler(event)  # type: ignore[arg-type]  # the handler takes the trigger's model
                    except SignUpRejected:
                        raise
                    except Exception as exc:  # no error may keep a user out
                        return _contain_error(exc, trigger, raw)
            return {**raw, "response": event.response}

        return app.lambda_function(name=name)(lambda_handler)  # type: ignore[no-any-return]

    return register


def _contain_error(exc: Exception, trigger: Trigger, raw: RawEvent) -> RawEvent:
    """Log and count an unexpected error, and return the event. Raises SignUpNotChecked for PreSignUp."""
    logs.error("trigger failed", exc)
    add_metric(Metric.TRIGGER_FAILED)
    if trigger == "PreSignUp":
        raise SignUpNotChecked from exc
    return raw
