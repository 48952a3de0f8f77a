"""Run programs that must not be killed, such as Terraform, which saves its state at the end."""

import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

from infra.deploy import progress


def run(arguments: Sequence[str], directory: Path, environment: Mapping[str, str]) -> subprocess.CompletedProcess[str]:
    """Run a program and return its output. At Ctrl-C, wait until the program ends.

    The terminal sends Ctrl-C to the program as well. A second Ctrl-C kills it. Raises KeyboardInterrupt after Ctrl-C,
    even if the program ignored the signal and succeeded.
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
            progress.print_line(f"\nWaiting for {arguments[0]} to stop safely. Press Ctrl-C again to kill it.")
            process.communicate()
            raise
        return subprocess.CompletedProcess(arguments, process.returncode, output, errors)
