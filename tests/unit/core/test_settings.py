"""Settings from environment variables."""

import pytest

from chalicelib.core.errors import SettingsError
from chalicelib.core.settings import load_settings

ARN = "arn:aws:cognito-idp:eu-west-1:123456789012:userpool/eu-west-1_Ab12"


def test_trigger_needs_only_its_table() -> None:
    settings = load_settings({"DYNAMODB_TABLE": "Users"})
    assert settings.table_name == "Users"
    assert settings.picture_bucket is None
    assert settings.provider_arns == []


def test_api_has_a_user_pool_and_its_clients() -> None:
    settings = load_settings({"DYNAMODB_TABLE": "Users", "USER_POOL_ARN": ARN, "USER_POOL_CLIENT_ID": "web, app"})
    assert settings.user_pool_id == "eu-west-1_Ab12"
    assert settings.provider_arns == [ARN]
    assert settings.user_pool_client_ids == {"web", "app"}


def test_minimum_age_is_read_from_the_environment() -> None:
    assert load_settings({"MINIMUM_AGE": "16"}).minimum_age == 16
    assert load_settings({}).minimum_age == 0


@pytest.mark.parametrize("environ", [{}, {"DYNAMODB_TABLE": ""}, {"S3_BUCKET": "pictures"}])
def test_missing_table_is_reported_on_use(environ: dict[str, str]) -> None:
    with pytest.raises(SettingsError, match="DYNAMODB_TABLE is missing"):
        _ = load_settings(environ).require_table_name()


def test_bucket_without_its_function_is_reported_on_use() -> None:
    with pytest.raises(SettingsError, match="PICTURE_FUNCTION is missing"):
        _ = load_settings({"DYNAMODB_TABLE": "Users", "S3_BUCKET": "pictures"}).require_picture_function_name()


def test_invalid_variables_are_all_named_and_not_quoted() -> None:
    with pytest.raises(SettingsError) as caught:
        load_settings({"DYNAMODB_TABLE": "U", "USER_POOL_ARN": "secret", "LOG_LEVEL": "LOUD"})
    text = str(caught.value)
    assert all(name in text for name in ("DYNAMODB_TABLE", "USER_POOL_ARN", "LOG_LEVEL"))
    assert "secret" not in text
    assert "\n" not in text


def test_chalice_command_without_a_user_pool_is_rejected() -> None:
    settings = load_settings({"DYNAMODB_TABLE": "Users", "AWS_CHALICE_CLI_MODE": "true"})
    with pytest.raises(SettingsError, match="USER_POOL_ARN is missing"):
        _ = settings.provider_arns


@pytest.mark.parametrize("missing", ["USER_POOL_ARN", "USER_POOL_CLIENT_ID"])
def test_api_without_user_pool_or_client_trusts_no_token(missing: str) -> None:
    environ = {"DYNAMODB_TABLE": "Users", "USER_POOL_ARN": ARN, "USER_POOL_CLIENT_ID": "web", missing: ""}
    with pytest.raises(SettingsError, match=f"{missing} is missing"):
        _ = load_settings(environ).token_trust


def test_files_have_default_limits() -> None:
    settings = load_settings({})
    limits = (settings.files_per_user, settings.file_bytes_per_user, settings.file_uploads_per_day)
    assert limits == (200, 1024**3, 200)
    assert (settings.file_types, settings.malware_protection) == (frozenset(), "off")


def test_limits_of_files_are_read_from_the_environment() -> None:
    settings = load_settings(
        {
            "FILES_PER_USER": "10",
            "FILE_BYTES_PER_USER": "2048",
            "FILE_UPLOADS_PER_DAY": "5",
            "FILE_TYPES": "application/pdf, image/png",
            "MALWARE_PROTECTION": "on",
        }
    )
    limits = (settings.files_per_user, settings.file_bytes_per_user, settings.file_uploads_per_day)
    assert limits == (10, 2048, 5)
    assert settings.file_types == {"application/pdf", "image/png"}
    assert settings.malware_protection == "on"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("FILES_PER_USER", "0"),
        ("FILES_PER_USER", "1001"),
        ("FILE_BYTES_PER_USER", "0"),
        ("FILE_UPLOADS_PER_DAY", "none"),
        ("MALWARE_PROTECTION", "yes"),
        ("RECORDS_TABLE", "R"),
    ],
)
def test_invalid_variable_of_files_is_named(name: str, value: str) -> None:
    with pytest.raises(SettingsError, match=name):
        load_settings({name: value})


@pytest.mark.parametrize(
    ("environ", "has_files"),
    [
        ({}, False),
        ({"S3_BUCKET": "pictures"}, False),
        ({"RECORDS_TABLE": "UserRecords"}, False),
        ({"S3_BUCKET": "pictures", "RECORDS_TABLE": ""}, False),
        ({"S3_BUCKET": "pictures", "RECORDS_TABLE": "UserRecords"}, True),
    ],
)
def test_files_need_a_bucket_and_a_table(environ: dict[str, str], has_files: bool) -> None:
    assert load_settings(environ).has_files is has_files


def test_missing_table_of_records_is_reported_on_use() -> None:
    with pytest.raises(SettingsError, match="RECORDS_TABLE is missing"):
        load_settings({"S3_BUCKET": "pictures"}).require_records_table_name()


def test_missing_function_that_checks_files_is_reported_on_use() -> None:
    with pytest.raises(SettingsError, match="CHECK_FILE_FUNCTION is missing"):
        load_settings({"S3_BUCKET": "pictures"}).require_check_file_function_name()
