"""Commands pasted into a shell, as a reader pastes them from the README and from the output of `make run`."""

import os
import shutil
import subprocess
from pathlib import Path
from typing import Final

from tests.support import optional_tools

# Without the settings of the user, with history expansion, and ending at the first failure. The default shell of macOS,
# zsh, treats `#` as an argument if it is interactive.
SHELLS: Final = {
    "bash": ["bash", "--norc", "--noprofile", "-o", "history", "-o", "histexpand", "-eu"],
    "zsh": ["zsh", "-f", "-i", "-o", "no_prompt_sp", "-eu"],
}


def require_shell(shell: str) -> None:
    """Skip the test if the shell is not installed."""
    if shutil.which(shell) is None:
        optional_tools.skip(f"needs {shell}: apt-get install {shell}")


def paste(shell: str, text: str, directory: Path, timeout: float, **environment: str) -> str:
    """Run commands as if they were pasted, and return their output. Each must succeed and print no error."""
    require_shell(shell)
    quiet_prompt = {"PS1": "", "PS2": "", "HISTFILE": os.devnull}
    process = subprocess.run(
        SHELLS[shell], input=text, cwd=directory, env={**os.environ, **quiet_prompt, **environment},
        capture_output=True, text=True, timeout=timeout,
    )  # fmt: skip
    assert (process.returncode, process.stderr) == (0, ""), process.stdout + process.stderr
    return process.stdout
