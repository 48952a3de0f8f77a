"""The machine on which figures are measured."""

import os
import platform
from pathlib import Path


def describe_host() -> str:
    """Return the number of cores, the processor, the operating system and the version of Python."""
    cpuinfo = Path("/proc/cpuinfo")
    lines = cpuinfo.read_text().splitlines() if cpuinfo.exists() else []
    model = next((line.partition(":")[2].strip() for line in lines if "model name" in line), platform.machine())
    return f"{os.cpu_count()} cores, {model}, {platform.system()}, Python {platform.python_version()}"
