"""Pauses of Python's garbage collector during a cold start in Lambda.

Importing modules and creating clients allocates objects that live as long as the process. With the default thresholds
the garbage collector examines them several times before the first response (docs/performance.md). At the end of a
pause these objects are frozen, so they are never examined again.

Pauses must be short. While the garbage collector is paused, memory grows with each request that leaves a reference
cycle (docs/performance.md).
"""

import gc
from typing import Final

_PAUSED_THRESHOLDS: Final = (100_000, 50, 1000)
_saved: list[tuple[int, int, int]] = []  # the thresholds before the pause in progress
_depth = 0  # modules that pause may import each other


def pause() -> None:
    """Pause the garbage collector, in Lambda only. Pauses may be nested."""
    global _depth
    _depth += 1
    if _depth > 1:
        return
    thresholds = gc.get_threshold()
    gc.set_threshold(*_PAUSED_THRESHOLDS)
    # Imported here, because it imports pydantic, whose objects would otherwise be examined (docs/performance.md).
    from chalicelib.core import settings

    if settings.is_in_lambda():
        _saved.append(thresholds)
    else:
        gc.set_threshold(*thresholds)


def resume() -> None:
    """End a pause. The outermost one restores the thresholds."""
    global _depth
    _depth = max(0, _depth - 1)
    if _depth == 0 and _saved:
        gc.freeze()
        gc.set_threshold(*_saved.pop())
