"""The Lambda functions. Each runs the code of the working tree, with its own role."""

from typing import Final

from local.config import ROOT
from local.emulator_clients import EmulatorConnection, emulator_client
from local.function_archive import build_function_archive
from local.function_definitions import (
    CHECK_FILE_FUNCTION,
    CHECK_PICTURE_FUNCTION,
    ERASE_FUNCTION,
    FUNCTIONS,
    RECONCILE_FUNCTION,
    TRIGGERS,
)
from local.resources.idempotency import create_unless_exists
from local.resources.roles import ensure_role
from local.stack import BUCKET_NAME, RECORDS_TABLE_NAME, STACK_NAME, TABLE_NAME

_SHIM: Final = "lambda_shim"
_RUNTIME: Final = "python3.12"


def ensure_trigger_functions(connection: EmulatorConnection) -> dict[str, str]:
    """Create or update the functions of the triggers. Return their ARNs by trigger."""
    return {trigger: _ensure_function(connection, function) for trigger, function in TRIGGERS.items()}


def ensure_erase_function(connection: EmulatorConnection, user_pool_arn: str) -> None:
    """Create or update the function that erases users."""
    _ensure_function(connection, ERASE_FUNCTION, USER_POOL_ARN=user_pool_arn)


def ensure_reconcile_function(connection: EmulatorConnection, user_pool_arn: str) -> None:
    """Create or update the function that reconciles the user pool, the tables and the bucket."""
    _ensure_function(
        connection,
        RECONCILE_FUNCTION,
        CHECK_FILE_FUNCTION=f"{STACK_NAME}-{CHECK_FILE_FUNCTION}",
        ERASE_FUNCTION=f"{STACK_NAME}-{ERASE_FUNCTION}",
        USER_POOL_ARN=user_pool_arn,
    )


def ensure_picture_function(connection: EmulatorConnection) -> None:
    """Create or update the function that processes pictures."""
    _ensure_function(connection, CHECK_PICTURE_FUNCTION)


def ensure_file_function(connection: EmulatorConnection) -> str:
    """Create or update the function that checks files. Return its ARN."""
    return _ensure_function(connection, CHECK_FILE_FUNCTION, MALWARE_PROTECTION="on")


def _ensure_function(connection: EmulatorConnection, function: str, **variables: str) -> str:
    """Create or update a function and its role. Return the function's ARN."""
    name = f"{STACK_NAME}-{function}"
    handler, timeout, memory = FUNCTIONS[function]
    configuration = {
        "FunctionName": name,
        "Role": ensure_role(emulator_client("iam", connection), function),
        "Runtime": _RUNTIME,
        "Handler": f"{_SHIM}.handler",
        "Timeout": timeout,
        "MemorySize": memory,
        "Environment": {"Variables": {**variables, **_build_common_variables(handler)}},
    }
    lambda_, archive = emulator_client("lambda", connection), _build_shim_archive()
    create_unless_exists(
        lambda: lambda_.create_function(**configuration, Code={"ZipFile": archive}), "ResourceConflictException"
    )
    lambda_.update_function_code(FunctionName=name, ZipFile=archive)
    return str(lambda_.update_function_configuration(**configuration)["FunctionArn"])


def _build_common_variables(handler: str) -> dict[str, str]:
    return {
        "WORKING_TREE": str(ROOT),
        "HANDLER": handler,
        "DYNAMODB_TABLE": TABLE_NAME,
        "RECORDS_TABLE": RECORDS_TABLE_NAME,
        "S3_BUCKET": BUCKET_NAME,
        "SERVICE_NAME": STACK_NAME,
        "LOG_LEVEL": "INFO",  # otherwise the function would inherit MiniStack's variable of the same name
    }


def _build_shim_archive() -> bytes:
    return build_function_archive(f"{_SHIM}.py", (ROOT / "local" / f"{_SHIM}.py").read_text())
