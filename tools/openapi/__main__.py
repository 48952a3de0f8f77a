"""`make openapi`: write openapi.json, or the file that is named.

python -m tools.openapi [FILE]
"""

import sys
from pathlib import Path

from tools.openapi.document import OPENAPI_FILE, render


def main() -> None:
    """Write the document."""
    file = Path(sys.argv[1]) if len(sys.argv) > 1 else OPENAPI_FILE
    file.write_text(render())


if __name__ == "__main__":
    main()
