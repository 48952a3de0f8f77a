"""Routes behind the authorizer."""

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from chalice import Blueprint, Response
from chalice.app import Request

from chalicelib.api.authorizer import authorizer

ViewT = TypeVar("ViewT", bound=Callable[..., Response])


def authenticated_route(blueprint: Blueprint, path: str, methods: Sequence[str]) -> Callable[[ViewT], ViewT]:
    """Declare a route that needs a signed-in user.

    The route has no content types: Chalice would check them before the view authenticates the caller.
    """
    route: Any = blueprint.route(path, methods=[*methods], content_types=[], authorizer=authorizer)
    return route  # type: ignore[no-any-return]


def current_request(blueprint: Blueprint) -> Request:
    """Return the request that a view of the blueprint handles."""
    request = blueprint.current_request
    assert request is not None  # Chalice sets it before it calls a view
    return request
