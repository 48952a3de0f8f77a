"""Credentials that the embedded AWS accepts: the access key of this run and the roles of functions."""

import json
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from botocore.exceptions import ClientError

from local.emulator_clients import emulator_client
from local.function_archive import build_function_archive
from local.stack import STACK_NAME, Stack
from tests.support.processes import list_descendants
from tests.support.stack import RunningStack, start_stack

INVALID_KEYS = {
    "the documented key of emulators": ("test", "test"),
    "an account id": ("000000000000", "test"),
    "this run's id, another secret": (None, "test"),
    "an unknown id, this run's secret": ("LOCAL0000000000000000", None),
}
SHELL_SECRET = "a secret of the developer's shell"


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningStack]:
    """Start a stack from a shell that has a secret in its environment."""
    with pytest.MonkeyPatch.context() as shell:
        shell.setenv("DEPLOY_TOKEN", SHELL_SECRET)
        with start_stack(tmp_path_factory.mktemp("local")) as stack:
            yield stack


def with_key(stack: Stack, key_id: str | None, secret: str | None) -> Stack:
    """Return the stack with another access key. None means the value of this run."""
    return replace(
        stack,
        aws_access_key_id=stack.aws_access_key_id if key_id is None else key_id,
        aws_secret_access_key=stack.aws_secret_access_key if secret is None else secret,
    )


OPERATIONS: dict[str, tuple[str, dict[str, Any]]] = {
    "lambda": ("list_functions", {}),
    "dynamodb": ("list_tables", {}),
    "iam": ("list_roles", {}),
    "s3": ("list_buckets", {}),
    "cognito-idp": ("list_user_pools", {"MaxResults": 1}),
}


@pytest.mark.parametrize("service", OPERATIONS)
def test_key_of_the_run_is_accepted(stack: RunningStack, service: str) -> None:
    operation, arguments = OPERATIONS[service]
    getattr(emulator_client(service, stack.outputs), operation)(**arguments)


@pytest.mark.parametrize("service", OPERATIONS)
@pytest.mark.parametrize("kind", INVALID_KEYS)
def test_any_other_key_is_rejected(stack: RunningStack, service: str, kind: str) -> None:
    operation, arguments = OPERATIONS[service]
    with pytest.raises(ClientError) as caught:
        getattr(emulator_client(service, with_key(stack.outputs, *INVALID_KEYS[kind])), operation)(**arguments)
    assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] in (400, 403)


@pytest.mark.parametrize("path", ["/2015-03-31/functions/", "/?Action=ListRoles&Version=2010-05-08"])
def test_unsigned_call_is_rejected(stack: RunningStack, path: str) -> None:
    with pytest.raises(urllib.error.HTTPError) as caught:
        urllib.request.urlopen(stack.outputs.aws_endpoint_url + path, timeout=5)
    caught.value.close()
    assert caught.value.code in (400, 403)


@pytest.mark.parametrize("kind", INVALID_KEYS)
def test_url_presigned_with_another_key_is_rejected(stack: RunningStack, kind: str) -> None:
    s3 = emulator_client("s3", stack.outputs)
    s3.put_object(Bucket=stack.outputs.bucket, Key="uploads/presigned", Body=b"x")
    other_s3 = emulator_client("s3", with_key(stack.outputs, *INVALID_KEYS[kind]))
    parameters = {"Bucket": stack.outputs.bucket, "Key": "uploads/presigned"}
    urllib.request.urlopen(s3.generate_presigned_url("get_object", Params=parameters), timeout=5).close()
    with pytest.raises(urllib.error.HTTPError) as caught:
        urllib.request.urlopen(other_s3.generate_presigned_url("get_object", Params=parameters), timeout=5)
    caught.value.close()
    assert caught.value.code == 403


def test_tampered_body_is_rejected(stack: RunningStack) -> None:
    headers = {"Content-Type": "application/x-amz-json-1.0", "X-Amz-Target": "DynamoDB_20120810.ListTables"}
    request = AWSRequest("POST", stack.outputs.aws_endpoint_url + "/", headers, b"{}")
    SigV4Auth(Credentials(*stack.outputs.access_key.variables.values()), "dynamodb", stack.outputs.region).add_auth(
        request
    )
    tampered = urllib.request.Request(stack.outputs.aws_endpoint_url, b'{"Limit": 1}', dict(request.headers))
    with pytest.raises(urllib.error.HTTPError) as caught:
        urllib.request.urlopen(tampered, timeout=5)
    caught.value.close()
    assert caught.value.code in (400, 403)


@pytest.mark.slow
def test_each_run_has_its_own_key(tmp_path: Path) -> None:
    with start_stack(tmp_path) as first:
        first_outputs = first.outputs
        temporary = emulator_client("sts", first_outputs).get_session_token()["Credentials"]
        first.stop()
    with start_stack(tmp_path) as second:
        second_outputs = second.outputs
        assert first_outputs.access_key != second_outputs.access_key
        emulator_client("lambda", second_outputs).list_functions()
        for key in (
            (first_outputs.aws_access_key_id, first_outputs.aws_secret_access_key),
            (temporary["AccessKeyId"], temporary["SecretAccessKey"]),
        ):
            with pytest.raises(ClientError):
                emulator_client("lambda", with_key(second_outputs, *key)).list_functions()


HANDLER = """
import os
def handler(event, context):
    return dict(os.environ)
"""


@pytest.fixture(scope="module")
def function_environment(stack: RunningStack) -> dict[str, str]:
    """Return the environment of a function of the embedded AWS."""
    lambda_ = emulator_client("lambda", stack.outputs)
    role = lambda_.get_function_configuration(FunctionName=f"{STACK_NAME}-pre_sign_up")["Role"]
    lambda_.create_function(
        FunctionName="environment", Role=role, Runtime="python3.12", Handler="environment.handler",
        Code={"ZipFile": build_function_archive("environment.py", HANDLER)},
    )  # fmt: skip
    environment: dict[str, str] = json.load(lambda_.invoke(FunctionName="environment")["Payload"])
    return environment


def test_function_has_the_credentials_of_its_role(stack: RunningStack, function_environment: dict[str, str]) -> None:
    assert stack.outputs.aws_secret_access_key not in function_environment.values()
    sts = boto3.client(
        "sts",
        endpoint_url=stack.outputs.aws_endpoint_url,
        region_name=stack.outputs.region,
        aws_access_key_id=function_environment["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=function_environment["AWS_SECRET_ACCESS_KEY"],
        aws_session_token=function_environment["AWS_SESSION_TOKEN"],
    )
    role = f"{STACK_NAME}-pre_sign_up"
    assert sts.get_caller_identity()["Arn"].endswith(f":assumed-role/{role}/environment")


def test_function_does_not_inherit_secrets_of_the_shell(function_environment: dict[str, str]) -> None:
    assert SHELL_SECRET not in function_environment.values()


def test_child_processes_do_not_inherit_secrets_of_the_shell(stack: RunningStack) -> None:
    """Check the embedded AWS, `chalice local` and their child processes."""
    environments = [Path(f"/proc/{pid}/environ").read_bytes() for pid in list_descendants(stack.process.pid)]
    assert len(environments) >= 2
    assert not [environment for environment in environments if SHELL_SECRET.encode() in environment]
