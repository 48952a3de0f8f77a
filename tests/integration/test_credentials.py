"""Who may call the embedded AWS: this run's access key, and the roles of functions."""

import io
import json
import urllib.error
import urllib.request
import zipfile
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
from local.stack import STACK_NAME, Stack
from tests.support.processes import list_descendants
from tests.support.stack import RunningStack, start_stack

OTHERS = {
    "the documented pair of emulators": ("test", "test"),
    "an account id": ("000000000000", "test"),
    "this run's id, another secret": (None, "test"),
    "an unknown id, this run's secret": ("LOCAL0000000000000000", None),
}
SECRET_OF_THE_SHELL = "of the shell, for nobody else"


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningStack]:
    """A run started from a shell that has a secret in its environment."""
    with pytest.MonkeyPatch.context() as shell:
        shell.setenv("DEPLOY_TOKEN", SECRET_OF_THE_SHELL)
        with start_stack(tmp_path_factory.mktemp("local")) as run:
            yield run


def with_key(stack: Stack, key_id: str | None, secret: str | None) -> Stack:
    """The stack as a caller knows it who has another key; None keeps this run's."""
    return replace(
        stack,
        aws_access_key_id=stack.aws_access_key_id if key_id is None else key_id,
        aws_secret_access_key=stack.aws_secret_access_key if secret is None else secret,
    )


CALLS: dict[str, tuple[str, dict[str, Any]]] = {
    "lambda": ("list_functions", {}),
    "dynamodb": ("list_tables", {}),
    "iam": ("list_roles", {}),
    "s3": ("list_buckets", {}),
    "cognito-idp": ("list_user_pools", {"MaxResults": 1}),
}


@pytest.mark.parametrize("service", CALLS)
def test_key_of_the_run_is_accepted(run: RunningStack, service: str) -> None:
    call, arguments = CALLS[service]
    getattr(emulator_client(service, run.outputs), call)(**arguments)


@pytest.mark.parametrize("service", CALLS)
@pytest.mark.parametrize("kind", OTHERS)
def test_any_other_key_is_rejected(run: RunningStack, service: str, kind: str) -> None:
    call, arguments = CALLS[service]
    with pytest.raises(ClientError) as caught:
        getattr(emulator_client(service, with_key(run.outputs, *OTHERS[kind])), call)(**arguments)
    assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] in (400, 403)


@pytest.mark.parametrize("path", ["/2015-03-31/functions/", "/?Action=ListRoles&Version=2010-05-08"])
def test_unsigned_call_is_rejected(run: RunningStack, path: str) -> None:
    with pytest.raises(urllib.error.HTTPError) as caught:
        urllib.request.urlopen(run.outputs.aws_endpoint_url + path, timeout=5)
    caught.value.close()
    assert caught.value.code in (400, 403)


@pytest.mark.parametrize("kind", OTHERS)
def test_url_presigned_with_another_key_is_rejected(run: RunningStack, kind: str) -> None:
    s3 = emulator_client("s3", run.outputs)
    s3.put_object(Bucket=run.outputs.bucket, Key="uploads/presigned", Body=b"x")
    signer = emulator_client("s3", with_key(run.outputs, *OTHERS[kind]))
    where = {"Bucket": run.outputs.bucket, "Key": "uploads/presigned"}
    urllib.request.urlopen(s3.generate_presigned_url("get_object", Params=where), timeout=5).close()
    with pytest.raises(urllib.error.HTTPError) as caught:
        urllib.request.urlopen(signer.generate_presigned_url("get_object", Params=where), timeout=5)
    caught.value.close()
    assert caught.value.code == 403


def test_tampered_body_is_rejected(run: RunningStack) -> None:
    headers = {"Content-Type": "application/x-amz-json-1.0", "X-Amz-Target": "DynamoDB_20120810.ListTables"}
    request = AWSRequest("POST", run.outputs.aws_endpoint_url + "/", headers, b"{}")
    SigV4Auth(Credentials(*run.outputs.access_key.variables.values()), "dynamodb", run.outputs.region).add_auth(request)
    tampered = urllib.request.Request(run.outputs.aws_endpoint_url, b'{"Limit": 1}', dict(request.headers))
    with pytest.raises(urllib.error.HTTPError) as caught:
        urllib.request.urlopen(tampered, timeout=5)
    caught.value.close()
    assert caught.value.code in (400, 403)


@pytest.mark.slow
def test_each_run_has_a_key_of_its_own(tmp_path: Path) -> None:
    with start_stack(tmp_path) as first:
        old = first.outputs
        session = emulator_client("sts", old).get_session_token()["Credentials"]
        first.stop()
    with start_stack(tmp_path) as second:
        now = second.outputs
        assert old.access_key != now.access_key
        emulator_client("lambda", now).list_functions()
        for key in (
            (old.aws_access_key_id, old.aws_secret_access_key),
            (session["AccessKeyId"], session["SecretAccessKey"]),
        ):
            with pytest.raises(ClientError):
                emulator_client("lambda", with_key(now, *key)).list_functions()


CODE = """
import os
def handler(event, context):
    return dict(os.environ)
"""


@pytest.fixture(scope="module")
def function_environment(run: RunningStack) -> dict[str, str]:
    """The environment that a function of the embedded AWS runs in."""
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as file:
        file.writestr("environment.py", CODE)
    lambda_ = emulator_client("lambda", run.outputs)
    role = lambda_.get_function_configuration(FunctionName=f"{STACK_NAME}-pre_sign_up")["Role"]
    lambda_.create_function(
        FunctionName="environment", Role=role, Runtime="python3.12", Handler="environment.handler",
        Code={"ZipFile": archive.getvalue()},
    )  # fmt: skip
    environment: dict[str, str] = json.load(lambda_.invoke(FunctionName="environment")["Payload"])
    return environment


def test_function_has_its_role_s_credentials(run: RunningStack, function_environment: dict[str, str]) -> None:
    assert run.outputs.aws_secret_access_key not in function_environment.values()
    sts = boto3.client(
        "sts",
        endpoint_url=run.outputs.aws_endpoint_url,
        region_name=run.outputs.region,
        aws_access_key_id=function_environment["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=function_environment["AWS_SECRET_ACCESS_KEY"],
        aws_session_token=function_environment["AWS_SESSION_TOKEN"],
    )
    role = f"{STACK_NAME}-pre_sign_up"
    assert sts.get_caller_identity()["Arn"].endswith(f":assumed-role/{role}/environment")


def test_function_does_not_have_the_shell_s_secrets(function_environment: dict[str, str]) -> None:
    assert SECRET_OF_THE_SHELL not in function_environment.values()


def test_child_processes_do_not_have_the_shell_s_secrets(run: RunningStack) -> None:
    """The embedded AWS and `chalice local`, and what they have started."""
    environments = [Path(f"/proc/{pid}/environ").read_bytes() for pid in list_descendants(run.process.pid)]
    assert len(environments) >= 2
    assert not [it for it in environments if SECRET_OF_THE_SHELL.encode() in it]
