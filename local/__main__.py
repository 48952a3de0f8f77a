"""Run `make run` (`python -m local`), or `chalice local` (`python -m local chalice-local`)."""

import importlib.util
import os
import signal
import sys
from typing import Final

_STOP_SIGNALS: Final = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def main() -> int:
    """Return the exit code."""
    # No process has been started yet. Otherwise Ctrl-C would print a traceback during the imports below (0.4 s).
    for number in _STOP_SIGNALS:
        signal.signal(number, lambda number, _: os._exit(128 + number))
    if importlib.util.find_spec("ministack") is None:
        print("The embedded AWS is not installed: pip install -r requirements-run.txt", file=sys.stderr)
        return 1
    if sys.argv[1:2] == ["chalice-local"]:
        from local import chalice_local

        return chalice_local.main(sys.argv[2:])
    from local import run

    return run.main()


if __name__ == "__main__":
    sys.exit(main())
