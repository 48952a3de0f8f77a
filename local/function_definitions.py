"""The Lambda functions of the local stack: names, handlers and limits."""

from typing import Final, NamedTuple

CHECK_FILE_FUNCTION: Final = "check_file"
CHECK_PICTURE_FUNCTION: Final = "check_picture"
ERASE_FUNCTION: Final = "erase_user"
RECONCILE_FUNCTION: Final = "reconcile"  # `make reconcile` invokes it; the local stack has no schedule
# Cognito trigger -> function name.
TRIGGERS: Final = {
    "PreSignUp": "pre_sign_up",
    "PostConfirmation": "post_confirmation",
    "PostAuthentication": "post_authentication",
}
_TRIGGER_TIMEOUT_SECONDS: Final = 5  # Cognito does not wait longer


class FunctionDefinition(NamedTuple):
    """A Lambda function. `handler` is the dotted path of its handler."""

    handler: str
    timeout_seconds: int
    memory_mib: int = 512


FUNCTIONS: Final = {
    "pre_sign_up": FunctionDefinition("chalicelib.accounts.triggers.pre_sign_up", _TRIGGER_TIMEOUT_SECONDS),
    "post_confirmation": FunctionDefinition("chalicelib.accounts.triggers.post_confirmation", _TRIGGER_TIMEOUT_SECONDS),
    "post_authentication": FunctionDefinition(
        "chalicelib.accounts.triggers.post_authentication", _TRIGGER_TIMEOUT_SECONDS
    ),
    RECONCILE_FUNCTION: FunctionDefinition("chalicelib.reconciliation.jobs.reconcile", 300),
    CHECK_FILE_FUNCTION: FunctionDefinition("chalicelib.files.functions.check_file", 60, 1769),
    CHECK_PICTURE_FUNCTION: FunctionDefinition("chalicelib.pictures.functions.check_picture", 7, 1769),
    ERASE_FUNCTION: FunctionDefinition("chalicelib.privacy.functions.erase_user", 60),
}
