"""The Lambda runtime: Chalice deploys for the version of the Python that runs it."""

import sys
from collections.abc import Iterable, Set
from typing import Any, Final

from infra.deploy.console import Failure

# Those on Amazon Linux 2023: https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtimes.html
OFFERED: Final = ("python3.12", "python3.13", "python3.14")
CURRENT: Final = f"python{sys.version_info.major}.{sys.version_info.minor}"


def require_offered(runtime: str) -> None:
    """Raise Failure unless Lambda offers the runtime."""
    if runtime not in OFFERED:
        raise Failure(
            f"Lambda runs {', '.join(OFFERED)}, and .venv has {runtime}. "
            "Install one of those, run make clean, then the same command again."
        )


def describe_change(deployed: Set[str], runtime: str) -> str | None:
    """Return a notice if deployed functions have another runtime, or None."""
    if not (others := sorted(deployed - {runtime})):
        return None
    # Chalice calls UpdateFunctionCode, then UpdateFunctionConfiguration.
    return (
        f"The functions change from {', '.join(others)} to {runtime}. "
        "Each fails for some seconds, because AWS has its new code before its new runtime."
    )


def update_on_deploy_only(lambda_: Any, functions: Iterable[str]) -> None:
    """Keep AWS from changing a function's runtime, and with it botocore, between two deploys.

    https://docs.aws.amazon.com/lambda/latest/dg/runtime-management-configure-settings.html
    """
    for function in functions:
        lambda_.get_waiter("function_updated").wait(FunctionName=function)
        lambda_.put_runtime_management_config(FunctionName=function, UpdateRuntimeOn="FunctionUpdate")
