"""The code of every local Lambda function: it runs a handler of the working tree, loaded anew after each change.

Zipped alone into the function, hence nothing of ours is imported here. WORKING_TREE is the checkout,
HANDLER the attribute of app.py.
"""

import importlib
import logging
import os
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

_tree = Path(os.environ["WORKING_TREE"])
_loaded: tuple[dict[Path, int], ModuleType] | None = None


def _snapshot() -> dict[Path, int]:
    files = [_tree / "app.py", *sorted((_tree / "chalicelib").rglob("*.py"))]
    return {file: file.stat().st_mtime_ns for file in files}


def _app() -> ModuleType:
    global _loaded
    snapshot = _snapshot()
    if _loaded is None or _loaded[0] != snapshot:
        for name in [name for name in sys.modules if name.split(".")[0] in ("app", "chalicelib")]:
            del sys.modules[name]
        logging.Logger.manager.loggerDict.clear()  # a logger set up by the old code would stay as it was
        importlib.invalidate_caches()
        _loaded = snapshot, importlib.import_module("app")
    return _loaded[1]


def handler(event: dict[str, Any], context: Any) -> Any:
    """What Lambda calls."""
    if str(_tree) not in sys.path:
        sys.path.insert(0, str(_tree))
    return getattr(_app(), os.environ["HANDLER"])(event, context)
