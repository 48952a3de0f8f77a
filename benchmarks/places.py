"""Each contender in a directory of its own, as Lambda would have it: its code and packages, and behind them boto3.

Ours is what `chalice package` makes, unpacked. The others' packages are compiled, as pip leaves them.
"""

import json
import os
import shutil
import subprocess
import sys
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from local.config import ROOT

BENCHMARKS_DIR: Final = Path(__file__).parent
BUILD_DIR: Final = ROOT / ".bench"
THIS_PROJECT: Final = "ours"
SUB: Final = "2df44964-086b-4a40-b7fa-35ec5a31c03d"
POOL_ID: Final = "us-east-1_Benchmark"
CLIENT_ID: Final = "benchmark"
_ARN: Final = f"arn:aws:cognito-idp:us-east-1:000000000000:userpool/{POOL_ID}"
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
    "SERVICE_NAME": "healthtech-prod",
    "PROBLEMS_URL": "https://api.example.com/problems",
    "S3_BUCKET": "healthtech-profile-pics",
    "USER_POOL_ARN": _ARN,
    "USER_POOL_CLIENT_ID": CLIENT_ID,
}


@dataclass(frozen=True)
class Candidate:
    """Who runs, and where its handler is."""

    name: str
    title: str
    module: str
    function: str = "handler"

    @property
    def path(self) -> list[str]:
        return [str(BUILD_DIR / self.name), str(BUILD_DIR / "runtime")]


CANDIDATES: Final = (
    Candidate("naive", "boto3 client by hand", "naive"),
    Candidate("resource", "boto3 resource by hand", "resource"),
    Candidate("powertools", "Powertools resolver + pydantic", "powertools"),
    Candidate("flask_wsgi", "Flask + apig-wsgi", "flask_wsgi"),
    Candidate("fastapi_mangum", "FastAPI + Mangum", "fastapi_mangum"),
    Candidate(THIS_PROJECT, "this project, all of it on", "app", "app"),
)
REFERENCE: Final = CANDIDATES[0]
TRIGGERS: Final = tuple(
    Candidate(THIS_PROJECT, name, "app", name) for name in ("pre_sign_up", "post_confirmation", "post_authentication")
)


def build_packages() -> None:
    """Make the directories anew; what pip has downloaded before it takes from its cache."""
    shutil.rmtree(BUILD_DIR, ignore_errors=True)
    for name in ("runtime", "tools"):
        _install(name, BUILD_DIR / name)
    for contender in CANDIDATES:
        place = BUILD_DIR / contender.name
        if contender.name == THIS_PROJECT:
            _unpack(place)
            continue
        _install(contender.name, place)
        for source in (BENCHMARKS_DIR / "contenders").glob("*.py"):
            if source.stem in (contender.module, "models", "store"):
                shutil.copy(source, place)
        subprocess.run([sys.executable, "-m", "compileall", "-q", place], check=True)
    (BUILD_DIR / "events.json").write_text(json.dumps({"item": ITEM, "events": EVENTS}))


def _install(name: str, place: Path) -> None:
    place.mkdir(parents=True)
    requirements = BENCHMARKS_DIR / "requirements" / f"{name}.txt"
    command = [sys.executable, "-m", "pip", "install", "-q", "--disable-pip-version-check", "--compile"]
    subprocess.run([*command, "--target", place, "-r", requirements], check=True, capture_output=True)


def _unpack(place: Path) -> None:
    """What `make deploy` deploys."""
    out = BUILD_DIR / "package"
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
    command = [sys.executable, "-W", "ignore", "-c", "import sys; from chalice.cli import main; sys.exit(main())"]
    environment = {**os.environ, "AWS_DEFAULT_REGION": "us-east-1"}
    subprocess.run(
        [*command, "package", "--stage", "prod", out], cwd=tree, env=environment, check=True, capture_output=True
    )
    zipfile.ZipFile(out / "deployment.zip").extractall(place)


_EDIT: Final = {"name": "John A. Doe", "dob": "1990-05-14", "gender": "Male", "blood_group": "A+"}
_PROFILE: Final = {
    **_EDIT,
    "email": "john@example.com",
    "phone_number": "+8801712345678",
    "created_at": "2026-11-22T22:28:22.607Z",
    "updated_at": "2026-11-22T22:28:23.018Z",
}
ITEM: Final = {
    "user_id": {"S": SUB},
    **{name: {"S": value} for name, value in _PROFILE.items()},
    "email_verified": {"BOOL": True},
    "phone_number_verified": {"BOOL": False},
    "version": {"N": "2"},
}
_CLAIMS: Final = {
    "sub": SUB,
    "aud": CLIENT_ID,
    "token_use": "id",
    "iss": f"https://cognito-idp.us-east-1.amazonaws.com/{POOL_ID}",
    "cognito:username": SUB,
    "exp": "Wed Nov 25 10:15:00 UTC 2026",
    "iat": "Wed Nov 25 10:00:00 UTC 2026",
    "auth_time": "1795601700",
    "email": "john@example.com",
    "email_verified": "true",
    "name": "John A. Doe",
}
_HEADERS: Final = {
    "Accept": "application/json",
    "Accept-Encoding": "gzip, deflate, br",
    "Authorization": "Bearer " + "x" * 1200,
    "Host": "abcdef1234.execute-api.us-east-1.amazonaws.com",
    "Origin": "https://app.example.com",
    "User-Agent": "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0",
    "X-Amzn-Trace-Id": "Root=1-6741f6e1-0123456789abcdef01234567",
    "X-Forwarded-For": "203.0.113.7",
    "X-Forwarded-Port": "443",
    "X-Forwarded-Proto": "https",
}


def _event(method: str, body: Any = None) -> dict[str, Any]:
    """What API Gateway (REST) sends. https://docs.aws.amazon.com/lambda/latest/dg/services-apigateway.html"""
    headers = {**_HEADERS, "Content-Type": "application/json"} if body else _HEADERS
    return {
        "resource": "/users/{user_id}",
        "path": f"/users/{SUB}",
        "httpMethod": method,
        "headers": headers,
        "multiValueHeaders": {name: [value] for name, value in headers.items()},
        "queryStringParameters": None,
        "multiValueQueryStringParameters": None,
        "pathParameters": {"user_id": SUB},
        "stageVariables": None,
        "requestContext": {
            "accountId": "000000000000",
            "apiId": "abcdef1234",
            "authorizer": {"claims": _CLAIMS},
            "domainName": "abcdef1234.execute-api.us-east-1.amazonaws.com",
            "extendedRequestId": "JKJaXmPLvHcESHA=",
            "httpMethod": method,
            "identity": {"sourceIp": "203.0.113.7", "userAgent": _HEADERS["User-Agent"]},
            "path": f"/prod/users/{SUB}",
            "protocol": "HTTP/1.1",
            "requestId": "c6af9ac6-7b61-11e6-9a41-93e8deadbeef",
            "requestTime": "25/Nov/2026:10:05:00 +0000",
            "requestTimeEpoch": 1795601100000,
            "resourceId": "abc123",
            "resourcePath": "/users/{user_id}",
            "stage": "prod",
        },
        "body": json.dumps(body) if body else None,
        "isBase64Encoded": False,
    }


_ATTRIBUTES: Final = {
    "sub": SUB,
    "email": "john@example.com",
    "email_verified": "true",
    "phone_number": "+8801712345678",
    "phone_number_verified": "false",
    "name": "John A. Doe",
    "custom:dob": "1990-05-14",
    "custom:gender": "Male",
    "custom:blood_group": "A+",
}


def _trigger(source: str) -> dict[str, Any]:
    return {
        "version": "1",
        "triggerSource": source,
        "region": "us-east-1",
        "userPoolId": POOL_ID,
        "userName": SUB,
        "callerContext": {"awsSdkVersion": "aws-sdk-js-3", "clientId": CLIENT_ID},
        "request": {"userAttributes": _ATTRIBUTES},
        "response": {},
    }


# What is sent, and what of the answer must be right; None is a trigger's, which hands its event back.
EVENTS: Final = {
    "get": (_event("GET"), _EDIT),
    "put": (_event("PUT", _EDIT), _EDIT),
    "pre_sign_up": (_trigger("PreSignUp_SignUp"), None),
    "post_confirmation": (_trigger("PostConfirmation_ConfirmSignUp"), None),
    "post_authentication": (_trigger("PostAuthentication_Authentication"), None),
}
