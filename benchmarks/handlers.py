"""Dotted paths of this project's Lambda handlers. The only place of the benchmarks that names them."""

import importlib
from typing import Any, Final

HANDLERS: Final = {
    "api": "app.app",
    "pre_sign_up": "app.pre_sign_up",
    "post_confirmation": "app.post_confirmation",
    "post_authentication": "app.post_authentication",
}
TRIGGER_NAMES: Final = ("pre_sign_up", "post_confirmation", "post_authentication")


def load_handler(path: str) -> Any:
    """Import the module of `package.module.function` and return the function."""
    module, _, function = path.rpartition(".")
    return getattr(importlib.import_module(module), function)
