"""Pauses of Python's garbage collector during a cold start in Lambda.

Importing and creating clients allocates objects that stay. At its normal pace the collector examines all of them
several times before the first answer, which takes about 8 % of a cold start's CPU time. What stays when a pause ends is
never examined again.

The pauses must be short. While the collector is paused, a function grows by 4 KB a request if its caller leaves a
reference cycle each time, as the embedded AWS does.
"""

import gc
from typing import Final

_PAUSED: Final = (100_000, 50, 1000)
_before: list[tuple[int, int, int]] = []  # the thresholds before the current pause


def pause() -> None:
    """Pause the collector, in Lambda only."""
    if _before:
        return
    thresholds = gc.get_threshold()
    gc.set_threshold(*_PAUSED)
    # Imported here, because it imports pydantic, a third of what there is to examine.
    from chalicelib import settings

    if settings.in_lambda():
        _before.append(thresholds)
    else:
        gc.set_threshold(*thresholds)


def resume() -> None:
    """End a pause."""
    if _before:
        gc.freeze()
        gc.set_threshold(*_before.pop())
