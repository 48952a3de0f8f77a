import pytest

from chalicelib.errors import SettingsError
from chalicelib.settings import load

ARN = "arn:aws:cognito-idp:eu-west-1:123456789012:userpool/eu-west-1_Ab12"


def test_a_trigger_needs_only_its_table() -> None:
    settings = load({"DYNAMODB_TABLE": "Users"})
    assert settings.table == "Users"
    assert settings.bucket is None
    assert settings.provider_arns == []


def test_the_api_knows_its_pool_and_clients() -> None:
    settings = load({"DYNAMODB_TABLE": "Users", "USER_POOL_ARN": ARN, "USER_POOL_CLIENT_ID": "web, app"})
    assert settings.user_pool_id == "eu-west-1_Ab12"
    assert settings.provider_arns == [ARN]
    assert settings.client_ids == {"web", "app"}


@pytest.mark.parametrize("environ", [{}, {"DYNAMODB_TABLE": ""}, {"S3_BUCKET": "pictures"}])
def test_missing_table_is_reported_when_it_is_used(environ: dict[str, str]) -> None:
    with pytest.raises(SettingsError, match="DYNAMODB_TABLE is missing"):
        _ = load(environ).required_table


def test_every_wrong_variable_is_named_and_none_quoted() -> None:
    with pytest.raises(SettingsError) as caught:
        load({"DYNAMODB_TABLE": "U", "USER_POOL_ARN": "secret", "LOG_LEVEL": "LOUD"})
    text = str(caught.value)
    assert all(name in text for name in ("DYNAMODB_TABLE", "USER_POOL_ARN", "LOG_LEVEL"))
    assert "secret" not in text
    assert "\n" not in text


def test_the_chalice_command_refuses_to_build_an_api_without_its_pool() -> None:
    settings = load({"DYNAMODB_TABLE": "Users", "AWS_CHALICE_CLI_MODE": "true"})
    with pytest.raises(SettingsError, match="USER_POOL_ARN is missing"):
        _ = settings.provider_arns


@pytest.mark.parametrize("missing", ["USER_POOL_ARN", "USER_POOL_CLIENT_ID"])
def test_an_api_that_was_told_of_no_pool_or_client_trusts_nobody(missing: str) -> None:
    environ = {"DYNAMODB_TABLE": "Users", "USER_POOL_ARN": ARN, "USER_POOL_CLIENT_ID": "web", missing: ""}
    with pytest.raises(SettingsError, match=f"{missing} is missing"):
        _ = load(environ).trusted
