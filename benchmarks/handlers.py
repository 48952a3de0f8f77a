"""Dotted paths of this project's Lambda handlers. The only module of the benchmarks that names them."""

import importlib
from typing import Any, Final

HANDLERS: Final = {
    "api": "app.app",
    "pre_sign_up": "chalicelib.accounts.triggers.pre_sign_up",
    "post_confirmation": "chalicelib.accounts.triggers.post_confirmation",
    "post_authentication": "chalicelib.accounts.triggers.post_authentication",
}
TRIGGER_NAMES: Final = ("pre_sign_up", "post_confirmation", "post_authentication")


def load_handler(path: str) -> Any:
    """Import the module of `package.module.function` and return the function."""
    module, _, function = path.rpartition(".")
    return getattr(importlib.import_module(module), function)
