"""The environment variables, read once. No other module reads os.environ.

`.chalice/config.json` sets them for each stage, and Lambda for each function. docs/configuration.md lists them.
"""

import os
from collections.abc import Mapping
from functools import cache, cached_property
from typing import Annotated, Literal, NamedTuple

from pydantic import BeforeValidator, Field, ValidationError

from chalicelib.core.errors import SettingsError
from chalicelib.core.validation import InternalModel


def _split_commas(value: object) -> object:
    return [word.strip() for word in value.split(",")] if isinstance(value, str) else value


class TokenTrust(NamedTuple):
    """The user pool and its clients whose tokens the API accepts."""

    user_pool_id: str
    client_ids: frozenset[str]


class Settings(InternalModel):
    """The settings of a process. A field's alias is the name of its environment variable.

    The text below a field is its description in docs/configuration.md (`make docs`).

    Required variables are checked at their first use, not at import: a trigger with an incomplete environment must not
    prevent a sign-in.
    """

    table_name: str | None = Field(None, alias="DYNAMODB_TABLE", min_length=3, max_length=255)
    """Name of the table of profiles."""

    records_table_name: str | None = Field(None, alias="RECORDS_TABLE", min_length=3, max_length=255)
    """Name of the table of the lists that belong to a user, such as files. Without it, the stage has no files."""

    # No trigger has the user pool's ARN. In its environment it would create a dependency cycle between
    # trigger and user pool. A trigger reads the user pool's id from its event.
    user_pool_arn: str | None = Field(
        None,
        alias="USER_POOL_ARN",
        pattern=r"^arn:[a-z-]+:cognito-idp:[a-z0-9-]+:[0-9]{12}:userpool/[\w-]+$",
    )
    """ARN of the user pool. The `chalice` command needs it, too."""

    user_pool_client_ids: Annotated[frozenset[str], BeforeValidator(_split_commas)] = Field(
        frozenset(), alias="USER_POOL_CLIENT_ID"
    )
    """Ids of the app clients whose tokens are accepted. Without it, every token is rejected."""

    cors_allow_origins: Annotated[frozenset[str], BeforeValidator(_split_commas)] = Field(
        frozenset(), alias="CORS_ALLOW_ORIGINS"
    )
    """Origins of web pages that may call the API, or `*` for all. Without it, no origin is allowed."""

    problems_url: str = Field("/problems", alias="PROBLEMS_URL")
    """URL of the page about problem types, to which the `type` of each problem links. `make deploy` sets the API's own
    address.
    """

    picture_bucket: str | None = Field(None, alias="S3_BUCKET")
    """Name of the bucket of pictures and files. Without it, the stage has neither."""

    picture_function_name: str | None = Field(None, alias="PICTURE_FUNCTION", max_length=140)
    """Name of the function that processes pictures."""

    picture_uploads_per_day: int = Field(50, alias="PICTURE_UPLOADS_PER_DAY", ge=1)
    """Maximum number of picture uploads per user and day (UTC) that are processed."""

    # An export contains all files of a user, and a response has at most 6 MiB.
    files_per_user: int = Field(200, alias="FILES_PER_USER", ge=1, le=1_000)
    """Maximum number of files that a user may store."""

    file_bytes_per_user: int = Field(1024**3, alias="FILE_BYTES_PER_USER", ge=1)
    """Maximum size of all files of a user in bytes. The default is 1 GiB."""

    file_uploads_per_day: int = Field(200, alias="FILE_UPLOADS_PER_DAY", ge=1)
    """Maximum number of files that a user may create per day (UTC)."""

    file_types: Annotated[frozenset[str], BeforeValidator(_split_commas)] = Field(frozenset(), alias="FILE_TYPES")
    """Accepted media types of files. Without it, all supported types are accepted."""

    check_file_function_name: str | None = Field(None, alias="CHECK_FILE_FUNCTION", max_length=140)
    """Name of the function that checks files."""

    malware_protection: Literal["on", "off"] = Field("off", alias="MALWARE_PROTECTION")
    """With `on`, a file is available only after a malware scan by GuardDuty has found no threat."""

    erase_function_name: str | None = Field(None, alias="ERASE_FUNCTION", max_length=140)
    """Name of the function that erases accounts."""

    deletion_grace_days: int = Field(0, alias="DELETION_GRACE_DAYS", ge=0, le=28)
    """Days between the request to delete an account and its erasure."""

    orphan_grace_hours: float = Field(72, alias="ORPHAN_GRACE_HOURS", ge=0)
    """Hours before a profile without a user is erased, in case the user pool was read wrongly."""

    minimum_age: int = Field(0, alias="MINIMUM_AGE", ge=0, le=130)
    """Minimum age in years to sign up, by the calendar of UTC. 0 disables the check."""

    # Cognito's default quota is 120 AdminGetUser calls per second and account.
    lookups_per_second: float = Field(50, alias="RECONCILE_LOOKUPS_PER_SECOND", ge=1)
    """Maximum `AdminGetUser` calls per second of reconciliation."""

    # Cognito's confirmation code is valid for 24 hours.
    unconfirmed_hours: int = Field(24, alias="UNCONFIRMED_ACCOUNT_HOURS", ge=24)
    """Hours after which reconciliation deletes an unconfirmed account."""

    service_name: str = Field("healthtech", alias="SERVICE_NAME")
    """Value of the `service` dimension of the stage's metrics."""

    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = Field("INFO", alias="LOG_LEVEL")
    """Minimum level of log lines. Metrics are written at every level."""

    botocore_tuning: Literal["on", "off"] = Field("on", alias="BOTOCORE_TUNING")
    """With `off`, the DynamoDB client is a plain client of botocore. See docs/decisions/0004-tuned-botocore.md."""

    in_chalice_command: bool = Field(False, alias="AWS_CHALICE_CLI_MODE")
    """The `chalice` command sets it while it loads the application. Lambda never has it."""

    @property
    def user_pool_id(self) -> str | None:
        """Return the user pool's id, for example us-east-1_AbCdEfGhI."""
        return self.user_pool_arn.rpartition("/")[2] if self.user_pool_arn else None

    def require_table_name(self) -> str:
        """Return the name of the table of profiles. Raises SettingsError if it is not set."""
        if self.table_name is None:
            raise SettingsError("DYNAMODB_TABLE is missing: the table of profiles is unknown")
        return self.table_name

    def require_user_pool_id(self) -> str:
        """Return the user pool's id. Raises SettingsError if it is not set."""
        if self.user_pool_id is None:
            raise SettingsError("USER_POOL_ARN is missing: the user pool is unknown")
        return self.user_pool_id

    def require_picture_bucket(self) -> str:
        """Return the bucket of pictures. Raises SettingsError if it is not set."""
        if self.picture_bucket is None:
            raise SettingsError("S3_BUCKET is missing: the bucket of pictures is unknown")
        return self.picture_bucket

    @property
    def has_files(self) -> bool:
        """Return True if users can store files, which needs the bucket and the table of records."""
        return self.picture_bucket is not None and self.records_table_name is not None

    def require_records_table_name(self) -> str:
        """Return the name of the table of records. Raises SettingsError if it is not set."""
        if self.records_table_name is None:
            raise SettingsError("RECORDS_TABLE is missing: the table of records is unknown")
        return self.records_table_name

    def require_check_file_function_name(self) -> str:
        """Return the name of the function that checks files. Raises SettingsError if it is not set."""
        if self.check_file_function_name is None:
            raise SettingsError("CHECK_FILE_FUNCTION is missing: files cannot be checked without it")
        return self.check_file_function_name

    def require_picture_function_name(self) -> str:
        """Return the name of the function that processes pictures. Raises SettingsError if it is not set."""
        if self.picture_function_name is None:
            raise SettingsError("PICTURE_FUNCTION is missing: pictures cannot be processed without it")
        return self.picture_function_name

    def require_erase_function_name(self) -> str:
        """Return the name of the function that erases accounts. Raises SettingsError if it is not set."""
        if self.erase_function_name is None:
            raise SettingsError("ERASE_FUNCTION is missing: accounts cannot be erased without it")
        return self.erase_function_name

    @cached_property
    def token_trust(self) -> TokenTrust:
        """Return the trusted user pool and clients.

        Raises SettingsError if either is not configured. The API then rejects all tokens.
        """
        if not self.user_pool_client_ids:
            raise SettingsError("USER_POOL_CLIENT_ID is missing: without it, tokens of every client would be accepted")
        return TokenTrust(self.require_user_pool_id(), self.user_pool_client_ids)

    @property
    def provider_arns(self) -> list[str]:
        """Return the user pools of the API's authorizer.

        Raises SettingsError if the chalice command needs them and they are not set. `chalice package` and
        `chalice deploy` write them into the API. `chalice local` verifies tokens against them.
        """
        if self.user_pool_arn is None and self.in_chalice_command:
            raise SettingsError("USER_POOL_ARN is missing: the API's authorizer needs its user pool")
        return [self.user_pool_arn] if self.user_pool_arn else []


def load_settings(environ: Mapping[str, str]) -> Settings:
    """Load settings from a mapping such as os.environ. An empty value counts as absent.

    Raises SettingsError with one line that names each missing or malformed variable, without its value.
    """
    try:
        return Settings.model_validate({name: value for name, value in environ.items() if value})
    except ValidationError as exc:
        problems = (f"{error['loc'][0]}: {error['msg']}" for error in exc.errors(include_input=False))
        raise SettingsError("environment: " + "; ".join(problems)) from exc


@cache
def get_settings() -> Settings:
    """Return the settings of this process, loaded at the first call."""
    return load_settings(os.environ)


def is_in_chalice_command() -> bool:
    """Return True if the `chalice` command has loaded the application. Lambda never does."""
    return "AWS_CHALICE_CLI_MODE" in os.environ


def is_in_lambda() -> bool:
    """Return True in a Lambda function. AWS sets the variable in each of them."""
    return "AWS_LAMBDA_FUNCTION_NAME" in os.environ
