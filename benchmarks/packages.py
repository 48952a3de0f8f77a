"""Builds the deployment package of each candidate in a directory of its own, as Lambda unpacks it.

The path of a candidate is its package and then `runtime`, which has boto3 as Lambda's runtime does. The package of this
project comes from `chalice package`. The packages of the others are compiled, as pip leaves them.
"""

import json
import os
import shutil
import subprocess
import sys
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from benchmarks.events import CLIENT_ID, EVENTS, ITEM, POOL_ID
from benchmarks.handlers import HANDLERS, TRIGGER_NAMES
from local.config import ROOT
from tools.chalice_program import CHALICE_PROGRAM

BENCHMARKS_DIR: Final = Path(__file__).parent
BUILD_DIR: Final = ROOT / ".bench"
THIS_PROJECT: Final = "this_project"
ENVIRONMENT: Final = {
    "AWS_ACCESS_KEY_ID": "AKIABENCHMARK",
    "AWS_SECRET_ACCESS_KEY": "secret",
    "AWS_SESSION_TOKEN": "token",
    "AWS_DEFAULT_REGION": "us-east-1",
    "AWS_REGION": "us-east-1",
    "AWS_EC2_METADATA_DISABLED": "true",
    "AWS_LAMBDA_FUNCTION_NAME": "healthtech-prod",
    "DYNAMODB_TABLE": "Users",
    "CORS_ALLOW_ORIGINS": "https://app.example.com",
    "LOG_LEVEL": "INFO",
    "PATH": "/usr/bin:/bin",
    "PICTURE_FUNCTION": "healthtech-prod-check_picture",
    "RECORDS_TABLE": "UserRecords",
    "SERVICE_NAME": "healthtech-prod",
    "PROBLEMS_URL": "https://api.example.com/problems",
    "S3_BUCKET": "healthtech-profile-pics",
    "USER_POOL_ARN": f"arn:aws:cognito-idp:us-east-1:000000000000:userpool/{POOL_ID}",
    "USER_POOL_CLIENT_ID": CLIENT_ID,
}


@dataclass(frozen=True)
class Candidate:
    """A measured handler: the directory of its package, its title in reports and its dotted path."""

    name: str
    title: str
    handler: str

    @property
    def path(self) -> list[str]:
        return [str(BUILD_DIR / self.name), str(BUILD_DIR / "runtime")]


CANDIDATES: Final = (
    Candidate("boto3_client", "boto3 client (reference)", "boto3_client.handler"),
    Candidate("boto3_resource", "boto3 resource", "boto3_resource.handler"),
    Candidate("powertools", "Powertools resolver + pydantic", "powertools.handler"),
    Candidate("flask_wsgi", "Flask + apig-wsgi", "flask_wsgi.handler"),
    Candidate("fastapi_mangum", "FastAPI + Mangum", "fastapi_mangum.handler"),
    Candidate(THIS_PROJECT, "this project, all features on", HANDLERS["api"]),
)
REFERENCE: Final = CANDIDATES[0]
TRIGGERS: Final = tuple(Candidate(THIS_PROJECT, name, HANDLERS[name]) for name in TRIGGER_NAMES)
# Modules that several baselines import.
_SHARED_MODULES: Final = ("models", "dynamodb_store")


def build_packages() -> None:
    """Build all packages and events.json. pip takes packages from its cache where it can."""
    shutil.rmtree(BUILD_DIR, ignore_errors=True)
    for name in ("runtime", "tools"):
        _install_requirements(name, BUILD_DIR / name)
    for candidate in CANDIDATES:
        directory = BUILD_DIR / candidate.name
        if candidate.name == THIS_PROJECT:
            _build_this_project(directory)
            continue
        _install_requirements(candidate.name, directory)
        for source in (BENCHMARKS_DIR / "baselines").glob("*.py"):
            if source.stem in (candidate.name, *_SHARED_MODULES):
                shutil.copy(source, directory)
        subprocess.run([sys.executable, "-m", "compileall", "-q", directory], check=True)
    (BUILD_DIR / "events.json").write_text(json.dumps({"item": ITEM, "events": EVENTS}))


def _install_requirements(name: str, directory: Path) -> None:
    directory.mkdir(parents=True)
    requirements = BENCHMARKS_DIR / "requirements" / f"{name}.txt"
    command = [sys.executable, "-m", "pip", "install", "-q", "--disable-pip-version-check", "--compile"]
    subprocess.run([*command, "--target", directory, "-r", requirements], check=True, capture_output=True)


def _build_this_project(directory: Path) -> None:
    """Run `chalice package` on a copy of the sources and unpack the archive that `make deploy` would upload."""
    output = BUILD_DIR / "package"
    tree = BUILD_DIR / "tree"
    shutil.copytree(ROOT / "chalicelib", tree / "chalicelib", ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("infra", "local", "tools"):
        shutil.copytree(ROOT / name, tree / name, ignore=shutil.ignore_patterns("__pycache__", ".terraform*", "*.tf*"))
    for name in ("app.py", "requirements.txt"):
        shutil.copy(ROOT / name, tree)
    config = json.loads((ROOT / ".chalice" / "config.json").read_text())
    role = "arn:aws:iam::000000000000:role/benchmark"
    variables = {name: value for name, value in ENVIRONMENT.items() if not name.startswith(("AWS_", "PATH"))}
    functions = {"api_handler": {"iam_role_arn": role}}
    config["stages"] = {
        "prod": {"iam_role_arn": role, "environment_variables": variables, "lambda_functions": functions}
    }
    (tree / ".chalice").mkdir()
    (tree / ".chalice" / "config.json").write_text(json.dumps(config))
    command = [sys.executable, "-W", "ignore", "-c", CHALICE_PROGRAM]
    environment = {**os.environ, "AWS_DEFAULT_REGION": "us-east-1"}
    subprocess.run(
        [*command, "package", "--stage", "prod", output], cwd=tree, env=environment, check=True, capture_output=True
    )
    zipfile.ZipFile(output / "deployment.zip").extractall(directory)
