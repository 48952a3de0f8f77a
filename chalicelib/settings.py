"""The environment, read once: the only room that knows os.environ. Imports nothing of ours but errors.

Lambda sets these per function; `.chalice/config.json` holds them per stage.
"""

import os
from collections.abc import Mapping
from functools import cache, cached_property
from typing import Annotated, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from chalicelib.errors import PicturesDisabled, SettingsError


def _words(value: object) -> object:
    return [word.strip() for word in value.split(",")] if isinstance(value, str) else value


class Settings(BaseModel):
    """What the application is told by its environment. Field aliases are the variables' names."""

    model_config = ConfigDict(defer_build=True, frozen=True, extra="ignore", hide_input_in_errors=True)

    table: str | None = Field(None, alias="DYNAMODB_TABLE", min_length=3, max_length=255)
    bucket: str | None = Field(None, alias="S3_BUCKET")
    picture_function: str | None = Field(None, alias="PICTURE_FUNCTION", max_length=140)
    # Uploads of one user that are processed on one day (UTC).
    picture_uploads_per_day: int = Field(50, alias="PICTURE_UPLOADS_PER_DAY", ge=1)
    # Only the API handler has the pool's ARN: in a trigger's environment it would make a cycle
    # (trigger -> pool -> trigger), and a trigger finds its pool in the event.
    user_pool_arn: str | None = Field(
        None,
        alias="USER_POOL_ARN",
        pattern=r"^arn:[a-z-]+:cognito-idp:[a-z0-9-]+:[0-9]{12}:userpool/[\w-]+$",
    )
    client_ids: Annotated[frozenset[str], BeforeValidator(_words)] = Field(frozenset(), alias="USER_POOL_CLIENT_ID")
    # Origins of pages that may call, or * for any; none by default.
    cors_allow_origins: Annotated[frozenset[str], BeforeValidator(_words)] = Field(
        frozenset(), alias="CORS_ALLOW_ORIGINS"
    )
    # The page about problem types: where `type` of every problem points. The API serves it at /problems.
    problems_url: str = Field("/problems", alias="PROBLEMS_URL")
    # Years a person must have lived to sign up; 0 is no minimum.
    minimum_age: int = Field(0, alias="MINIMUM_AGE", ge=0, le=130)
    # The name under which this stage's metrics are kept.
    service: str = Field("healthtech", alias="SERVICE_NAME")
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = Field("INFO", alias="LOG_LEVEL")
    # Whether DynamoDB's client does less for each call than botocore's own: botocore_tuning.py.
    botocore_tuning: Literal["on", "off"] = Field("on", alias="BOTOCORE_TUNING")
    # By default Cognito allows an account 120 look-ups a second. The code of a sign-up is valid for 24 hours.
    lookups_per_second: float = Field(50, alias="RECONCILE_LOOKUPS_PER_SECOND", ge=1)
    unconfirmed_hours: int = Field(24, alias="UNCONFIRMED_ACCOUNT_HOURS", ge=24)
    # Chalice's own mark for "loaded by the chalice command"; never set in Lambda.
    in_chalice_command: bool = Field(False, alias="AWS_CHALICE_CLI_MODE")

    @property
    def required_table(self) -> str:
        """The table's name. Raises SettingsError if it is missing.

        Nothing is read at import: a trigger whose environment is incomplete still lets its user in.
        """
        if self.table is None:
            raise SettingsError("DYNAMODB_TABLE is missing: there is no table for profiles")
        return self.table

    @property
    def user_pool_id(self) -> str | None:
        """The pool's id, e.g. us-east-1_AbCdEfGhI."""
        return self.user_pool_arn.rpartition("/")[2] if self.user_pool_arn else None

    @property
    def required_user_pool_id(self) -> str:
        """The same, where it is needed. Raises SettingsError."""
        if self.user_pool_id is None:
            raise SettingsError("USER_POOL_ARN is missing: without it there is no telling whose users these are")
        return self.user_pool_id

    @property
    def required_bucket(self) -> str:
        """The bucket. Raises PicturesDisabled where there is none."""
        if self.bucket is None:
            raise PicturesDisabled
        return self.bucket

    @property
    def required_picture_function(self) -> str:
        """The function that checks pictures, where there is a bucket for them. Raises SettingsError."""
        if self.picture_function is None:
            raise SettingsError("PICTURE_FUNCTION is missing: without it no picture can be checked")
        return self.picture_function

    @cached_property
    def trusted(self) -> tuple[str, frozenset[str]]:
        """The pool and the clients whose tokens are good. Raises SettingsError: who is not told trusts nobody."""
        if not self.client_ids:
            raise SettingsError("USER_POOL_CLIENT_ID is missing: without it any client's tokens would be good")
        return self.required_user_pool_id, self.client_ids

    @property
    def provider_arns(self) -> list[str]:
        """The authorizer's user pools.

        Raises SettingsError where they are needed and not known: the chalice command writes them
        into the API (`package`, `deploy`) or checks tokens against them (`local`).
        """
        if self.user_pool_arn is None and self.in_chalice_command:
            raise SettingsError("USER_POOL_ARN is missing: the API's authorizer needs its user pool")
        return [self.user_pool_arn] if self.user_pool_arn else []


def load(environ: Mapping[str, str]) -> Settings:
    """Settings from a mapping like os.environ; an empty value counts as absent.

    Raises SettingsError, one line that names each variable that is missing or wrong, never its value.
    """
    try:
        return Settings.model_validate({name: value for name, value in environ.items() if value})
    except ValidationError as exc:
        problems = (f"{error['loc'][0]}: {error['msg']}" for error in exc.errors(include_input=False))
        raise SettingsError("environment: " + "; ".join(problems)) from exc


@cache
def settings() -> Settings:
    """The process's settings, read at first use."""
    return load(os.environ)


def in_chalice_command() -> bool:
    """Return whether the `chalice` command has loaded the application. Lambda never does so."""
    return "AWS_CHALICE_CLI_MODE" in os.environ


def in_lambda() -> bool:
    """Return whether this is a Lambda function. AWS sets the variable in each of them."""
    return "AWS_LAMBDA_FUNCTION_NAME" in os.environ
