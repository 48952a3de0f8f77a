"""Environments of child processes, and access keys."""

import os
from pathlib import Path

from local.config import AccessKey, LocalSettings

SHELL = {
    "PATH": "/usr/bin",
    "HOME": "/home/jane",
    "LC_ALL": "C.UTF-8",
    "PYTHONDONTWRITEBYTECODE": "1",
    "VIRTUAL_ENV": "/venv",
    "AWS_PROFILE": "production",
    "AWS_ACCESS_KEY_ID": "AKIAIOSFODNN7EXAMPLE",
    "AWS_SECRET_ACCESS_KEY": "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
    "AWS_SESSION_TOKEN": "session",
    "GITHUB_TOKEN": "ghp_token",
    "DATABASE_URL": "postgres://jane:password@db",
    "USER_POOL_ARN": "arn:aws:cognito-idp:us-east-1:123456789012:userpool/us-east-1_Deployed",
    "HTTP_PROXY": "http://proxy.example:3128",
    "TF_PLUGIN_CACHE_DIR": "/cache",
}


def create_settings(tmp_path: Path) -> LocalSettings:
    return LocalSettings(8000, 4566, tmp_path, SHELL)


def test_child_environment_inherits_only_listed_variables(tmp_path: Path) -> None:
    environment = create_settings(tmp_path).environment()
    inherited = {name for name in environment if environment[name] == SHELL.get(name)}
    assert inherited == {"PATH", "HOME", "LC_ALL", "PYTHONDONTWRITEBYTECODE", "VIRTUAL_ENV"}


def test_child_environment_points_at_the_embedded_aws_only(tmp_path: Path) -> None:
    settings = create_settings(tmp_path)
    environment = settings.environment()
    assert {name: value for name, value in environment.items() if name.startswith("AWS_")} == {
        "AWS_ACCESS_KEY_ID": settings.access_key.id,
        "AWS_SECRET_ACCESS_KEY": settings.access_key.secret,
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_REGION": "us-east-1",
        "AWS_ENDPOINT_URL": "http://127.0.0.1:4566",
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_PORT": "4566",
    }


def test_tool_environment_has_no_credentials_of_an_account(tmp_path: Path) -> None:
    settings = create_settings(tmp_path)
    environment = settings.tool_environment()
    assert environment["TF_PLUGIN_CACHE_DIR"] == "/cache"
    assert environment["AWS_ACCESS_KEY_ID"] == settings.access_key.id
    assert not {"AWS_PROFILE", "AWS_SESSION_TOKEN"} & environment.keys()


def test_access_keys_are_random_and_hidden_in_repr() -> None:
    first, second = AccessKey.generate(), AccessKey.generate()
    assert first.id != second.id
    assert first.secret != second.secret
    assert len(first.secret) == 40
    assert first.secret not in repr(first)
