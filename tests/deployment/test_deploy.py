"""`chalice deploy`, the real one, of triggers to the embedded AWS: on the app and on a Blueprint."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from infra.deploy import runtime
from infra.deploy.stage import Stage
from local.emulator_clients import emulator_client
from tests.deployment.conftest import chalice
from tests.support.stack import RunningStack

pytestmark = pytest.mark.slow

APP = """
from chalice import Chalice
from chalicelib import more
from chalicelib.cognito import PostConfirmation, on_cognito_event

app = Chalice("triggers")
app.register_blueprint(more.triggers)

@on_cognito_event(app, "PostConfirmation")
def on_the_app(event: PostConfirmation) -> None:
    assert event.is_sign_up
"""
BLUEPRINT = """
from chalice import Blueprint
from chalicelib.cognito import PreSignUp, on_cognito_event

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
EVENTS = Path(__file__).parents[1] / "unit" / "events"


@pytest.fixture(scope="module")
def deployed(run: RunningStack, project: Callable[[], Path]) -> Path:
    tree = project()
    (tree / "app.py").write_text(APP)
    (tree / "chalicelib" / "more.py").write_text(BLUEPRINT)
    (tree / ".chalice" / "policy-dev.json").write_text(json.dumps(POLICY))
    stage = {"autogen_policy": False, "iam_policy_file": "policy-dev.json", "lambda_timeout": 5}
    config = {"version": "2.0", "app_name": "triggers", "stages": {"dev": stage}}
    (tree / ".chalice" / "config.json").write_text(json.dumps(config))
    environment = {"AWS_ENDPOINT_URL": run.outputs.aws_endpoint_url, **run.outputs.access_key.variables}
    done = chalice(tree, "deploy", "--stage", "dev", **environment)
    assert done.returncode == 0, done.stdout + done.stderr
    return tree


def invoke(run: RunningStack, name: str, event: Any) -> Any:
    answer = emulator_client("lambda", run.outputs).invoke(FunctionName=name, Payload=json.dumps(event))
    payload = json.load(answer["Payload"])
    assert "FunctionError" not in answer, payload
    return payload


def golden(name: str) -> Any:
    return json.loads((EVENTS / f"{name}.json").read_text())


@pytest.mark.usefixtures("deployed")
def test_a_deployed_trigger_of_the_app_returns_its_event(run: RunningStack) -> None:
    event = golden("post_confirmation_confirm_sign_up")
    assert invoke(run, "triggers-dev-on_the_app", event) == event


@pytest.mark.usefixtures("deployed")
def test_a_deployed_trigger_of_a_blueprint_answers_in_the_response(run: RunningStack) -> None:
    event = golden("pre_sign_up")
    answer = invoke(run, "triggers-dev-on_a_blueprint", event)
    assert answer == {**event, "response": {**event["response"], "autoVerifyEmail": True}}


@pytest.mark.usefixtures("deployed")
def test_runtimes_of_a_stage_are_those_of_its_functions(run: RunningStack, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", run.outputs.aws_endpoint_url)
    for name, value in run.outputs.access_key.variables.items():
        monkeypatch.setenv(name, value)
    stage = Stage("dev", run.outputs.region)
    stage.app = "triggers"
    assert stage.list_runtimes() == {runtime.CURRENT}


@pytest.mark.usefixtures("deployed")
def test_runtimes_are_updated_on_a_deploy_only(run: RunningStack) -> None:
    lambda_ = emulator_client("lambda", run.outputs)
    function = {"FunctionName": "triggers-dev-on_the_app"}
    assert lambda_.get_runtime_management_config(**function)["UpdateRuntimeOn"] == "Auto"
    runtime.update_on_deploy_only(lambda_, function.values())
    assert lambda_.get_runtime_management_config(**function)["UpdateRuntimeOn"] == "FunctionUpdate"


def test_what_was_deployed_is_written_down_for_the_wiring(deployed: Path) -> None:
    told = json.loads((deployed / ".chalice" / "deployed" / "dev.json").read_text())["resources"]
    arns = {
        resource["name"]: resource.get("lambda_arn")
        for resource in told
        if resource["resource_type"] == "lambda_function"
    }
    assert set(arns) == {"on_the_app", "on_a_blueprint"}
    assert all(arn.startswith("arn:aws:lambda:us-east-1:") for arn in arns.values())
