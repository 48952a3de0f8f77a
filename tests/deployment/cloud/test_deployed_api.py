"""The deployed API, from the sign-up of a user to errors, pictures and CORS."""

from urllib.request import urlopen

import pytest
import requests
from botocore.exceptions import ClientError

from local import demo
from local.emulator import CONFIRMATION_CODE
from local.user_client import UserClient
from tests.support.authorization_suite import AuthorizationSuite
from tests.support.aws import require_item
from tests.support.data import sign_up_attributes
from tests.support.deployed_stage import NAME, ORIGIN, STAGE, TABLE, DeployedStage
from tests.support.picture_client import (
    create_upload,
    delete_picture,
    get_link,
    set_picture,
)
from tests.support.picture_suite import PictureSuite
from tests.support.sample_images import make_image
from tests.support.token_forger import send_request
from tests.support.users import PASSWORD, User, UserFactory, delete_stored_profile, generate_email


def test_example_user_signs_up_and_has_a_verified_profile(
    deployed_stage: DeployedStage, user_client: UserClient
) -> None:
    username, password = demo.USERNAME, demo.PASSWORD
    sub = user_client.sign_up(username, password, demo.ATTRIBUTES)
    with pytest.raises(ClientError, match="CodeMismatch"):
        user_client.confirm(username, "000000")
    user_client.confirm(username, CONFIRMATION_CODE)
    item = require_item(deployed_stage.client("dynamodb"), TABLE, sub)
    assert item["name"] == {"S": "John Doe"}
    assert item["email_verified"] == {"BOOL": True}
    token = user_client.sign_in(username, password)["IdToken"]
    assert user_client.call("GET", f"/users/{sub}", token).body["blood_group"] == "A+"


def test_invalid_sign_up_is_rejected_by_the_deployed_trigger(user_client: UserClient) -> None:
    email = generate_email()
    with pytest.raises(ClientError, match="PreSignUp failed with error date of birth must not be in the future"):
        user_client.sign_up(email, PASSWORD, sign_up_attributes(email, dob="2999-01-01"))


def test_owner_can_read_and_replace_the_profile(user: User) -> None:
    before = user.get()
    assert before.status == 200
    response = user.put({**before.body, "name": "Jane R. Roe"})
    assert (response.status, response.body["version"]) == (200, before.body["version"] + 1)
    assert user.get(user.sub).body["name"] == "Jane R. Roe"


def test_missing_profile_is_provisioned(signed_up_user: UserFactory) -> None:
    user = signed_up_user()
    delete_stored_profile(user)
    assert user.get().status == 200


class TestDeployed(AuthorizationSuite):
    """On the deployed API."""


class TestDeployedPictures(PictureSuite):
    """On the deployed API, whose functions have only the permissions of their roles."""


def test_page_of_a_configured_origin_can_upload_and_download(user: User) -> None:
    form = create_upload(user).body
    for origin, allowed in ((ORIGIN, ORIGIN), ("https://evil.example", None)):
        responses = [
            requests.post(
                form["url"], form["fields"], files={"file": make_image()}, headers={"Origin": origin}, timeout=20
            ),
        ]
        assert set_picture(user, form["upload_id"]).status == 200
        responses.append(requests.get(get_link(user).body["url"], headers={"Origin": origin}, timeout=20))
        assert [response.headers.get("Access-Control-Allow-Origin") for response in responses] == [allowed, allowed]
    delete_picture(user)


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [("GET", "/users/me", 401), ("POST", "/users/me", 405), ("GET", "/elsewhere", 404), ("POST", "/", 404)],
)
def test_page_of_a_configured_origin_can_read_errors(
    user_client: UserClient, method: str, path: str, status: int
) -> None:
    actual, headers, problem = send_request(user_client.stack, method, path, {"Origin": ORIGIN})
    assert (actual, problem["status"]) == (status, status)
    assert headers["Content-Type"] == "application/problem+json"
    assert headers["Access-Control-Allow-Origin"] == ORIGIN
    assert headers["Cache-Control"] == "private, no-store"


def test_problem_type_is_a_page_of_the_api(deployed_stage: DeployedStage, user_client: UserClient, user: User) -> None:
    gateway_problem, application_problem = (
        send_request(user_client.stack, "GET", "/users/me", {})[2],
        user.get("another").body,
    )
    page = urlopen(f"{user_client.stack.api_url}/problems", timeout=10)
    text = page.read().decode()
    page.close()
    for problem in (gateway_problem, application_problem):
        url, _, section = problem["type"].partition("#")
        assert url == f"https://{deployed_stage.api_ids[0]}.execute-api.us-east-1.amazonaws.com/{STAGE}/problems"
        assert f'id="{section}"' in text


def test_request_id_of_a_problem_is_in_the_log(deployed_stage: DeployedStage, user: User) -> None:
    request_id = user.get("another").body["request_id"]
    response = deployed_stage.client("logs").filter_log_events(
        logGroupName=f"/aws/lambda/{NAME}", filterPattern=f'"{request_id}"'
    )
    assert [event for event in response["events"] if request_id in event["message"]]


def test_throttled_request_is_a_429_with_retry_after(
    deployed_stage: DeployedStage, user_client: UserClient, user: User
) -> None:
    gateway, (api_id,) = deployed_stage.client("apigateway"), deployed_stage.api_ids

    def throttle(rate: str, burst: str) -> None:
        limits = {"rateLimit": rate, "burstLimit": burst}
        operations = [
            {"op": "replace", "path": f"/*/*/throttling/{name}", "value": value} for name, value in limits.items()
        ]
        gateway.update_stage(restApiId=api_id, stageName=STAGE, patchOperations=operations)

    throttle("1", "1")
    responses = [send_request(user_client.stack, "GET", "/users/me", {"Authorization": user.token}) for _ in range(5)]
    throttle("500", "1000")
    status, headers, problem = responses[-1]
    assert (status, problem["title"], headers["Retry-After"]) == (429, "Too Many Requests", "1")
    assert headers["Content-Type"] == "application/problem+json"


def test_preflight_allows_only_configured_origins(user_client: UserClient) -> None:
    status, headers, _ = send_request(user_client.stack, "OPTIONS", "/users/me", {"Origin": ORIGIN})
    assert (status, headers["Access-Control-Allow-Origin"]) == (204, ORIGIN)
    _, headers, _ = send_request(user_client.stack, "OPTIONS", "/users/me", {"Origin": "https://evil.example"})
    assert "Access-Control-Allow-Origin" not in headers
