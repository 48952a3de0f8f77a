"""The Lambda runtime. Chalice deploys for the Python version that runs it."""

import sys
from collections.abc import Iterable, Set
from typing import Any, Final

from infra.deploy.progress import DeployError

# The runtimes on Amazon Linux 2023: https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtimes.html
SUPPORTED: Final = ("python3.12", "python3.13", "python3.14")
CURRENT: Final = f"python{sys.version_info.major}.{sys.version_info.minor}"


def require_supported(runtime: str) -> None:
    """Raise DeployError unless Lambda supports the runtime."""
    if runtime not in SUPPORTED:
        raise DeployError(
            f"Lambda supports {', '.join(SUPPORTED)}, but .venv has {runtime}. "
            "Install a supported version, run make clean, then run the same command again."
        )


def describe_change(deployed: Set[str], runtime: str) -> str | None:
    """Return a notice if deployed functions have another runtime, or None."""
    if not (others := sorted(deployed - {runtime})):
        return None
    # Chalice calls UpdateFunctionCode, then UpdateFunctionConfiguration.
    return (
        f"The runtime of the functions changes from {', '.join(others)} to {runtime}. "
        "Each function fails for a few seconds, because its code is updated before its runtime."
    )


def update_on_deploy_only(lambda_: Any, functions: Iterable[str]) -> None:
    """Set the functions to runtime updates on deployment only, which also fixes the version of botocore.

    https://docs.aws.amazon.com/lambda/latest/dg/runtime-management-configure-settings.html
    """
    for function in functions:
        lambda_.get_waiter("function_updated").wait(FunctionName=function)
        lambda_.put_runtime_management_config(FunctionName=function, UpdateRuntimeOn="FunctionUpdate")
