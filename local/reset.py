"""`make reset`: delete the users and all other state of `make run`, unless it is running."""

import shutil
import sys

from local import config, terminal
from local.state_lock import LOCK_FILE_NAME, StateInUse, lock_directory


def main() -> int:
    """Return the exit code."""
    directory = config.load_settings().state_directory
    if not (directory / LOCK_FILE_NAME).exists():  # not a state directory: delete nothing
        terminal.print_note(f"There is no state in {directory}.")
        return 0
    try:
        with lock_directory(directory):
            shutil.rmtree(directory)
    except StateInUse as exc:
        terminal.print_error(f"{exc} Stop it first.")
        return 1
    terminal.print_note(f"Removed all users, files and logs in {directory}.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
