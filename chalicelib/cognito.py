"""Cognito triggers: the decorator Chalice lacks, and the events it hands on.

    @on_cognito_event(app, "PostConfirmation")
    def post_confirmation(event: PostConfirmation) -> None: ...

makes one Lambda function, `post_confirmation`, on an app or a Blueprint. A Blueprint's import_name must be
the module its functions stand in, or the deployed handler name points nowhere.
https://docs.aws.amazon.com/cognito/latest/developerguide/cognito-user-pools-working-with-lambda-triggers.html
"""

import functools
from collections.abc import Callable, Mapping
from typing import Any, Final, Literal, TypeVar

from chalice import Blueprint, Chalice
from pydantic import BaseModel, ConfigDict, Field

from chalicelib import logs

Trigger = Literal["PreSignUp", "PostConfirmation", "PostAuthentication"]


class CallerContext(BaseModel):
    """Which client and SDK made the call that fired the trigger."""

    model_config = ConfigDict(frozen=True, populate_by_name=True)

    client_id: str | None = Field(None, alias="clientId")
    aws_sdk_version: str | None = Field(None, alias="awsSdkVersion")


class CognitoEvent(BaseModel):
    """What all triggers share. Keys that AWS may add are passed over."""

    model_config = ConfigDict(frozen=True, extra="ignore", populate_by_name=True, hide_input_in_errors=True)

    trigger_source: str = Field(alias="triggerSource")
    region: str = ""
    user_pool_id: str = Field("", alias="userPoolId")
    user_name: str = Field("", alias="userName")
    caller_context: CallerContext = Field(CallerContext(), alias="callerContext")
    request: dict[str, Any] = {}
    response: dict[str, Any] = {}  # to be filled in by triggers that answer something

    @property
    def user_attributes(self) -> Mapping[str, str]:
        """The user's attributes, each a text: `email_verified` is "true" or "false"."""
        attributes = self.request.get("userAttributes")
        return attributes if isinstance(attributes, dict) else {}

    @property
    def client_metadata(self) -> Mapping[str, str]:
        """What the client sent along; nobody has checked it."""
        metadata = self.request.get("clientMetadata")
        return metadata if isinstance(metadata, dict) else {}

    @property
    def sub(self) -> str:
        """The user's id, which is also the key of their profile."""
        return self.user_attributes.get("sub") or self.user_name


class PreSignUp(CognitoEvent):
    """Before an account exists. Raising refuses it."""


class PostConfirmation(CognitoEvent):
    """An account was confirmed, or a password reset. Raising tells the client of an error, undoing nothing."""

    @property
    def is_sign_up(self) -> bool:
        """Whether this is a new account: a reset password fires the same trigger."""
        return self.trigger_source == "PostConfirmation_ConfirmSignUp"


class PostAuthentication(CognitoEvent):
    """A user has signed in. Raising refuses it."""


_EVENTS: Final[Mapping[str, type[CognitoEvent]]] = {
    "PreSignUp": PreSignUp,
    "PostConfirmation": PostConfirmation,
    "PostAuthentication": PostAuthentication,
}

E = TypeVar("E", bound=CognitoEvent)
RawEvent = dict[str, Any]


def on_cognito_event(
    app: Chalice | Blueprint, trigger: Trigger, name: str | None = None
) -> Callable[[Callable[[E], None]], Callable[[RawEvent, Any], RawEvent]]:
    """Declare a Cognito trigger: a Lambda function, named like the decorated one unless `name` is given.

    The decorated function receives the typed event and returns nothing: what it puts into
    `event.response` is returned to Cognito with all the rest of the event as it came. What it raises
    reaches Cognito, and for PreSignUp the client.
    """
    model = _EVENTS[trigger]

    def register(handler: Callable[[E], None]) -> Callable[[RawEvent, Any], RawEvent]:
        @functools.wraps(handler)  # Chalice takes the deployed handler's name from __name__
        def entry(raw: RawEvent, context: Any) -> RawEvent:
            event = model.model_validate(raw)
            request_id = getattr(context, "aws_request_id", "")
            with logs.context(request_id=request_id, trigger=event.trigger_source, sub=event.sub):
                handler(event)  # type: ignore[arg-type]  # model is what the trigger's handler takes
            return {**raw, "response": event.response}

        return app.lambda_function(name=name)(entry)  # type: ignore[no-any-return]

    return register
