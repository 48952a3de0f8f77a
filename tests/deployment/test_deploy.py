"""`chalice deploy` of triggers to the embedded AWS, on an app and on a Blueprint."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from infra.deploy import runtime
from infra.deploy.stage import Stage
from local.emulator_clients import emulator_client
from tests.support.chalice_command import run_chalice
from tests.support.events import load_cognito_event
from tests.support.stack import RunningStack

pytestmark = pytest.mark.slow

APP = """
from chalice import Chalice
from chalicelib import more
from chalicelib.aws.cognito_events import PostConfirmation, on_cognito_event

app = Chalice("triggers")
app.register_blueprint(more.triggers)

@on_cognito_event(app, "PostConfirmation")
def on_the_app(event: PostConfirmation) -> None:
    assert event.is_sign_up
"""
BLUEPRINT = """
from chalice import Blueprint
from chalicelib.aws.cognito_events import PreSignUp, on_cognito_event

triggers = Blueprint(__name__)

@on_cognito_event(triggers, "PreSignUp")
def on_a_blueprint(event: PreSignUp) -> None:
    event.response["autoVerifyEmail"] = event.user_attributes["email"].endswith("@example.com")
"""
LOGS = "arn:aws:logs:us-east-1:000000000000:log-group:/aws/lambda/triggers-dev:*"
POLICY = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Action": ["logs:PutLogEvents"], "Resource": LOGS}],
}


@pytest.fixture(scope="module")
def deployed(stack: RunningStack, project: Callable[[], Path]) -> Path:
    """Deploy an app with two triggers. Return the directory of the project."""
    tree = project()
    (tree / "app.py").write_text(APP)
    (tree / "chalicelib" / "more.py").write_text(BLUEPRINT)
    (tree / ".chalice" / "policy-dev.json").write_text(json.dumps(POLICY))
    stage_config = {"autogen_policy": False, "iam_policy_file": "policy-dev.json", "lambda_timeout": 5}
    config = {"version": "2.0", "app_name": "triggers", "stages": {"dev": stage_config}}
    (tree / ".chalice" / "config.json").write_text(json.dumps(config))
    variables = {"AWS_ENDPOINT_URL": stack.outputs.aws_endpoint_url, **stack.outputs.access_key.variables}
    done = run_chalice(tree, ["deploy", "--stage", "dev"], variables)
    assert done.returncode == 0, done.stdout + done.stderr
    return tree


def invoke(stack: RunningStack, name: str, event: Any) -> Any:
    """Invoke a function and return its payload. Fails if the function raises."""
    response = emulator_client("lambda", stack.outputs).invoke(FunctionName=name, Payload=json.dumps(event))
    payload = json.load(response["Payload"])
    assert "FunctionError" not in response, payload
    return payload


@pytest.mark.usefixtures("deployed")
def test_deployed_trigger_of_an_app_returns_its_event(stack: RunningStack) -> None:
    event = load_cognito_event("post_confirmation_confirm_sign_up")
    assert invoke(stack, "triggers-dev-on_the_app", event) == event


@pytest.mark.usefixtures("deployed")
def test_deployed_trigger_of_a_blueprint_sets_the_response(stack: RunningStack) -> None:
    event = load_cognito_event("pre_sign_up")
    payload = invoke(stack, "triggers-dev-on_a_blueprint", event)
    assert payload == {**event, "response": {**event["response"], "autoVerifyEmail": True}}


@pytest.mark.usefixtures("deployed")
def test_runtimes_of_a_stage_are_those_of_its_functions(stack: RunningStack, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", stack.outputs.aws_endpoint_url)
    for name, value in stack.outputs.access_key.variables.items():
        monkeypatch.setenv(name, value)
    stage = Stage("dev", stack.outputs.region)
    stage.app = "triggers"
    assert stage.list_runtimes() == {runtime.CURRENT}


@pytest.mark.usefixtures("deployed")
def test_runtimes_are_updated_only_by_a_deploy(stack: RunningStack) -> None:
    lambda_ = emulator_client("lambda", stack.outputs)
    function = {"FunctionName": "triggers-dev-on_the_app"}
    assert lambda_.get_runtime_management_config(**function)["UpdateRuntimeOn"] == "Auto"
    runtime.update_on_deploy_only(lambda_, function.values())
    assert lambda_.get_runtime_management_config(**function)["UpdateRuntimeOn"] == "FunctionUpdate"


def test_deployed_record_has_the_arns_of_the_functions(deployed: Path) -> None:
    resources = json.loads((deployed / ".chalice" / "deployed" / "dev.json").read_text())["resources"]
    arns = {
        resource["name"]: resource.get("lambda_arn")
        for resource in resources
        if resource["resource_type"] == "lambda_function"
    }
    assert set(arns) == {"on_the_app", "on_a_blueprint"}
    assert all(arn.startswith("arn:aws:lambda:us-east-1:") for arn in arns.values())
