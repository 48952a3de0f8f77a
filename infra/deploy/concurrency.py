"""Reserved concurrency: what the functions of a stage may use at most, if the account has room for it."""

from typing import Any, Final

from infra.deploy import console
from infra.deploy.console import step
from infra.deploy.stage import Stage

_SETTING: Final = "reserved_concurrency"  # Chalice's
# Lambda refuses a reservation that leaves less than this to the functions without one.
# https://docs.aws.amazon.com/lambda/latest/dg/configuration-concurrency.html
_MIN_UNRESERVED: Final = 100


def reserve_if_possible(stage: Stage, section: dict[str, Any]) -> dict[str, Any]:
    """Return the stage's section with its reservations, or without any if the account has no room for all of them.

    Part of them would only move the shortage.
    """
    wanted = sum(function.get(_SETTING, 0) for function in section["lambda_functions"].values())
    if not wanted:
        return section
    with step("concurrency") as it:
        room = _room(stage)
        it.result = f"{wanted} reserved" if wanted <= room else "not reserved"
    if wanted <= room:
        return section
    console.warn(
        f"The stage asks for a reserved concurrency of {wanted}, and the account has {room} to reserve, because Lambda "
        f"keeps {_MIN_UNRESERVED} unreserved. Until the quota `Concurrent executions` is raised in Service Quotas, "
        "busy functions can keep people from signing in."
    )
    return _without_reservations(section)


def _room(stage: Stage) -> int:
    """Return what the account has to reserve for the stage, the reservations that the stage has already included."""
    lambda_ = stage.client("lambda")
    unreserved: int = lambda_.get_account_settings()["AccountLimit"]["UnreservedConcurrentExecutions"]
    reserved: int = sum(
        lambda_.get_function_concurrency(FunctionName=arn).get("ReservedConcurrentExecutions", 0)
        for arn in stage.functions().values()
    )
    return max(0, unreserved + reserved - _MIN_UNRESERVED)


def _without_reservations(section: dict[str, Any]) -> dict[str, Any]:
    functions = {
        name: {setting: value for setting, value in function.items() if setting != _SETTING}
        for name, function in section["lambda_functions"].items()
    }
    return {**section, "lambda_functions": functions}
