"""The code of every local Lambda function. It runs a handler of the working tree and reloads the code after changes.

The function's archive contains only this file, so it imports nothing of the project. WORKING_TREE is the path of the
project. HANDLER is the dotted path of the handler, such as `app.reconcile` or `package.module.function`.
"""

import importlib
import logging
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

_PROJECT_PACKAGES: Final = ("app", "chalicelib")
_project_dir = Path(os.environ["WORKING_TREE"])
_cached_handler: tuple[dict[Path, int], Callable[[Any, Any], Any]] | None = None


def _get_modification_times() -> dict[Path, int]:
    files = [_project_dir / "app.py", *sorted((_project_dir / "chalicelib").rglob("*.py"))]
    return {file: file.stat().st_mtime_ns for file in files}


def _load_handler() -> Callable[[Any, Any], Any]:
    """Return the handler. Import the project again if a source file has changed."""
    global _cached_handler
    times = _get_modification_times()
    if _cached_handler is None or _cached_handler[0] != times:
        for name in [name for name in sys.modules if name.split(".")[0] in _PROJECT_PACKAGES]:
            del sys.modules[name]
        logging.Logger.manager.loggerDict.clear()  # otherwise loggers would keep the handlers of the old code
        importlib.invalidate_caches()
        module, _, attribute = os.environ["HANDLER"].rpartition(".")
        _cached_handler = times, getattr(importlib.import_module(module), attribute)
    return _cached_handler[1]


def handler(event: dict[str, Any], context: Any) -> Any:
    """Run the configured handler. Lambda calls this function."""
    if str(_project_dir) not in sys.path:
        sys.path.insert(0, str(_project_dir))
    return _load_handler()(event, context)
