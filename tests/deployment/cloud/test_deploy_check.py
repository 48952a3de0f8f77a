"""`make deploy-check`: a stage from nothing, and a person's way through what was deployed."""

import io
import json
import shutil
import subprocess
import sys
import time
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.request import urlopen

import pytest
import requests
from botocore.exceptions import ClientError

from benchmarks import costs
from chalicelib.core.metrics import Metric
from infra.deploy import api_logs
from local import demo
from local.emulator import CONFIRMATION_CODE
from local.function_definitions import TRIGGERS
from local.user_client import UserClient
from tests.deployment.cloud.conftest import MAKE_TIMEOUT, ORIGIN, STAGE, DeployedStage
from tests.support.authorization_suite import AuthorizationSuite
from tests.support.data import sign_up_attributes
from tests.support.picture_client import (
    create_upload,
    delete_picture,
    download_picture,
    get_link,
    set_picture,
    upload_file,
)
from tests.support.picture_suite import PictureSuite
from tests.support.sample_images import make_image, open_image
from tests.support.token_forger import TokenForger, send_request
from tests.support.users import PASSWORD, User, generate_email


def test_a_stage_is_deployed_from_nothing_by_one_command(
    bare_cloud: DeployedStage, first_deploy: subprocess.CompletedProcess[str]
) -> None:
    assert first_deploy.returncode == 0, first_deploy.stdout + first_deploy.stderr
    assert "6 functions and the API" in first_deploy.stdout
    assert f".execute-api.us-east-1.amazonaws.com/{STAGE}/users" in first_deploy.stdout


def test_busy_functions_leave_room_for_the_triggers(
    cloud: DeployedStage, first_deploy: subprocess.CompletedProcess[str]
) -> None:
    assert "  ok  concurrency    220 reserved" in first_deploy.stdout
    lambda_, prefix = cloud.client("lambda"), f"healthtech-{STAGE}"
    names = [
        prefix,
        *(f"{prefix}-{name}" for name in ("check_picture", *(handler for handler, _ in TRIGGERS.values()))),
    ]
    reserved = {
        name: lambda_.get_function_concurrency(FunctionName=name).get("ReservedConcurrentExecutions") for name in names
    }
    assert {name: runs for name, runs in reserved.items() if runs} == {prefix: 200, f"{prefix}-check_picture": 20}


def test_a_plain_chalice_deploy_updates_the_stage(cloud: DeployedStage) -> None:
    """In the stage's region, whatever the shell's is."""
    before = cloud.api_ids
    done = subprocess.run(
        [str(Path(sys.executable).with_name("chalice")), "deploy", "--stage", STAGE],
        cwd=cloud.tree, env={**cloud.environment, "AWS_DEFAULT_REGION": "eu-west-1"},
        capture_output=True, text=True, timeout=MAKE_TIMEOUT,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"Rest API URL: https://{before[0]}.execute-api.us-east-1" in done.stdout
    assert cloud.api_ids == before


def test_the_pool_calls_the_deployed_functions(cloud: DeployedStage) -> None:
    pool = cloud.client("cognito-idp").describe_user_pool(UserPoolId=cloud.outputs["user_pool_id"])["UserPool"]
    called = {trigger: arn.rpartition(":")[2] for trigger, arn in pool["LambdaConfig"].items()}
    assert called == {trigger: f"healthtech-{STAGE}-{handler}" for trigger, (handler, _) in TRIGGERS.items()}


def test_the_example_signs_up_and_has_a_verified_profile(cloud: DeployedStage, session: UserClient) -> None:
    username, password = demo.USERNAME, demo.PASSWORD
    sub = session.sign_up(username, password, demo.ATTRIBUTES)
    with pytest.raises(ClientError, match="CodeMismatch"):
        session.confirm(username, "000000")
    session.confirm(username, CONFIRMATION_CODE)
    item = cloud.client("dynamodb").get_item(TableName=f"Users-{STAGE}", Key={"user_id": {"S": sub}})["Item"]
    assert item["name"] == {"S": "John Doe"}
    assert item["email_verified"] == {"BOOL": True}
    token = session.sign_in(username, password)["IdToken"]
    assert session.call("GET", f"/users/{sub}", token).body["blood_group"] == "A+"


def test_a_sign_up_that_breaks_rules_is_refused_by_the_deployed_trigger(session: UserClient) -> None:
    email = generate_email()
    with pytest.raises(ClientError, match="PreSignUp failed with error date of birth must not be in the future"):
        session.sign_up(email, PASSWORD, sign_up_attributes(email, dob="2999-01-01"))


def test_the_owner_reads_and_replaces_their_profile(user: User) -> None:
    before = user.get()
    assert before.status == 200
    answer = user.put({**before.body, "name": "Jane R. Roe"})
    assert (answer.status, answer.body["version"]) == (200, before.body["version"] + 1)
    assert user.get(user.sub).body["name"] == "Jane R. Roe"


def test_a_missing_profile_heals(cloud: DeployedStage, new_user: Callable[..., User]) -> None:
    user = new_user()
    cloud.client("dynamodb").delete_item(TableName=f"Users-{STAGE}", Key={"user_id": {"S": user.sub}})
    assert user.get().status == 200


@pytest.fixture(scope="module")
def other(new_user: Callable[..., User]) -> User:
    return new_user(name="Somebody Else")


@pytest.fixture(scope="module")
def forge(cloud: DeployedStage, user: User) -> TokenForger:
    return TokenForger(cloud.directory, user)


class TestDeployed(AuthorizationSuite):
    """On the deployed API."""


class TestDeployedPictures(PictureSuite):
    """On the deployed API, whose functions have the permissions of their roles and no others."""


def test_the_image_library_is_a_layer_of_one_function(cloud: DeployedStage) -> None:
    functions = cloud.client("lambda").list_functions()["Functions"]
    layers = {it["FunctionName"]: [layer["Arn"] for layer in it.get("Layers", [])] for it in functions}
    (library,) = layers.pop(f"healthtech-{STAGE}-check_picture")
    assert f":layer:healthtech-{STAGE}-pictures:" in library
    assert not any(layers.values())
    made = cloud.client("lambda").get_layer_version_by_arn(Arn=library)
    with urlopen(made["Content"]["Location"], timeout=20) as content:
        names = zipfile.ZipFile(io.BytesIO(content.read())).namelist()
    version = f"{sys.version_info.major}{sys.version_info.minor}"
    assert f"python/PIL/_imaging.cpython-{version}-x86_64-linux-gnu.so" in names
    assert made["CompatibleRuntimes"] == [f"python{version[0]}.{version[1:]}"]


def test_a_page_of_a_configured_origin_may_upload_and_see(user: User) -> None:
    form = create_upload(user).body
    for origin, allowed in ((ORIGIN, ORIGIN), ("https://evil.example", None)):
        told = [
            requests.post(
                form["url"], form["fields"], files={"file": make_image()}, headers={"Origin": origin}, timeout=20
            ),
        ]
        assert set_picture(user, form["upload_id"]).status == 200
        told.append(requests.get(get_link(user).body["url"], headers={"Origin": origin}, timeout=20))
        assert [it.headers.get("Access-Control-Allow-Origin") for it in told] == [allowed, allowed]
    delete_picture(user)


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [("GET", "/users/me", 401), ("DELETE", "/users/me", 405), ("GET", "/elsewhere", 404), ("POST", "/", 404)],
)
def test_what_is_refused_may_be_read_by_a_page_of_a_configured_origin(
    session: UserClient, method: str, path: str, status: int
) -> None:
    told, headers, problem = send_request(session.stack, method, path, {"Origin": ORIGIN})
    assert (told, problem["status"]) == (status, status)
    assert headers["Content-Type"] == "application/problem+json"
    assert headers["Access-Control-Allow-Origin"] == ORIGIN
    assert headers["Cache-Control"] == "private, no-store"


def test_a_problem_s_type_points_to_the_api_s_own_page(cloud: DeployedStage, session: UserClient, user: User) -> None:
    gateways, applications = send_request(session.stack, "GET", "/users/me", {})[2], user.get("another").body
    page = urlopen(f"{session.stack.api_url}/problems", timeout=10)
    text = page.read().decode()
    page.close()
    for problem in (gateways, applications):
        place, _, section = problem["type"].partition("#")
        assert place == f"https://{cloud.api_ids[0]}.execute-api.us-east-1.amazonaws.com/{STAGE}/problems"
        assert f'id="{section}"' in text


def test_a_problem_s_request_id_is_found_in_the_log(cloud: DeployedStage, user: User) -> None:
    request_id = user.get("another").body["request_id"]
    told = cloud.client("logs").filter_log_events(
        logGroupName=f"/aws/lambda/healthtech-{STAGE}", filterPattern=f'"{request_id}"'
    )
    assert [event for event in told["events"] if request_id in event["message"]]


def test_who_is_throttled_is_told_when_to_come_back(cloud: DeployedStage, session: UserClient, user: User) -> None:
    gateway, (api_id,) = cloud.client("apigateway"), cloud.api_ids

    def throttle(rate: str, burst: str) -> None:
        limits = {"rateLimit": rate, "burstLimit": burst}
        operations = [
            {"op": "replace", "path": f"/*/*/throttling/{name}", "value": value} for name, value in limits.items()
        ]
        gateway.update_stage(restApiId=api_id, stageName=STAGE, patchOperations=operations)

    throttle("1", "1")
    told = [send_request(session.stack, "GET", "/users/me", {"Authorization": user.token}) for _ in range(5)]
    throttle("500", "1000")
    status, headers, problem = told[-1]
    assert (status, problem["title"], headers["Retry-After"]) == (429, "Too Many Requests", "1")
    assert headers["Content-Type"] == "application/problem+json"


def test_a_preflight_is_answered_for_configured_origins_only(session: UserClient) -> None:
    status, headers, _ = send_request(session.stack, "OPTIONS", "/users/me", {"Origin": ORIGIN})
    assert (status, headers["Access-Control-Allow-Origin"]) == (204, ORIGIN)
    _, headers, _ = send_request(session.stack, "OPTIONS", "/users/me", {"Origin": "https://evil.example"})
    assert "Access-Control-Allow-Origin" not in headers


def test_reconciliation_runs_on_the_deployed_stage(cloud: DeployedStage, user: User) -> None:
    elsewhere = {"AWS_DEFAULT_REGION": "eu-west-1", "AWS_REGION": "eu-west-1"}
    done = cloud.make("reconcile", f"STAGE={STAGE}", "ARGS=--dry-run", **elsewhere)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "0 of them without a profile" in done.stdout


def test_lost_profiles_are_put_back_from_a_restored_table(cloud: DeployedStage, new_user: Callable[..., User]) -> None:
    dynamodb, lost, kept = cloud.client("dynamodb"), new_user(), new_user()
    set_picture(lost, upload_file(lost))
    restored = "Users-dev-restored"
    dynamodb.create_table(
        TableName=restored,
        KeySchema=[{"AttributeName": "user_id", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "user_id", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )
    for user in (lost, kept):
        item = dynamodb.get_item(TableName=f"Users-{STAGE}", Key={"user_id": {"S": user.sub}})["Item"]
        dynamodb.put_item(TableName=restored, Item={**item, "name": {"S": "As It Was"}})
    delete_picture(lost)
    dynamodb.delete_item(TableName=f"Users-{STAGE}", Key={"user_id": {"S": lost.sub}})
    assert lost.get().body["name"] == "Jane Roe"
    command = ("restore", f"STAGE={STAGE}", f"FROM={restored}")
    told = [cloud.make(*command, f"ARGS={options}").stdout.split() for options in ("--dry-run", "", "--overwrite")]
    assert [line[line.index("restored") + 1] for line in told] == ["1", "1", "0"]
    assert lost.get().body["name"] == "As It Was"
    assert open_image(download_picture(lost)).width == lost.get().body["picture"]["width"]
    assert lost.get().body["version"] > 1000  # no version that somebody may hold already
    assert told[1][told[1].index("overwritten") + 1] == "0"
    assert told[2][told[2].index("overwritten") + 1] == "1"
    assert kept.get().body["name"] == "As It Was"
    dynamodb.delete_table(TableName=restored)


def test_api_stage_logs_and_throttles_without_tracing(cloud: DeployedStage) -> None:
    stage = cloud.client("apigateway").get_stage(restApiId=cloud.api_ids[0], stageName=STAGE)
    assert not stage["tracingEnabled"], "its segments hold paths and addresses"
    assert stage["accessLogSettings"]["destinationArn"].endswith(f":log-group:/aws/apigateway/healthtech-{STAGE}")
    told = json.loads(stage["accessLogSettings"]["format"])
    assert not [name for name, source in told.items() if "body" in source.lower() or source == "$context.path"]
    every = stage["methodSettings"]["*/*"]
    assert (every["throttlingRateLimit"], every["throttlingBurstLimit"]) == (500, 1000)
    assert not every["dataTraceEnabled"]


def test_api_accepts_no_tls_below_1_2(cloud: DeployedStage) -> None:
    told = cloud.client("apigateway").get_rest_api(restApiId=cloud.api_ids[0])
    assert told["securityPolicy"] == "SecurityPolicy_TLS13_1_2_PFS_PQ_2025_09"


def test_execution_log_is_kept_and_encrypted_as_the_others(cloud: DeployedStage) -> None:
    group = api_logs.execution_log_group(cloud.api_ids[0], STAGE)
    (told,) = cloud.client("logs").describe_log_groups(logGroupNamePrefix=group)["logGroups"]
    key_arn = cloud.client("kms").describe_key(KeyId=f"alias/healthtech-{STAGE}")["KeyMetadata"]["Arn"]
    assert (told["kmsKeyId"], told["retentionInDays"]) == (key_arn, 365)


def test_failed_reconciliations_are_kept(cloud: DeployedStage) -> None:
    told = cloud.client("lambda").get_function_event_invoke_config(FunctionName=f"healthtech-{STAGE}-reconcile")
    assert told["DestinationConfig"]["OnFailure"]["Destination"].endswith(f":healthtech-{STAGE}-failed-reconciliations")


def test_sign_up_is_open_once_the_triggers_are_attached(cloud: DeployedStage) -> None:
    pool = cloud.client("cognito-idp").describe_user_pool(UserPoolId=cloud.outputs["user_pool_id"])["UserPool"]
    assert len(pool["LambdaConfig"]) >= 3
    assert not pool["AdminCreateUserConfig"].get("AllowAdminCreateUserOnly")


def test_every_function_writes_its_log_where_it_is_kept_for_a_year(cloud: DeployedStage, user: User) -> None:
    logs = cloud.client("logs")
    for handler in ("", "-pre_sign_up", "-post_confirmation", "-post_authentication"):
        group = f"/aws/lambda/healthtech-{STAGE}{handler}"
        (told,) = logs.describe_log_groups(logGroupNamePrefix=group)["logGroups"][:1]
        assert told["retentionInDays"] == 365
        assert logs.describe_log_streams(logGroupName=group)["logStreams"], group


def test_alarms_watch_metrics_that_there_are(cloud: DeployedStage) -> None:
    alarms = cloud.client("cloudwatch").describe_alarms()["MetricAlarms"]
    ours = {alarm["MetricName"] for alarm in alarms if alarm.get("Namespace") == "HealthTech"}
    assert Metric.PROFILE_WRITE_FAILED in ours
    assert ours <= set(Metric)
    api = cloud.client("apigateway").get_rest_apis()["items"][0]["name"]
    functions = {it["FunctionName"] for it in cloud.client("lambda").list_functions()["Functions"]}
    dimensions = {(it["Name"], it["Value"]) for alarm in alarms for it in alarm.get("Dimensions", [])}
    assert {value for name, value in dimensions if name == "FunctionName"} == functions
    assert {value for name, value in dimensions if name == "ApiName"} == {api}
    assert {value for name, value in dimensions if name == "service"} == {f"healthtech-{STAGE}"}


def test_costs_count_every_metric_that_an_alarm_watches(cloud: DeployedStage) -> None:
    # From Terraform's state: MiniStack does not keep the queries of an alarm.
    state = json.loads(cloud.terraform("show", "-json").stdout)
    resources = state["values"]["root_module"]["resources"]
    alarms = [it["values"] for it in resources if it["type"] == "aws_cloudwatch_metric_alarm"]
    queries = [query["metric"] for alarm in alarms for query in alarm["metric_query"]]
    assert sum(bool(alarm["metric_name"]) for alarm in alarms) + sum(map(len, queries)) == costs.ALARM_METRICS


def test_runtimes_change_only_with_a_deploy(cloud: DeployedStage) -> None:
    lambda_ = cloud.client("lambda")
    functions = [it["FunctionName"] for it in lambda_.list_functions()["Functions"]]
    assert functions
    for name in functions:
        assert lambda_.get_runtime_management_config(FunctionName=name)["UpdateRuntimeOn"] == "FunctionUpdate"


def test_terraform_by_hand_finds_nothing_to_change(cloud: DeployedStage) -> None:
    done = cloud.terraform("plan", "-input=false", "-no-color", "-detailed-exitcode", f"-var-file={STAGE}.tfvars")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "No changes." in done.stdout


@pytest.fixture
def pool_file(cloud: DeployedStage) -> Iterator[Path]:
    """cognito.tf, put back afterwards."""
    file = cloud.tree / "infra" / "cognito.tf"
    before = file.read_text()
    yield file
    file.write_text(before)


def test_a_change_that_asks_for_another_pool_is_refused(cloud: DeployedStage, pool_file: Path, user: User) -> None:
    pool_file.write_text(pool_file.read_text().replace("case_sensitive = false", "case_sensitive = true"))
    done = cloud.make("deploy", f"STAGE={STAGE}")
    assert done.returncode != 0
    assert "The plan would delete aws_cognito_user_pool.users" in done.stderr
    assert "Nothing was changed" in done.stderr
    assert user.get().status == 200


def test_a_change_of_the_pool_s_attributes_asks_for_nothing(cloud: DeployedStage, pool_file: Path) -> None:
    schema = 'schema {\n    name                = "height"\n    attribute_data_type = "Number"\n  }\n\n  lifecycle {'
    pool_file.write_text(pool_file.read_text().replace("lifecycle {", schema, 1))
    done = cloud.terraform("plan", "-input=false", "-no-color", "-detailed-exitcode", f"-var-file={STAGE}.tfvars")
    assert done.returncode == 0, done.stdout + done.stderr


def test_a_checkout_without_the_state_is_refused(cloud: DeployedStage, user: User) -> None:
    states = cloud.tree / "infra" / "terraform.tfstate.d"
    states.rename(cloud.tree / "elsewhere")
    try:
        done = cloud.make("deploy", f"STAGE={STAGE}")
    finally:
        shutil.rmtree(states, ignore_errors=True)
        (cloud.tree / "elsewhere").rename(states)
    assert done.returncode != 0
    assert f"Users-{STAGE} exists, but it is not in Terraform's state" in done.stderr
    assert len(cloud.client("cognito-idp").list_user_pools(MaxResults=60)["UserPools"]) == 2  # the other is a test's
    assert user.get().status == 200


def test_what_was_deleted_by_hand_is_not_made_anew_unasked(cloud: DeployedStage) -> None:
    """So it looks, too, with the credentials of another account."""
    state = json.loads(cloud.terraform("state", "pull").stdout)
    (key,) = [it for it in state["resources"] if it["type"] == "aws_dynamodb_table"]
    key["instances"][0]["attributes"] |= {"id": "Users-gone", "name": "Users-gone"}
    changed = cloud.tree / "changed.tfstate"
    changed.write_text(json.dumps({**state, "serial": state["serial"] + 1}))
    assert cloud.terraform("state", "push", "-force", str(changed)).returncode == 0
    try:
        done = cloud.make("deploy", f"STAGE={STAGE}")
    finally:
        key["instances"][0]["attributes"] |= {"id": f"Users-{STAGE}", "name": f"Users-{STAGE}"}
        changed.write_text(json.dumps({**state, "serial": state["serial"] + 2}))
        assert cloud.terraform("state", "push", "-force", str(changed)).returncode == 0
    assert done.returncode != 0
    assert "aws_dynamodb_table.profiles does not exist in this account and region" in done.stderr


def test_a_variable_that_is_no_value_is_told_in_one_line(cloud: DeployedStage) -> None:
    done = cloud.make("deploy", f"STAGE={STAGE}", TF_VAR_log_level="LOUD")
    assert done.returncode != 0
    told = done.stderr.splitlines()[0]
    assert "log_level must be DEBUG, INFO, WARNING or ERROR." in told
    assert "ok" not in done.stdout.split()


@pytest.fixture
def their_function(cloud: DeployedStage) -> Iterator[str]:
    """Somebody else's, in the same account, with a name like ours."""
    lambda_, name = cloud.client("lambda"), f"healthtech-{STAGE}-thumbnailer"
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as file:
        file.writestr("theirs.py", "def handler(event, context): ...")
    lambda_.create_function(
        FunctionName=name, Role=f"arn:aws:iam::000000000000:role/healthtech-{STAGE}-pre_sign_up",
        Runtime="python3.12", Handler="theirs.handler", Code={"ZipFile": archive.getvalue()},
    )  # fmt: skip
    yield name
    lambda_.delete_function(FunctionName=name)  # which is there still


def test_a_second_deploy_changes_nothing(cloud: DeployedStage, user: User, their_function: str) -> None:
    before = (cloud.api_ids, (cloud.tree / ".chalice" / "config.json").read_text())
    done = cloud.make("deploy", f"STAGE={STAGE}")
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.count("no changes") == 2
    assert done.stdout.count("unchanged") == 3
    assert "6 functions and the API" in done.stdout
    assert (cloud.api_ids, (cloud.tree / ".chalice" / "config.json").read_text()) == before
    assert cloud.client("lambda").get_function(FunctionName=their_function)
    assert user.get().status == 200


def test_a_deploy_that_was_killed_is_mended_by_the_next_and_the_users_stay(cloud: DeployedStage, user: User) -> None:
    """Killed while Chalice was at it, and gone on with without Chalice's own record and with a pool left unfinished."""
    profile, apis = user.get().body, cloud.api_ids
    errors = cloud.tree / "chalicelib" / "errors.py"
    errors.write_text(errors.read_text().replace("The resource does not exist.", "There is nothing here."))
    command, where = cloud.command("deploy", f"STAGE={STAGE}")
    process = subprocess.Popen(command, **where, stdout=subprocess.PIPE, start_new_session=True)
    assert process.stdout is not None
    assert any("configuration" in line for line in process.stdout)
    time.sleep(2)
    subprocess.run(["kill", "-KILL", "--", f"-{process.pid}"], check=True)
    process.communicate()
    (cloud.tree / ".chalice" / "deployed" / f"{STAGE}.json").unlink(missing_ok=True)
    assert cloud.terraform("taint", "aws_cognito_user_pool.users").returncode == 0
    done = cloud.make("deploy", f"STAGE={STAGE}")
    assert done.returncode == 0, done.stdout + done.stderr
    assert cloud.api_ids == apis
    assert user.get().body == profile
    assert send_request(user.client.stack, "GET", "/elsewhere", {})[2]["detail"] == "There is nothing here."
