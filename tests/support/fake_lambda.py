"""A fake of the client of Lambda."""

from typing import Any

from chalicelib.aws.async_functions import AsyncFunction


class FakeLambda:
    """A client of Lambda that records invocations, or fails each with `fail_with`."""

    def __init__(self, fail_with: Exception | None = None) -> None:
        self.invocations: list[dict[str, Any]] = []
        self.fail_with = fail_with

    def invoke(self, **arguments: Any) -> None:
        if self.fail_with:
            raise self.fail_with
        self.invocations.append(arguments)

    def build_function(self, name: str = "function") -> AsyncFunction:
        """Return a function of this client."""
        client: Any = self
        return AsyncFunction(lambda: client, name)
