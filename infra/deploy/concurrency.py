"""Reserved concurrency of the functions of a stage, if the account has enough unreserved concurrency."""

from typing import Any, Final

from infra.deploy import progress
from infra.deploy.progress import report_step
from infra.deploy.stage import Stage

_SETTING: Final = "reserved_concurrency"  # the name in Chalice's configuration
# Lambda rejects a reservation that leaves less unreserved concurrency than this.
# https://docs.aws.amazon.com/lambda/latest/dg/configuration-concurrency.html
_MIN_UNRESERVED: Final = 100


def reserve_if_possible(stage: Stage, stage_config: dict[str, Any]) -> dict[str, Any]:
    """Return the configuration of the stage with all reservations, or with none if the account cannot reserve all.

    Applying only some of the reservations would leave less concurrency to the other functions.
    """
    requested = sum(function.get(_SETTING, 0) for function in stage_config["lambda_functions"].values())
    if not requested:
        return stage_config
    with report_step("concurrency") as step:
        available = _get_available(stage)
        step.result = f"{requested} reserved" if requested <= available else "not reserved"
    if requested <= available:
        return stage_config
    progress.print_warning(
        f"The stage requests a reserved concurrency of {requested}, but the account can reserve only {available}: "
        f"Lambda keeps {_MIN_UNRESERVED} unreserved. Raise the quota `Concurrent executions` in Service Quotas. "
        "Until then, load on other functions can prevent users from signing in."
    )
    return _without_reservations(stage_config)


def _get_available(stage: Stage) -> int:
    """Return the concurrency that the stage can reserve, including its present reservations."""
    lambda_ = stage.client("lambda")
    unreserved: int = lambda_.get_account_settings()["AccountLimit"]["UnreservedConcurrentExecutions"]
    reserved: int = sum(
        lambda_.get_function_concurrency(FunctionName=arn).get("ReservedConcurrentExecutions", 0)
        for arn in stage.list_functions().values()
    )
    return max(0, unreserved + reserved - _MIN_UNRESERVED)


def _without_reservations(stage_config: dict[str, Any]) -> dict[str, Any]:
    functions = {
        name: {setting: value for setting, value in function.items() if setting != _SETTING}
        for name, function in stage_config["lambda_functions"].items()
    }
    return {**stage_config, "lambda_functions": functions}
