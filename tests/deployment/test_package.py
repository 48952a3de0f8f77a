"""The deployment package and the template that `chalice package` writes."""

import importlib.util
import io
import json
import re
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from app import app
from infra.deploy import pillow_layer
from tests.support.chalice_command import POOL_ARN, run_chalice
from tests.support.data import MEBIBYTE

FUNCTIONS = {
    "APIHandler": "app.app",
    "PreSignUp": "chalicelib.accounts.triggers.pre_sign_up",
    "PostConfirmation": "chalicelib.accounts.triggers.post_confirmation",
    "PostAuthentication": "chalicelib.accounts.triggers.post_authentication",
    "Reconcile": "chalicelib.reconciliation.jobs.reconcile",
    "EraseUser": "chalicelib.privacy.functions.erase_user",
    "CheckFile": "chalicelib.files.functions.check_file",
    "CheckPicture": "chalicelib.pictures.functions.check_picture",
}
TIMEOUTS = {"APIHandler": 28, "Reconcile": 300, "EraseUser": 60, "CheckFile": 60, "CheckPicture": 7}
LAYER_ARN = "arn:aws:lambda:us-east-1:000000000000:layer:healthtech-dev-pictures:1"
TRIGGERS = [name for name in FUNCTIONS if name.startswith(("Pre", "Post"))]


def role_arn(name: str) -> str:
    return f"arn:aws:iam::000000000000:role/healthtech-dev-{name}"


# The value of Terraform's output `chalice_stage`.
STAGE = {
    "api_gateway_stage": "dev",
    "environment_variables": {
        "DYNAMODB_TABLE": "Users-dev",
        "RECORDS_TABLE": "UserRecords-dev",
        "S3_BUCKET": "pictures-of-dev",
    },
    "lambda_functions": {
        "api_handler": {"iam_role_arn": role_arn("api_handler"), "environment_variables": {"USER_POOL_ARN": POOL_ARN}},
        **{
            name: {"iam_role_arn": role_arn(name)}
            for name in ("pre_sign_up", "post_confirmation", "post_authentication")
        },
        "reconcile": {"iam_role_arn": role_arn("reconcile"), "environment_variables": {"USER_POOL_ARN": POOL_ARN}},
        "erase_user": {"iam_role_arn": role_arn("erase_user"), "environment_variables": {"USER_POOL_ARN": POOL_ARN}},
        "check_file": {"iam_role_arn": role_arn("check_file")},
        "check_picture": {"iam_role_arn": role_arn("check_picture"), "layers": [LAYER_ARN]},
    },
}


@pytest.fixture(scope="module")
def prepared(project: Callable[[], Path]) -> Callable[[], Path]:
    """Copy the project with a stage that Terraform has created."""

    def prepare_project() -> Path:
        tree = project()
        file = tree / ".chalice" / "config.json"
        document = json.loads(file.read_text())
        file.write_text(json.dumps({**document, "stages": {"dev": STAGE}}))
        return tree

    return prepare_project


@pytest.fixture
def tree(prepared: Callable[[], Path]) -> Path:
    """Return a project without dependencies, which is packaged quickly."""
    tree = prepared()
    (tree / "requirements.txt").write_text("")
    return tree


PACKAGE = ("package", "--stage", "dev", "out")


def run_package(tree: Path, umask: int = -1) -> Path:
    """Run `chalice package` and return its output directory."""
    done = run_chalice(tree, PACKAGE, umask=umask)
    assert done.returncode == 0, done.stdout + done.stderr
    return tree / "out"


@pytest.fixture(scope="module")
def package(prepared: Callable[[], Path]) -> Path:
    return run_package(prepared())


@pytest.fixture(scope="module")
def resources(package: Path) -> dict[str, Any]:
    template: dict[str, Any] = json.loads((package / "sam.json").read_text())
    return dict(template["Resources"])


@pytest.fixture(scope="module")
def archive(package: Path) -> zipfile.ZipFile:
    return zipfile.ZipFile(package / "deployment.zip")


def get_functions(resources: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Return the properties of the Lambda functions by name."""
    return {
        name: resource["Properties"]
        for name, resource in resources.items()
        if resource["Type"] == "AWS::Serverless::Function"
    }


def get_api_document(resources: dict[str, Any]) -> dict[str, Any]:
    """Return the Swagger document of the API."""
    (api,) = [resource for resource in resources.values() if resource["Type"] == "AWS::Serverless::Api"]
    return dict(api["Properties"]["DefinitionBody"])


def test_every_trigger_is_its_own_lambda_function(resources: dict[str, Any]) -> None:
    functions = get_functions(resources)
    assert {name: function["Handler"] for name, function in functions.items()} == FUNCTIONS
    timeouts = {**dict.fromkeys(TRIGGERS, 5), **TIMEOUTS}
    assert {name: function["Timeout"] for name, function in functions.items()} == timeouts
    for name, function in functions.items():
        assert function["MemorySize"] == (1769 if name.startswith("Check") else 512)
        assert function.get("Layers", []) == ([LAYER_ARN] if name == "CheckPicture" else [])
        assert function["Environment"]["Variables"]["DYNAMODB_TABLE"].startswith("Users")


def test_every_function_has_its_own_role_of_terraform(resources: dict[str, Any]) -> None:
    roles = {function["Role"] for function in get_functions(resources).values()}
    assert roles == {function_config["iam_role_arn"] for function_config in STAGE["lambda_functions"].values()}  # type: ignore[attr-defined]
    assert not [resource for resource in resources.values() if resource["Type"] == "AWS::IAM::Role"]


def test_every_route_requires_the_authorizer(resources: dict[str, Any]) -> None:
    swagger = get_api_document(resources)
    (authorizer,) = swagger["securityDefinitions"].values()
    assert authorizer["x-amazon-apigateway-authorizer"] == {"type": "cognito_user_pools", "providerARNs": [POOL_ARN]}
    operations = {
        (method, path): operation for path, methods in swagger["paths"].items() for method, operation in methods.items()
    }
    authenticated = {key for key, operation in operations.items() if operation.get("security") == [{"users": []}]}
    routes = {(method.lower(), path) for path, methods in app.routes.items() for method in methods}
    assert authenticated == {(method, path) for method, path in routes if path != "/problems"}
    assert {key for key in operations if key[0] != "x-amazon-apigateway-any-method"} == routes


def test_every_path_parameter_is_declared(resources: dict[str, Any]) -> None:
    for path, methods in get_api_document(resources)["paths"].items():
        for operation in methods.values():
            names = [parameter["name"] for parameter in operation.get("parameters", [])]
            assert names == re.findall(r"{(\w+)\+?}", path)


def test_gateway_responses_are_problem_details(resources: dict[str, Any]) -> None:
    responses = get_api_document(resources)["x-amazon-apigateway-gateway-responses"]
    assert {"UNAUTHORIZED", "ACCESS_DENIED", "REQUEST_TOO_LARGE", "THROTTLED", "DEFAULT_4XX", "DEFAULT_5XX"} <= set(
        responses
    )
    for response in responses.values():
        problem = json.loads(response["responseTemplates"]["application/json"])
        assert problem["status"] == int(response["statusCode"])
        assert problem["request_id"] == "$context.requestId"
        assert response["responseParameters"]["gatewayresponse.header.Content-Type"] == "'application/problem+json'"


def test_archive_has_the_application_and_its_dependencies(archive: zipfile.ZipFile) -> None:
    top_level_names = {name.partition("/")[0] for name in archive.namelist()}
    libraries = {name for name in top_level_names if not name.endswith((".dist-info", ".data"))}
    assert libraries == {
        "app.py",
        "chalice",
        "chalicelib",
        "annotated_types",
        "pydantic",
        "pydantic_core",
        "typing_extensions.py",
        "typing_inspection",
        "__pycache__",
    }


def test_archive_has_nothing_of_the_local_stack(archive: zipfile.ZipFile) -> None:
    words = ("console", "faker", "fault", "local/", "swagger")
    names = [name for name in archive.namelist() if not name.startswith("chalice/")]
    assert [name for name in names if any(word in name.lower() for word in words)] == []


def assert_compiled(archive: zipfile.ZipFile) -> None:
    """Check that each module has bytecode and that no other bytecode exists."""
    names = archive.namelist()
    compiled = [importlib.util.source_from_cache(name) for name in names if name.endswith(".pyc")]
    assert sorted(compiled) == sorted(name for name in names if name.endswith(".py"))
    assert archive.testzip() is None


def test_every_module_is_compiled_for_the_runtime(archive: zipfile.ZipFile) -> None:
    assert_compiled(archive)
    for name in ("__pycache__/app", "chalicelib/api/__pycache__/middleware", "pydantic/__pycache__/main"):
        bytecode = archive.read(f"{name}.{sys.implementation.cache_tag}.pyc")
        assert bytecode[:4] == importlib.util.MAGIC_NUMBER
        assert int.from_bytes(bytecode[4:8], "little") == 1, "unchecked hash (PEP 552)"


@pytest.mark.slow
def test_pycache_of_the_checkout_does_not_change_the_package(tree: Path) -> None:
    deployment_zip = run_package(tree) / "deployment.zip"
    content = deployment_zip.read_bytes()
    cache = tree / "chalicelib" / "__pycache__"
    assert list(cache.iterdir()), "Python has written no bytecode, so the test proves nothing"
    (cache / "removed.cpython-311.pyc").write_bytes(b"of a deleted module")
    done = run_chalice(tree, PACKAGE)
    assert "Reusing existing deployment package." in done.stdout
    assert deployment_zip.read_bytes() == content
    assert not [name for name in zipfile.ZipFile(deployment_zip).namelist() if "removed" in name]


@pytest.mark.slow
def test_archive_is_readable_with_any_umask(tree: Path) -> None:
    for file in (tree / "chalicelib").rglob("*.py"):
        file.chmod(0o600)
    archive = zipfile.ZipFile(run_package(tree, umask=0o077) / "deployment.zip")
    assert {member.external_attr >> 16 for member in archive.infolist()} == {0o100644}


# Kills the command at the nth call of a function.
KILLED_CHALICE = """
import os, signal, subprocess, sys, zipfile, pathlib, py_compile
from chalice.cli import main

def kill_at(owner, name, calls):
    call = getattr(owner, name)
    def counted(*arguments, **options):
        nonlocal calls
        calls -= 1
        if calls == 0:
            os.kill(os.getpid(), signal.{signal})
        return call(*arguments, **options)
    setattr(owner, name, counted)

kill_at({owner}, "{name}", {calls})
sys.exit(main())
"""
KILLS = [
    ("SIGKILL", "subprocess", "Popen", 1),  # pip
    ("SIGKILL", "py_compile", "compile", 9),
    ("SIGKILL", "zipfile.ZipFile", "writestr", 9),
    ("SIGKILL", "pathlib.Path", "replace", 1),
    ("SIGINT", "pathlib.Path", "replace", 1),
]


@pytest.mark.slow
@pytest.mark.parametrize(("signal", "owner", "name", "calls"), KILLS)
def test_interrupted_packaging_is_completed_by_the_next_run(
    prepared: Callable[[], Path], tree: Path, signal: str, owner: str, name: str, calls: int
) -> None:
    tree = prepared() if name == "Popen" else tree
    program = KILLED_CHALICE.format(signal=signal, owner=owner, name=name, calls=calls)
    done = run_chalice(tree, PACKAGE, program=program)
    assert done.returncode != 0, f"{owner}.{name} is not called {calls} times"
    leftovers = list((tree / ".chalice" / "deployments").glob("*"))
    assert bool(leftovers) == (signal == "SIGKILL" and name == "replace")
    assert_compiled(zipfile.ZipFile(run_package(tree) / "deployment.zip"))


@pytest.mark.slow
def test_truncated_archive_is_not_reused(tree: Path) -> None:
    complete = run_package(tree) / "deployment.zip"
    (archive,) = (tree / ".chalice" / "deployments").iterdir()
    archive.unlink()
    prefix, _, _ = archive.name.partition(f"python3.{sys.version_info.minor}")
    truncated = archive.with_name(f"{prefix}python3.{sys.version_info.minor}.zip")
    truncated.write_bytes(complete.read_bytes()[:100_000])
    assert_compiled(zipfile.ZipFile(run_package(tree) / "deployment.zip"))


def test_wrong_hash_stops_packaging_in_one_line(prepared: Callable[[], Path]) -> None:
    tree = prepared()
    file = tree / "requirements.txt"
    file.write_text(
        re.sub(r"(?s)(annotated-types==\S+) .*?\n(?=\w)", rf"\1 --hash=sha256:{64 * '0'}\n", file.read_text())
    )
    done = run_chalice(tree, PACKAGE)
    assert done.returncode != 0
    assert "Error: annotated-types==0.8.0: the download does not match the hash in requirements.txt." in done.stderr
    assert "Traceback" not in done.stderr
    assert not (tree / "out").exists()


def test_requirement_without_a_hash_stops_packaging(tree: Path) -> None:
    (tree / "requirements.txt").write_text("annotated-types==0.8.0\n")
    done = run_chalice(tree, PACKAGE)
    assert done.returncode != 0
    assert "Error: pip could not install requirements.txt: ERROR: Hashes are required" in done.stderr


@pytest.mark.slow
def test_image_layer_is_compiled_and_readable() -> None:
    archive = zipfile.ZipFile(io.BytesIO(pillow_layer.build_layer()))
    assert_compiled(archive)
    assert {member.external_attr >> 16 for member in archive.infolist()} == {0o100644}
    assert "python/PIL/Image.py" in archive.namelist()


def test_archive_has_no_secrets(archive: zipfile.ZipFile) -> None:
    application_files = [name for name in archive.namelist() if name == "app.py" or name.startswith("chalicelib/")]
    assert all(name.endswith((".py", ".pyc")) for name in application_files)
    text = "".join(archive.read(name).decode("utf-8", "replace") for name in application_files)
    assert not re.search(r"AKIA|PRIVATE KEY|\b[0-9]{12}\b", text)


def test_archive_is_small(archive: zipfile.ZipFile, package: Path) -> None:
    assert (package / "deployment.zip").stat().st_size < 6 * MEBIBYTE
    assert sum(member.file_size for member in archive.infolist()) < 20 * MEBIBYTE


def test_largest_files_of_the_archive_are_known(archive: zipfile.ZipFile) -> None:
    largest = sorted(archive.infolist(), key=lambda member: -member.file_size)[:10]
    lines = [f"{member.file_size // 1024:>6} KiB  {member.filename}" for member in largest]
    known = ("chalice/", "pydantic", "typing_extensions.py", "__pycache__/typing_extensions.")
    unknown = [line for line, member in zip(lines, largest, strict=True) if not member.filename.startswith(known)]
    assert not unknown, "\n".join(lines)
