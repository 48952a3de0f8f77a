"""What `chalice package` makes of the application."""

import json
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.deployment.conftest import POOL_ARN, chalice

FUNCTIONS = {
    "APIHandler": "app.app",
    "PreSignUp": "app.pre_sign_up",
    "PostConfirmation": "app.post_confirmation",
    "PostAuthentication": "app.post_authentication",
    "Reconcile": "app.reconcile",
}
TRIGGERS = [name for name in FUNCTIONS if name.startswith(("Pre", "Post"))]
MEBIBYTE = 1024 * 1024


@pytest.fixture(scope="module", params=["dev", "prod"])
def package(request: pytest.FixtureRequest, project: Callable[[], Path]) -> Path:
    tree = project()
    done = chalice(tree, "package", "--stage", request.param, "out", USER_POOL_ARN=POOL_ARN)
    assert done.returncode == 0, done.stderr
    return tree / "out"


@pytest.fixture(scope="module")
def resources(package: Path) -> dict[str, Any]:
    made: dict[str, Any] = json.loads((package / "sam.json").read_text())["Resources"]
    return made


@pytest.fixture(scope="module")
def archive(package: Path) -> zipfile.ZipFile:
    return zipfile.ZipFile(package / "deployment.zip")


def test_every_trigger_is_a_lambda_function_of_its_own(resources: dict[str, Any]) -> None:
    made = {name: it["Properties"] for name, it in resources.items() if it["Type"] == "AWS::Serverless::Function"}
    assert {name: function["Handler"] for name, function in made.items()} == FUNCTIONS
    assert {made[trigger]["Timeout"] for trigger in TRIGGERS} == {5}
    for function in made.values():
        assert function["MemorySize"] == 512
        assert function["Environment"]["Variables"]["DYNAMODB_TABLE"].startswith("Users")


def test_no_two_functions_share_a_role(resources: dict[str, Any]) -> None:
    roles = [
        json.dumps(it["Properties"]["Role"]) for it in resources.values() if it["Type"] == "AWS::Serverless::Function"
    ]
    assert len(set(roles)) == len(FUNCTIONS)


def test_a_role_may_do_only_what_its_function_does(resources: dict[str, Any]) -> None:
    allowed = {
        name: {
            action
            for policy in it["Properties"]["Policies"]
            for statement in policy["PolicyDocument"]["Statement"]
            for action in statement["Action"]
            if not action.startswith("logs:")
        }
        for name, it in resources.items()
        if it["Type"] == "AWS::IAM::Role"
    }
    assert sorted(" ".join(sorted(actions)) for actions in allowed.values()) == sorted(
        [
            "",
            "dynamodb:PutItem",
            "cognito-idp:AdminGetUser dynamodb:GetItem dynamodb:UpdateItem",
            "cognito-idp:AdminGetUser dynamodb:GetItem dynamodb:PutItem dynamodb:UpdateItem",
            "cognito-idp:AdminGetUser cognito-idp:ListUsers "
            "dynamodb:BatchGetItem dynamodb:DeleteItem dynamodb:GetItem dynamodb:PutItem dynamodb:Scan",
        ]
    )
    assert '"*"' not in json.dumps([it for it in resources.values() if it["Type"] == "AWS::IAM::Role"])


def test_every_route_of_the_api_is_behind_the_pool(resources: dict[str, Any]) -> None:
    (api,) = [it["Properties"] for it in resources.values() if it["Type"] == "AWS::Serverless::Api"]
    swagger = api["DefinitionBody"]
    (authorizer,) = swagger["securityDefinitions"].values()
    assert authorizer["x-amazon-apigateway-authorizer"] == {"type": "cognito_user_pools", "providerARNs": [POOL_ARN]}
    operations = {
        (method, path): operation
        for path, methods in swagger["paths"].items()
        for method, operation in methods.items()
        if method != "options"
    }
    assert set(operations) == {("get", "/users/{user_id}"), ("put", "/users/{user_id}")}
    assert all(operation["security"] == [{"users": []}] for operation in operations.values())


def test_the_archive_carries_the_application_and_what_the_runtime_lacks(archive: zipfile.ZipFile) -> None:
    tops = {name.partition("/")[0] for name in archive.namelist()}
    libraries = {name for name in tops if not name.endswith((".dist-info", ".data"))}
    assert libraries == {
        "app.py",
        "chalice",
        "chalicelib",
        "annotated_types",
        "aws_lambda_powertools",
        "jmespath",
        "pydantic",
        "pydantic_core",
        "typing_extensions.py",
        "typing_inspection",
    }


def test_the_archive_is_small(archive: zipfile.ZipFile, package: Path) -> None:
    assert (package / "deployment.zip").stat().st_size < 6 * MEBIBYTE
    assert sum(member.file_size for member in archive.infolist()) < 20 * MEBIBYTE


def test_without_its_pool_the_api_is_not_built(project: Callable[[], Path]) -> None:
    done = chalice(project(), "package", "--stage", "dev", "out", USER_POOL_ARN="")
    assert done.returncode != 0
    assert "USER_POOL_ARN is missing" in done.stderr + done.stdout
