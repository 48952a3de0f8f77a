"""Profile pictures, on `chalice local` and the embedded S3."""

from collections.abc import Callable

import pytest

from tests.images import opened, picture
from tests.integration.conftest import User
from tests.integration.pictures import ask, choose, kept, remove, send, show, shown


@pytest.fixture
def user(new_user: Callable[..., User]) -> User:
    return new_user()


def test_first(user: User) -> None:
    up = ask(user)
    print(up.status, up.body)
    r = send(up.body, picture())
    print(r.status_code, r.text)
    print(kept(user))
    a = choose(user, up.body["upload_id"])
    print(a.status, a.body, a.headers)
    print(kept(user))
    s = show(user)
    print(s.status, s.body)
    print(opened(shown(user)))
    print(remove(user).body, kept(user))
    raise SystemError
