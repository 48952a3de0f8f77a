"""The functions that Cognito invokes: before a sign-up, after a confirmation, after a sign-in."""

from chalicelib.aws import gc_tuning

gc_tuning.pause()  # before all other imports

from typing import Final

from chalice import Blueprint

from chalicelib import bootstrap
from chalicelib.accounts.service import create_profile_from_sign_up, end_sessions, validate_sign_up
from chalicelib.aws.cognito_events import PostAuthentication, PostConfirmation, PreSignUp, on_cognito_event
from chalicelib.core.identity import Caller
from chalicelib.core.settings import get_settings

blueprint: Final = Blueprint(__name__)


@on_cognito_event(blueprint, "PreSignUp")
def pre_sign_up(event: PreSignUp) -> None:
    """Reject a sign-up that violates a rule."""
    minimum_age = get_settings().minimum_age
    validate_sign_up(event.user_attributes, is_self_sign_up=event.is_self_sign_up, minimum_age=minimum_age)


@on_cognito_event(blueprint, "PostConfirmation")
def post_confirmation(event: PostConfirmation) -> None:
    """Create the profile of a new account, or end the sessions after a password reset."""
    if event.is_sign_up:
        create_profile_from_sign_up(bootstrap.profile_repository(), event.sub, event.user_attributes)
    elif event.is_password_reset:
        end_sessions(bootstrap.user_pool(event.user_pool_id), event.user_name)


@on_cognito_event(blueprint, "PostAuthentication")
def post_authentication(event: PostAuthentication) -> None:
    """Update the contact data of the profile."""
    caller = Caller(event.sub, event.user_name)
    bootstrap.contact_sync_at_sign_in(event.user_pool_id).sync_at_sign_in(caller, event.user_attributes)


gc_tuning.resume()
