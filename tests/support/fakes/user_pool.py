"""A fake of the user pool."""

from chalicelib.aws.user_pool import PoolUser, UserPool
from chalicelib.core.errors import UpstreamError


class FakeUserPool(UserPool):
    """Users in a dictionary, by their username."""

    def __init__(self, *users: PoolUser) -> None:
        self.users = {user.username: user for user in users}
        self.signed_out: list[str] = []
        self.lookups = 0
        self.fail_with: UpstreamError | None = None

    def get_user(self, username: str) -> PoolUser | None:
        if self.fail_with:
            raise self.fail_with
        self.lookups += 1
        return self.users.get(username)

    def sign_out(self, username: str) -> None:
        if self.fail_with:
            raise self.fail_with
        if username in self.users:
            self.signed_out.append(username)

    def disable(self, username: str) -> None:
        if self.fail_with:
            raise self.fail_with
        if username in self.users:
            self.users[username] = self.users[username].model_copy(update={"enabled": False})

    def delete(self, username: str) -> None:
        if self.fail_with:
            raise self.fail_with
        self.users.pop(username, None)
