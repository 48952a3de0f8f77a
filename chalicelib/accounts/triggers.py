"""The functions that Cognito invokes: before a sign-up, after a confirmation, after a sign-in."""

from chalicelib.aws import gc_tuning

gc_tuning.pause()  # before all other imports

from typing import Final

from chalice import Blueprint

from chalicelib import bootstrap
from chalicelib.accounts import service  # noqa: F401  # a start has more CPU than an invocation
from chalicelib.aws.cognito_events import PostAuthentication, PostConfirmation, PreSignUp, on_cognito_event
from chalicelib.core.identity import Caller

blueprint: Final = Blueprint(__name__)


@on_cognito_event(blueprint, "PreSignUp")
def pre_sign_up(event: PreSignUp) -> None:
    """Reject a sign-up that violates a rule."""
    accounts = bootstrap.account_service(event.user_pool_id)
    accounts.validate_sign_up(event.user_attributes, is_self_sign_up=event.is_self_sign_up)


@on_cognito_event(blueprint, "PostConfirmation")
def post_confirmation(event: PostConfirmation) -> None:
    """Create the profile of a new account, or end the sessions after a password reset."""
    accounts = bootstrap.account_service(event.user_pool_id)
    if event.is_sign_up:
        accounts.create_profile(event.sub, event.user_attributes)
    elif event.is_password_reset:
        accounts.end_sessions(event.user_name)


@on_cognito_event(blueprint, "PostAuthentication")
def post_authentication(event: PostAuthentication) -> None:
    """Update the contact data of the profile."""
    caller = Caller(event.sub, event.user_name)
    bootstrap.contact_sync_at_sign_in(event.user_pool_id).sync_at_sign_in(caller, event.user_attributes)


gc_tuning.resume()
