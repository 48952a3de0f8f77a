"""`make reset`: forget the users of `make run`, unless it is running."""

import shutil
import sys

from local import console, settings
from local.processes import InUse, locked


def main() -> int:
    directory = settings.load().directory
    if not directory.exists():
        return 0
    try:
        with locked(directory):
            shutil.rmtree(directory)
    except InUse as exc:
        console.failure(str(exc))
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
