"""Commands pasted into a shell, as people paste them from the README and from `make run`."""

import os
import shutil
import subprocess
from pathlib import Path
from typing import Final

from tests.support import optional_tools

# Without the user's own settings, with history expansion, ending at the first failure. An interactive zsh takes `#`
# for an argument; that is the shell of every Mac.
SHELLS: Final = {
    "bash": ["bash", "--norc", "--noprofile", "-o", "history", "-o", "histexpand", "-eu"],
    "zsh": ["zsh", "-f", "-i", "-o", "no_prompt_sp", "-eu"],
}


def require_shell(shell: str) -> None:
    """Skip the test where the shell is missing."""
    if shutil.which(shell) is None:
        optional_tools.skip(f"needs {shell}: apt-get install {shell}")


def paste(shell: str, text: str, directory: Path, timeout: float, **environment: str) -> str:
    """Run commands as if they were pasted, and return what they print. Each must succeed and report no error."""
    require_shell(shell)
    quiet = {"PS1": "", "PS2": "", "HISTFILE": os.devnull}
    done = subprocess.run(
        SHELLS[shell], input=text, cwd=directory, env={**os.environ, **quiet, **environment},
        capture_output=True, text=True, timeout=timeout,
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, ""), done.stdout + done.stderr
    return done.stdout
