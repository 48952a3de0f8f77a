"""The `chalice` command as a Python program, for a command of the form `python -c <program> <arguments>`."""

from typing import Final

CHALICE_PROGRAM: Final = "import sys; from chalice.cli import main; sys.exit(main())"
