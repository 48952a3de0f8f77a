"""Callers may use their own profile only."""

import pytest

from chalicelib.access.policy import require_owner
from chalicelib.core.errors import Forbidden
from chalicelib.core.identity import Caller
from tests.support.data import SUB

CALLER = Caller(SUB, "john")


@pytest.mark.parametrize("user_id", [SUB, "me"])
def test_own_profile_by_id_and_by_me_is_permitted(user_id: str) -> None:
    assert require_owner(CALLER, user_id) == CALLER


@pytest.mark.parametrize("user_id", ["", " ", "ME", SUB.upper(), SUB[:-1], f"{SUB} ", f"{SUB}\0", "..", "john"])
def test_any_other_id_is_forbidden(user_id: str) -> None:
    with pytest.raises(Forbidden):
        require_owner(CALLER, user_id)
