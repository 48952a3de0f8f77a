"""Sign-up, confirmation and password reset."""

import logging
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from pydantic import ValidationError

from chalicelib.core import logs
from chalicelib.core.errors import FieldError, SignUpRejected, UpstreamError
from chalicelib.core.metrics import Metric, add_metric
from chalicelib.core.validation import to_field_errors
from chalicelib.profiles.errors import AccountErased
from chalicelib.profiles.fields import is_at_least_years_old
from chalicelib.profiles.models import SelfSignUpAttributes, SignUpAttributes, build_profile

if TYPE_CHECKING:
    from chalicelib.aws.user_pool import UserPool
    from chalicelib.profiles.repository import ProfileRepository


class AccountService:
    """The rules of the triggers. The repository and the user pool are created when a trigger needs them.

    `minimum_age` is in years, and 0 means none.
    """

    def __init__(
        self,
        get_repository: "Callable[[], ProfileRepository]",
        get_user_pool: "Callable[[], UserPool]",
        minimum_age: int = 0,
    ) -> None:
        self._get_repository = get_repository
        self._get_user_pool = get_user_pool
        self._minimum_age = minimum_age

    def validate_sign_up(self, attributes: Mapping[str, str], *, is_self_sign_up: bool) -> None:
        """Validate the attributes of a sign-up before the account exists.

        A person must provide all attributes. An administrator or an identity provider may provide fewer, but these must
        be valid too. Raises SignUpRejected with all errors.
        """
        errors = self._list_age_errors(attributes)
        try:
            (SelfSignUpAttributes if is_self_sign_up else SignUpAttributes).model_validate(attributes)
        except ValidationError as exc:
            errors = [*to_field_errors(exc), *errors]
        if errors:
            logs.event("sign-up rejected", logging.WARNING, invalid=[error.pointer for error in errors])
            add_metric(Metric.SIGN_UP_REJECTED)
            raise SignUpRejected(errors)

    def create_profile(self, user_id: str, attributes: Mapping[str, str]) -> None:
        """Create the profile of a confirmed account. An existing profile and an erased account remain unchanged.

        The account exists already, so no error may fail the confirmation. An invalid attribute is omitted and a storage
        error is logged. The first request of the user, or reconciliation, then provisions the profile.
        """
        sign_up, errors = SignUpAttributes.parse_lenient(attributes)
        if errors:
            logs.event("attributes omitted", logging.WARNING, invalid=[error.pointer for error in errors])
        try:
            _, created = self._get_repository().create_if_absent(build_profile(user_id, sign_up))
        except AccountErased:
            logs.event("account erased already", logging.WARNING)
            return
        except UpstreamError as exc:
            logs.error("profile not stored", exc)
            add_metric(Metric.PROFILE_WRITE_FAILED)
            return
        if created:
            logs.event("profile created")
            add_metric(Metric.PROFILE_CREATED)
        else:
            logs.event("profile existed")

    def end_sessions(self, username: str) -> None:
        """End a user's sessions after a password reset, because another person may have known the old password.

        No error may fail the password reset. An error is logged and counted.
        """
        try:
            self._get_user_pool().sign_out(username)
        except UpstreamError as exc:
            logs.error("sessions not ended", exc)
            add_metric(Metric.SIGN_OUT_FAILED)
        else:
            logs.event("sessions ended")

    def _list_age_errors(self, attributes: Mapping[str, str]) -> list[FieldError]:
        """Return the error of a valid but too recent date of birth. Empty without a minimum age."""
        birth_date = SignUpAttributes.parse_lenient(attributes)[0].dob if self._minimum_age else None
        if birth_date is None or is_at_least_years_old(birth_date, self._minimum_age):
            return []
        return [FieldError("/custom:dob", f"must be at least {self._minimum_age} years ago")]
