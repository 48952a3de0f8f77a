"""`make reset`: remove the users of `make run` and all its other state, unless it is running."""

import shutil
import sys

from local import console, settings
from local.processes import LOCK, InUse, locked


def main() -> int:
    """Return the exit code."""
    directory = settings.load().directory
    if not (directory / LOCK).exists():  # not a directory of ours: nothing in it is removed
        console.note(f"There is no state in {directory}.")
        return 0
    try:
        with locked(directory):
            shutil.rmtree(directory)
    except InUse as exc:
        console.failure(f"{exc} Stop it first.")
        return 1
    console.note(f"Removed all users, files and logs in {directory}.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
