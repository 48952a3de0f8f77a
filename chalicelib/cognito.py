"""Cognito: the trigger decorator Chalice lacks, the events it hands on, and the user directory.

    @on_cognito_event(app, "PostConfirmation")
    def post_confirmation(event: PostConfirmation) -> None: ...

makes one Lambda function, `post_confirmation`, on an app or a Blueprint. A Blueprint's import_name must be
the module its functions stand in, or the deployed handler name points nowhere.
https://docs.aws.amazon.com/cognito/latest/developerguide/cognito-user-pools-working-with-lambda-triggers.html
"""

import functools
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final, Literal, TypeVar

from botocore.exceptions import ClientError
from chalice import Blueprint, Chalice
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from chalicelib import logs
from chalicelib.aws import translated
from chalicelib.errors import SignUpNotChecked, SignUpRefused, UnreadableUser
from chalicelib.logs import Metric

if TYPE_CHECKING:
    from mypy_boto3_cognito_idp import CognitoIdentityProviderClient

_NOT_FOUND: Final = "UserNotFoundException"
UNCONFIRMED: Final = "UNCONFIRMED"
# Nobody has confirmed a code, or signed in with the temporary password of an invitation.
_UNPROVEN: Final = frozenset({UNCONFIRMED, "FORCE_CHANGE_PASSWORD"})

Trigger = Literal["PreSignUp", "PostConfirmation", "PostAuthentication"]


class CallerContext(BaseModel):
    """Which client and SDK made the call that fired the trigger."""

    model_config = ConfigDict(defer_build=True, frozen=True)

    client_id: str | None = Field(None, alias="clientId")
    aws_sdk_version: str | None = Field(None, alias="awsSdkVersion")


class CognitoEvent(BaseModel):
    """What all triggers share. Keys that AWS may add are passed over."""

    model_config = ConfigDict(defer_build=True, frozen=True, extra="ignore", hide_input_in_errors=True)

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
        """The user's id, which is also the key of their profile; empty before there is an account.

        Never the user name instead: an administrator may have given an address for one.
        """
        return self.user_attributes.get("sub", "")


class PreSignUp(CognitoEvent):
    """Before an account exists. Raising refuses it, and tells the client why."""

    @property
    def is_by_the_person(self) -> bool:
        """Whether a person signs up, rather than an administrator or an identity provider for them."""
        return self.trigger_source == "PreSignUp_SignUp"


class PostConfirmation(CognitoEvent):
    """An account was confirmed, or a password reset. Raising tells the client of an error, undoing nothing."""

    @property
    def is_sign_up(self) -> bool:
        """Whether this is a new account: a reset password fires the same trigger."""
        return self.trigger_source == "PostConfirmation_ConfirmSignUp"

    @property
    def is_password_reset(self) -> bool:
        """Return whether the user has chosen a new password after forgetting the old one."""
        return self.trigger_source == "PostConfirmation_ConfirmForgotPassword"


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

    The decorated function receives the typed event and returns nothing. What it puts into `event.response`
    is returned to Cognito with the rest of the event unchanged.

    Only a PreSignUp function may refuse: it raises SignUpRefused, whose text Cognito sends to the client.
    Any other error is logged and counted as TriggerFailed. PostConfirmation and PostAuthentication then
    return the event as it came, because an error would refuse a confirmation or a sign-in; PreSignUp
    raises SignUpNotChecked.
    """
    model = _EVENTS[trigger]

    def register(handler: Callable[[E], None]) -> Callable[[RawEvent, Any], RawEvent]:
        @functools.wraps(handler)  # Chalice takes the deployed handler's name from __name__
        def entry(raw: RawEvent, context: Any) -> RawEvent:
            with logs.context(request_id=getattr(context, "aws_request_id", "")):
                try:
                    event = model.model_validate(raw)
                except ValidationError as exc:
                    return _contain(exc, trigger, raw)
                with logs.context(trigger=event.trigger_source, sub=event.sub):
                    try:
                        handler(event)  # type: ignore[arg-type]  # model is what the trigger's handler takes
                    except SignUpRefused:
                        raise
                    except Exception as exc:  # whatever it is, the user gets in
                        return _contain(exc, trigger, raw)
            return {**raw, "response": event.response}

        return app.lambda_function(name=name)(entry)  # type: ignore[no-any-return]

    return register


def _contain(error: Exception, trigger: Trigger, raw: RawEvent) -> RawEvent:
    """Log and count an unexpected error, and return the event. Raises SignUpNotChecked if nothing was checked."""
    logs.failure("trigger failed", error)
    logs.count(Metric.TRIGGER_FAILED)
    if trigger == "PreSignUp":
        raise SignUpNotChecked from error
    return raw


class DirectoryUser(BaseModel):
    """What the pool knows of a user."""

    model_config = ConfigDict(defer_build=True, frozen=True, hide_input_in_errors=True)

    attributes: dict[str, str]
    enabled: bool
    status: str  # CONFIRMED, EXTERNAL_PROVIDER, UNCONFIRMED, FORCE_CHANGE_PASSWORD, ...
    modified: datetime  # when the pool last changed them
    username: str = ""
    created: datetime | None = None

    @property
    def sub(self) -> str:
        """Return the user's id; empty if the pool has not said it."""
        return self.attributes.get("sub", "")

    @property
    def is_good(self) -> bool:
        """Return whether the account is enabled and its owner has confirmed it or has signed in to it."""
        return self.enabled and self.status not in _UNPROVEN


class UserDirectory:
    """The users of one pool, over a client and a pool id that are handed in.

    The client is made when it is first needed, which it seldom is, and takes a tenth of a cold start.
    """

    def __init__(self, client: "Callable[[], CognitoIdentityProviderClient]", user_pool_id: str) -> None:
        self._client = client
        self._user_pool_id = user_pool_id

    def find(self, username: str) -> DirectoryUser | None:
        """The user as the pool has them now; None where there is none. One request."""
        try:
            with translated(_NOT_FOUND):
                found = self._client().admin_get_user(UserPoolId=self._user_pool_id, Username=username)
        except ClientError:
            return None
        return to_user(found.get("UserAttributes", ()), found)

    def sign_out(self, username: str) -> None:
        """Revoke all refresh and access tokens of a user; one who is gone has none. One request.

        ID tokens stay valid until they expire: API Gateway checks no revocation.
        """
        try:
            with translated(_NOT_FOUND):
                self._client().admin_user_global_sign_out(UserPoolId=self._user_pool_id, Username=username)
        except ClientError:
            return


def to_user(pairs: Iterable[Any], found: Mapping[str, Any]) -> DirectoryUser:
    """Return a user of an answer, whose attributes have another name in each operation. Raises UnreadableUser."""
    try:
        return DirectoryUser(
            attributes={pair["Name"]: pair.get("Value", "") for pair in pairs},
            enabled=found["Enabled"],
            status=found["UserStatus"],
            modified=found["UserLastModifiedDate"],
            username=found.get("Username", ""),
            created=found.get("UserCreateDate"),
        )
    except (AttributeError, LookupError, TypeError, ValidationError) as exc:
        raise UnreadableUser from exc
