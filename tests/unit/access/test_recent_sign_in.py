"""Operations that require a recent sign-in."""

from datetime import UTC, datetime, timedelta

import pytest

from chalicelib.access.policy import MAX_SIGN_IN_AGE_SECONDS, require_recent_sign_in
from chalicelib.core.errors import RecentSignInRequired
from chalicelib.core.identity import Caller
from tests.support.data import SUB

NOW = datetime(2026, 11, 25, 10, 0, 0, tzinfo=UTC)


def caller_of(auth_time: object) -> Caller:
    return Caller(SUB, SUB, {} if auth_time is None else {"auth_time": auth_time})


@pytest.mark.parametrize("age", [0, 1, MAX_SIGN_IN_AGE_SECONDS])
def test_recent_sign_in_is_accepted(age: int) -> None:
    require_recent_sign_in(caller_of(str(int(NOW.timestamp()) - age)), NOW)


def test_date_text_is_accepted() -> None:
    require_recent_sign_in(caller_of("Wed Nov 25 09:55:00 UTC 2026"), NOW)


@pytest.mark.parametrize(
    "auth_time",
    [
        str(int(NOW.timestamp()) - MAX_SIGN_IN_AGE_SECONDS - 1),
        "Wed Nov 25 09:54:59 UTC 2026",
        "Wed Nov 25 09:54:59 UTC 1026",
        "0",
        "",
        "recently",
        None,
    ],
)
def test_older_or_unknown_sign_in_is_rejected(auth_time: object) -> None:
    with pytest.raises(RecentSignInRequired) as rejection:
        require_recent_sign_in(caller_of(auth_time), NOW)
    challenge = 'Bearer error="insufficient_user_authentication", max_age="300"'
    assert rejection.value.headers == {"WWW-Authenticate": challenge}


def test_sign_in_in_the_future_is_accepted_within_clock_skew() -> None:
    """The clocks of Cognito and Lambda may differ."""
    require_recent_sign_in(caller_of(str(int((NOW + timedelta(seconds=5)).timestamp()))), NOW)
