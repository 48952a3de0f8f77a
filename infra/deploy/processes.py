"""Programs that must not be cut off: Terraform saves its state at the end, and it may take its time."""

import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

from infra.deploy import console


def run(arguments: Sequence[str], directory: Path, environment: Mapping[str, str]) -> subprocess.CompletedProcess[str]:
    """Run it to its end. The first Ctrl-C reaches it as it reaches us, and we wait; a second one is meant.

    Raises KeyboardInterrupt after it, also where the program did not mind Ctrl-C and has succeeded.
    """
    with subprocess.Popen(
        arguments,
        cwd=directory,
        env=dict(environment),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            output, errors = process.communicate()
        except KeyboardInterrupt:
            console.say(f"\nStopping {arguments[0]}: it saves what it has done. Ctrl-C again to kill it.")
            process.communicate()
            raise
        return subprocess.CompletedProcess(arguments, process.returncode, output, errors)
