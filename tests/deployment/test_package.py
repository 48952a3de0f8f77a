"""What `chalice package` makes of the application."""

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
from tests.deployment.conftest import POOL_ARN, chalice, run_chalice

FUNCTIONS = {
    "APIHandler": "app.app",
    "PreSignUp": "app.pre_sign_up",
    "PostConfirmation": "app.post_confirmation",
    "PostAuthentication": "app.post_authentication",
    "Reconcile": "app.reconcile",
    "CheckPicture": "app.check_picture",
}
LAYER = "arn:aws:lambda:us-east-1:000000000000:layer:healthtech-dev-pictures:1"
TRIGGERS = [name for name in FUNCTIONS if name.startswith(("Pre", "Post"))]
MEBIBYTE = 1024 * 1024


def role(name: str) -> str:
    return f"arn:aws:iam::000000000000:role/healthtech-dev-{name}"


# As Terraform's output `chalice_stage` says it.
STAGE = {
    "api_gateway_stage": "dev",
    "environment_variables": {"DYNAMODB_TABLE": "Users-dev", "S3_BUCKET": "pictures-of-dev"},
    "lambda_functions": {
        "api_handler": {"iam_role_arn": role("api_handler"), "environment_variables": {"USER_POOL_ARN": POOL_ARN}},
        **{name: {"iam_role_arn": role(name)} for name in ("pre_sign_up", "post_confirmation", "post_authentication")},
        "reconcile": {"iam_role_arn": role("reconcile"), "environment_variables": {"USER_POOL_ARN": POOL_ARN}},
        "check_picture": {"iam_role_arn": role("check_picture"), "layers": [LAYER]},
    },
}


@pytest.fixture(scope="module")
def prepared(project: Callable[[], Path]) -> Callable[[], Path]:
    """A checkout with a stage that Terraform has made."""

    def prepare() -> Path:
        tree = project()
        file = tree / ".chalice" / "config.json"
        config = json.loads(file.read_text())
        file.write_text(json.dumps({**config, "stages": {"dev": STAGE}}))
        return tree

    return prepare


@pytest.fixture
def tree(prepared: Callable[[], Path]) -> Path:
    """A checkout without dependencies, which is packaged in a moment."""
    tree = prepared()
    (tree / "requirements.txt").write_text("")
    return tree


PACKAGE = ("package", "--stage", "dev", "out")


def packaged(tree: Path, umask: int = -1) -> Path:
    """Run `chalice package` and return the directory it fills."""
    done = run_chalice(tree, PACKAGE, {}, umask=umask)
    assert done.returncode == 0, done.stdout + done.stderr
    return tree / "out"


@pytest.fixture(scope="module")
def package(prepared: Callable[[], Path]) -> Path:
    return packaged(prepared())


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
    for name, function in made.items():
        assert function["MemorySize"] == (1769 if name == "CheckPicture" else 512)
        assert function.get("Layers", []) == ([LAYER] if name == "CheckPicture" else [])
        assert function["Environment"]["Variables"]["DYNAMODB_TABLE"].startswith("Users")


def test_every_function_has_a_role_of_its_own_that_terraform_has_made(resources: dict[str, Any]) -> None:
    roles = {it["Properties"]["Role"] for it in resources.values() if it["Type"] == "AWS::Serverless::Function"}
    assert roles == {section["iam_role_arn"] for section in STAGE["lambda_functions"].values()}  # type: ignore[attr-defined]
    assert not [it for it in resources.values() if it["Type"] == "AWS::IAM::Role"]


def test_every_route_of_the_api_is_behind_the_pool(resources: dict[str, Any]) -> None:
    (api,) = [it["Properties"] for it in resources.values() if it["Type"] == "AWS::Serverless::Api"]
    swagger = api["DefinitionBody"]
    (authorizer,) = swagger["securityDefinitions"].values()
    assert authorizer["x-amazon-apigateway-authorizer"] == {"type": "cognito_user_pools", "providerARNs": [POOL_ARN]}
    operations = {
        (method, path): operation for path, methods in swagger["paths"].items() for method, operation in methods.items()
    }
    guarded = {key for key, operation in operations.items() if operation.get("security") == [{"users": []}]}
    routes = {(method.lower(), path) for path, its in app.routes.items() for method in its}
    assert guarded == {(method, path) for method, path in routes if path != "/problems"}
    assert {key for key in operations if key[0] != "x-amazon-apigateway-any-method"} == routes


def test_every_parameter_of_a_path_is_declared(resources: dict[str, Any]) -> None:
    (api,) = [it["Properties"] for it in resources.values() if it["Type"] == "AWS::Serverless::Api"]
    for path, methods in api["DefinitionBody"]["paths"].items():
        for operation in methods.values():
            named = [it["name"] for it in operation.get("parameters", [])]
            assert named == re.findall(r"{(\w+)\+?}", path)


def test_the_gateway_answers_by_itself_in_the_shape_of_the_application(resources: dict[str, Any]) -> None:
    (api,) = [it["Properties"] for it in resources.values() if it["Type"] == "AWS::Serverless::Api"]
    responses = api["DefinitionBody"]["x-amazon-apigateway-gateway-responses"]
    assert {"UNAUTHORIZED", "ACCESS_DENIED", "REQUEST_TOO_LARGE", "THROTTLED", "DEFAULT_4XX", "DEFAULT_5XX"} <= set(
        responses
    )
    for response in responses.values():
        problem = json.loads(response["responseTemplates"]["application/json"])
        assert problem["status"] == int(response["statusCode"])
        assert problem["request_id"] == "$context.requestId"
        assert response["responseParameters"]["gatewayresponse.header.Content-Type"] == "'application/problem+json'"


def test_the_archive_carries_the_application_and_what_the_runtime_lacks(archive: zipfile.ZipFile) -> None:
    tops = {name.partition("/")[0] for name in archive.namelist()}
    libraries = {name for name in tops if not name.endswith((".dist-info", ".data"))}
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


def assert_compiled(archive: zipfile.ZipFile) -> None:
    """Each module has its bytecode, and nothing else has any."""
    names = archive.namelist()
    compiled = [importlib.util.source_from_cache(name) for name in names if name.endswith(".pyc")]
    assert sorted(compiled) == sorted(name for name in names if name.endswith(".py"))
    assert archive.testzip() is None


def test_every_module_is_compiled_for_the_python_that_will_run_it(archive: zipfile.ZipFile) -> None:
    assert_compiled(archive)
    for name in ("__pycache__/app", "chalicelib/__pycache__/http", "pydantic/__pycache__/main"):
        bytecode = archive.read(f"{name}.{sys.implementation.cache_tag}.pyc")
        assert bytecode[:4] == importlib.util.MAGIC_NUMBER
        assert int.from_bytes(bytecode[4:8], "little") == 1, "by hash, and unchecked: PEP 552"


@pytest.mark.slow
def test_pycache_of_the_checkout_does_not_change_the_package(tree: Path) -> None:
    before = packaged(tree) / "deployment.zip"
    content = before.read_bytes()
    cache = tree / "chalicelib" / "__pycache__"
    assert list(cache.iterdir()), "Python has written none: this test proves nothing"
    (cache / "removed.cpython-311.pyc").write_bytes(b"of a module that is gone")
    done = chalice(tree, *PACKAGE)
    assert "Reusing existing deployment package." in done.stdout
    assert before.read_bytes() == content
    assert not [name for name in zipfile.ZipFile(before).namelist() if "removed" in name]


@pytest.mark.slow
def test_files_of_the_package_are_readable_under_any_umask(tree: Path) -> None:
    for file in (tree / "chalicelib").glob("*.py"):
        file.chmod(0o600)
    archive = zipfile.ZipFile(packaged(tree, umask=0o077) / "deployment.zip")
    assert {member.external_attr >> 16 for member in archive.infolist()} == {0o100644}


# Kills the command where it calls one of these for the nth time.
KILLED = """
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
def test_interrupted_packaging_is_repaired_by_the_next_run(
    prepared: Callable[[], Path], tree: Path, signal: str, owner: str, name: str, calls: int
) -> None:
    tree = prepared() if name == "Popen" else tree
    program = KILLED.format(signal=signal, owner=owner, name=name, calls=calls)
    done = run_chalice(tree, PACKAGE, {}, program=program)
    assert done.returncode != 0, f"{owner}.{name} is not called {calls} times"
    left = list((tree / ".chalice" / "deployments").glob("*"))
    assert bool(left) == (signal == "SIGKILL" and name == "replace")
    assert_compiled(zipfile.ZipFile(packaged(tree) / "deployment.zip"))


@pytest.mark.slow
def test_half_an_archive_of_chalice_is_not_reused(tree: Path) -> None:
    complete = packaged(tree) / "deployment.zip"
    (archive,) = (tree / ".chalice" / "deployments").iterdir()
    archive.unlink()
    chalices, _, _ = archive.name.partition(f"python3.{sys.version_info.minor}")
    half = archive.with_name(f"{chalices}python3.{sys.version_info.minor}.zip")
    half.write_bytes(complete.read_bytes()[:100_000])
    assert_compiled(zipfile.ZipFile(packaged(tree) / "deployment.zip"))


def test_wrong_hash_stops_the_packaging_with_a_readable_line(prepared: Callable[[], Path]) -> None:
    tree = prepared()
    file = tree / "requirements.txt"
    file.write_text(
        re.sub(r"(?s)(annotated-types==\S+) .*?\n(?=\w)", rf"\1 --hash=sha256:{64 * '0'}\n", file.read_text())
    )
    done = chalice(tree, *PACKAGE)
    assert done.returncode != 0
    assert "Error: annotated-types==0.8.0: the download does not match the hash in requirements.txt." in done.stderr
    assert "Traceback" not in done.stderr
    assert not (tree / "out").exists()


def test_package_without_a_hash_stops_the_packaging(tree: Path) -> None:
    (tree / "requirements.txt").write_text("annotated-types==0.8.0\n")
    done = chalice(tree, *PACKAGE)
    assert done.returncode != 0
    assert "Error: pip could not install requirements.txt: ERROR: Hashes are required" in done.stderr


@pytest.mark.slow
def test_image_layer_is_compiled_and_readable() -> None:
    archive = zipfile.ZipFile(io.BytesIO(pillow_layer.build_layer()))
    assert_compiled(archive)
    assert {member.external_attr >> 16 for member in archive.infolist()} == {0o100644}
    assert "python/PIL/Image.py" in archive.namelist()


def test_the_archive_holds_no_secret(archive: zipfile.ZipFile) -> None:
    ours = [name for name in archive.namelist() if name == "app.py" or name.startswith("chalicelib/")]
    assert all(name.endswith((".py", ".pyc")) for name in ours)
    text = "".join(archive.read(name).decode("utf-8", "replace") for name in ours)
    assert not re.search(r"AKIA|PRIVATE KEY|\b[0-9]{12}\b", text)


def test_the_archive_is_small(archive: zipfile.ZipFile, package: Path) -> None:
    assert (package / "deployment.zip").stat().st_size < 6 * MEBIBYTE
    assert sum(member.file_size for member in archive.infolist()) < 20 * MEBIBYTE


def test_the_largest_members_of_the_archive_are_those_we_know(archive: zipfile.ZipFile) -> None:
    largest = sorted(archive.infolist(), key=lambda member: -member.file_size)[:10]
    told = [f"{member.file_size // 1024:>6} KiB  {member.filename}" for member in largest]
    known = ("chalice/", "pydantic", "typing_extensions.py", "__pycache__/typing_extensions.")
    strangers = [line for line, member in zip(told, largest, strict=True) if not member.filename.startswith(known)]
    assert not strangers, "\n".join(told)
