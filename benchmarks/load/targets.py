"""The APIs under load: `chalice local` and the deployed API.

Each runs on an embedded AWS of its own, with a route that does nothing for comparison.
"""

import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import psutil

from benchmarks.emulator import start_emulator
from benchmarks.load.process_usage import ProcessGroups
from local import source_copy
from local.api_server import CHALICE_COMMAND, ApiServer
from local.config import HOST, ROOT, LocalSettings
from local.emulator_clients import emulator_client
from local.function_archive import build_function_archive
from local.ports import allocate_port
from local.processes import ChildProcess
from local.resources.builder import create_stack
from local.stack import Stack
from local.terraform_provider import build_terraform_environment

STAGE: Final = "load"
_NO_OP: Final = "no-op"
_FUNCTION_NAME_VARIABLE: Final = "AWS_LAMBDA_FUNCTION_NAME"
# It logs a line, as the application does. The embedded AWS waits 50 ms for the log of a function that logs nothing.
_NO_OP_HANDLER: Final = 'def handler(event, context):\n    print("{}")\n    return {"statusCode": 200, "body": "{}"}\n'


@dataclass(frozen=True)
class Target:
    """An API with its resources, a no-op route beside it and the processes that answer requests."""

    title: str
    stack: Stack
    no_op_url: str
    processes: ProcessGroups


@contextmanager
def chalice_local_target() -> Iterator[Target]:
    """Start `chalice local` as `make run` does."""
    with tempfile.TemporaryDirectory() as directory, ExitStack() as exit_stack:
        local, aws = exit_stack.enter_context(start_emulator(Path(directory)))
        stack = create_stack(local)
        api = exit_stack.enter_context(ApiServer(local, stack))
        port = allocate_port()
        arguments = [
            *CHALICE_COMMAND,
            "--project-dir",
            str(Path(__file__).parent / "no_op"),
            "local",
            "--stage",
            "local",
        ]
        arguments += ["--no-autoreload", "--host", HOST, "--port", str(port)]
        resources = {"USER_POOL_ARN": stack.user_pool_arn, "DYNAMODB_TABLE": stack.table}
        environment = {**local.environment(), **resources, "PYTHONPATH": str(ROOT)}
        no_op = ChildProcess(_NO_OP, arguments, environment, local.state_directory / "no-op.log", lambda _: None)
        exit_stack.callback(no_op.stop)
        no_op.wait_until_serving(f"http://{HOST}:{port}")
        yield Target(
            "chalice local",
            stack,
            f"http://{HOST}:{port}/no-op",
            {
                "chalice local": lambda: [psutil.Process(api.pid)],
                "chalice local of the no-op": lambda: [psutil.Process(no_op.pid)],
                "embedded AWS": lambda: [psutil.Process(aws.pid)],
            },
        )


@contextmanager
def deployed_target() -> Iterator[Target]:
    """Run `make deploy` on the embedded AWS. Raises SystemExit if it fails."""
    with tempfile.TemporaryDirectory() as directory, start_emulator(Path(directory)) as (local, aws):
        stack = _deploy(local, Path(directory) / "tree")
        yield Target(
            "deployed API",
            stack,
            _deploy_no_op(stack),
            {
                "api_handler": lambda: _list_function_processes(aws.pid, f"healthtech-{STAGE}"),
                "function of the no-op": lambda: _list_function_processes(aws.pid, _NO_OP),
                "embedded AWS": lambda: [psutil.Process(aws.pid)],
            },
        )


def _deploy(local: LocalSettings, tree: Path) -> Stack:
    source_copy.copy_sources(tree)
    (tree / "infra" / f"{STAGE}.tfvars").write_text("")
    done = subprocess.run(
        ["make", "INSTALLED=", f"BIN={Path(sys.executable).parent}", "deploy", f"STAGE={STAGE}"],
        cwd=tree, env=build_terraform_environment(local.tool_environment()), capture_output=True, text=True,
    )  # fmt: skip
    if done.returncode != 0:
        raise SystemExit(f"make deploy failed:\n{done.stdout}{done.stderr}")
    (api,) = emulator_client("apigateway", local).get_rest_apis()["items"]
    outputs = subprocess.run(
        ["terraform", "-chdir=infra", "output", "-json"],
        cwd=tree, env={**local.tool_environment(), "TF_WORKSPACE": STAGE}, capture_output=True, text=True, check=True,
    )  # fmt: skip
    values = {name: output["value"] for name, output in json.loads(outputs.stdout).items()}
    return Stack(
        api_url=f"{local.aws_endpoint_url}/restapis/{api['id']}/{STAGE}/_user_request_",
        aws_endpoint_url=local.aws_endpoint_url,
        aws_access_key_id=local.access_key.id,
        aws_secret_access_key=local.access_key.secret,
        region=values["region"],
        user_pool_id=values["user_pool_id"],
        user_pool_client_id=values["user_pool_client_id"],
        table=values["table"],
        records_table="",
        bucket="",
    )


def _deploy_no_op(stack: Stack) -> str:
    """Deploy a function that does nothing, behind API Gateway and the same authorizer. Return its URL."""
    gateway, lambda_ = (emulator_client(name, stack) for name in ("apigateway", "lambda"))
    role = f"arn:aws:iam::000000000000:role/{_create_role(stack)}"
    arn = lambda_.create_function(
        FunctionName=_NO_OP, Role=role, Runtime="python3.12", Handler="no_op.handler", MemorySize=512,
        Code={"ZipFile": build_function_archive("no_op.py", _NO_OP_HANDLER)},
    )["FunctionArn"]  # fmt: skip
    lambda_.add_permission(
        FunctionName=_NO_OP, StatementId="api", Action="lambda:InvokeFunction", Principal="apigateway.amazonaws.com"
    )
    api = gateway.create_rest_api(name=_NO_OP)
    rest_api = {"restApiId": api["id"]}
    root = gateway.get_resources(**rest_api)["items"][0]["id"]
    authorizer = gateway.create_authorizer(
        **rest_api, name="users", type="COGNITO_USER_POOLS", providerARNs=[stack.user_pool_arn],
        identitySource="method.request.header.Authorization",
    )["id"]  # fmt: skip
    resource = gateway.create_resource(**rest_api, parentId=root, pathPart=_NO_OP)["id"]
    method = {**rest_api, "resourceId": resource, "httpMethod": "GET"}
    gateway.put_method(**method, authorizationType="COGNITO_USER_POOLS", authorizerId=authorizer)
    uri = f"arn:aws:apigateway:{stack.region}:lambda:path/2015-03-31/functions/{arn}/invocations"
    gateway.put_integration(**method, type="AWS_PROXY", integrationHttpMethod="POST", uri=uri)
    gateway.create_deployment(**rest_api, stageName=STAGE)
    return f"{stack.aws_endpoint_url}/restapis/{api['id']}/{STAGE}/_user_request_/{_NO_OP}"


def _create_role(stack: Stack) -> str:
    """Create a role without permissions that Lambda may assume. Return its name."""
    trust = {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}
    document = json.dumps({"Version": "2012-10-17", "Statement": [trust]})
    emulator_client("iam", stack).create_role(RoleName=_NO_OP, AssumeRolePolicyDocument=document)
    return _NO_OP


def _list_function_processes(aws_pid: int, name: str) -> list[psutil.Process]:
    """Return the processes of one function among the children of the embedded AWS."""
    return [
        process
        for process in psutil.Process(aws_pid).children(recursive=True)
        if _get_environment(process).get(_FUNCTION_NAME_VARIABLE) == name
    ]


def _get_environment(process: psutil.Process) -> dict[str, Any]:
    try:
        return dict(process.environ())
    except psutil.NoSuchProcess:
        return {}
