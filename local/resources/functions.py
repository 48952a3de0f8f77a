"""The Lambda functions. Each runs the code of the working tree, with its own role."""

import io
import zipfile
from typing import Final

from local.config import ROOT
from local.emulator_clients import EmulatorConnection, emulator_client
from local.function_definitions import (
    CHECK_PICTURE_ACTIONS,
    CHECK_PICTURE_FUNCTION,
    CHECK_PICTURE_MEMORY_MIB,
    CHECK_PICTURE_TIMEOUT_SECONDS,
    DEFAULT_MEMORY_MIB,
    ERASE_ACTIONS,
    ERASE_FUNCTION,
    ERASE_TIMEOUT_SECONDS,
    HANDLERS,
    RECONCILE_ACTIONS,
    RECONCILE_FUNCTION,
    RECONCILE_TIMEOUT_SECONDS,
    TRIGGER_TIMEOUT_SECONDS,
    TRIGGERS,
)
from local.resources.idempotency import create_unless_exists
from local.resources.roles import ensure_role
from local.stack import BUCKET_NAME, STACK_NAME, TABLE_NAME

_SHIM: Final = "lambda_shim"
_RUNTIME: Final = "python3.12"


def ensure_trigger_functions(connection: EmulatorConnection, table_arn: str) -> dict[str, str]:
    """Create or update the functions of the triggers. Return their ARNs by trigger."""
    return {
        trigger: _ensure_function(
            connection, function.name, function.actions, table_arn, timeout=TRIGGER_TIMEOUT_SECONDS, variables={}
        )
        for trigger, function in TRIGGERS.items()
    }


def ensure_erase_function(connection: EmulatorConnection, table_arn: str, user_pool_arn: str) -> None:
    """Create or update the function that erases users."""
    _ensure_function(
        connection,
        ERASE_FUNCTION,
        ERASE_ACTIONS,
        table_arn,
        timeout=ERASE_TIMEOUT_SECONDS,
        variables={"USER_POOL_ARN": user_pool_arn, "S3_BUCKET": BUCKET_NAME},
    )


def ensure_reconcile_function(connection: EmulatorConnection, table_arn: str, user_pool_arn: str) -> None:
    """Create or update the function that reconciles the user pool and the table."""
    _ensure_function(
        connection,
        RECONCILE_FUNCTION,
        RECONCILE_ACTIONS,
        table_arn,
        timeout=RECONCILE_TIMEOUT_SECONDS,
        variables={"ERASE_FUNCTION": f"{STACK_NAME}-{ERASE_FUNCTION}", "USER_POOL_ARN": user_pool_arn},
    )


def ensure_picture_function(connection: EmulatorConnection, table_arn: str) -> None:
    """Create or update the function that processes pictures."""
    _ensure_function(
        connection,
        CHECK_PICTURE_FUNCTION,
        CHECK_PICTURE_ACTIONS,
        table_arn,
        timeout=CHECK_PICTURE_TIMEOUT_SECONDS,
        variables={"S3_BUCKET": BUCKET_NAME},
        memory=CHECK_PICTURE_MEMORY_MIB,
    )


def _ensure_function(
    connection: EmulatorConnection,
    function: str,
    actions: list[str],
    table_arn: str,
    *,
    timeout: int,
    variables: dict[str, str],
    memory: int = DEFAULT_MEMORY_MIB,
) -> str:
    """Create or update a function and its role. Return the function's ARN. `timeout` is in seconds, `memory` in MiB."""
    name = f"{STACK_NAME}-{function}"
    configuration = {
        "FunctionName": name,
        "Role": ensure_role(emulator_client("iam", connection), name, actions, table_arn),
        "Runtime": _RUNTIME,
        "Handler": f"{_SHIM}.handler",
        "Timeout": timeout,
        "MemorySize": memory,
        "Environment": {"Variables": {**variables, **_build_shim_variables(function)}},
    }
    lambda_, archive = emulator_client("lambda", connection), _build_shim_archive()
    create_unless_exists(
        lambda: lambda_.create_function(**configuration, Code={"ZipFile": archive}), "ResourceConflictException"
    )
    lambda_.update_function_code(FunctionName=name, ZipFile=archive)
    return str(lambda_.update_function_configuration(**configuration)["FunctionArn"])


def _build_shim_variables(function: str) -> dict[str, str]:
    return {
        "WORKING_TREE": str(ROOT),
        "HANDLER": HANDLERS[function],
        "DYNAMODB_TABLE": TABLE_NAME,
        "SERVICE_NAME": STACK_NAME,
        "LOG_LEVEL": "INFO",  # otherwise the function would inherit MiniStack's variable of the same name
    }


def _build_shim_archive() -> bytes:
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as file:
        file.write(ROOT / "local" / f"{_SHIM}.py", f"{_SHIM}.py")
    return archive.getvalue()
