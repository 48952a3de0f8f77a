"""Attacks of a page of another site on the stack of `make run`, in Chromium."""

import json
from collections.abc import Iterator
from dataclasses import asdict
from typing import Any
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, Page

from local.config import AccessKey
from local.emulator_clients import emulator_client
from tests.support.attack import DOCUMENTED_KEY, create_function, has_function, invoke_function
from tests.support.browser import open_chromium_page, serve_directory
from tests.support.stack import RunningStack, wait_until

pytestmark = pytest.mark.slow
# The host names of the attacker resolve to this machine.
EVIL_HOST = "evil.test"
DNS_FLAG = "--host-resolver-rules=MAP *.test 127.0.0.1"

# Requests that a page can send without a preflight.
ATTACKS = {
    "a request whose response is not read": "url => { fetch(url, { method: 'POST', mode: 'no-cors', body: '{}' }); }",
    "a form of plain text": """url => {
        document.body.innerHTML = `<form method="post" enctype="text/plain"><input name="{" value="}"></form>`;
        document.forms[0].action = url;
        document.forms[0].submit();
    }""",
    "a form in a sandboxed frame": """url => {
        const frame = document.createElement("iframe");
        frame.sandbox = "allow-scripts allow-forms";
        frame.srcdoc = `<form method="post" enctype="text/plain" action="${url}"><input name="{" value="}"></form>
          <script>document.forms[0].submit()</script>`;
        document.body.append(frame);
    }""",
    "an image": "url => { new Image().src = url; }",
    "a script": """url => {
        const script = document.createElement("script");
        script.src = url;
        document.head.append(script);
    }""",
    "a frame": "url => { document.body.innerHTML = `<iframe src='${url}'></iframe>`; }",
    "a beacon": "url => { navigator.sendBeacon(url, '{}'); }",
    "a link": "url => { location = url; }",
}


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Serve the site of the attacker."""
    root = tmp_path_factory.mktemp("site")
    (root / "index.html").write_text("<!doctype html><title>Evil</title><body></body>")
    with serve_directory(root) as address:
        yield f"http://{EVIL_HOST}:{urlsplit(address).port}/"


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with open_chromium_page(DNS_FLAG) as page:
        assert page.context.browser
        yield page.context.browser


@pytest.fixture
def page(browser: Browser, site: str) -> Iterator[Page]:
    """Open the page of the attacker in a window of its own, because an attack may outlast its test."""
    page = browser.new_page()
    page.goto(site)
    yield page
    page.close()


@pytest.fixture(params=["the documented key", "the run's own key"])
def key(stack: RunningStack, request: pytest.FixtureRequest) -> AccessKey:
    return DOCUMENTED_KEY if request.param == "the documented key" else stack.outputs.access_key


def count_rejected(stack: RunningStack, path: str) -> int:
    """Return how often requests of pages for this path were rejected, from the log of the embedded AWS.

    A browser does not reveal the response of every request.
    """
    lines = (stack.directory / "aws.log").read_text().splitlines()
    requests = [json.loads(line) for line in lines if line.startswith('{"request":')]
    return sum(request["request"].endswith(f" {path}") and request["status"] == 403 for request in requests)


def wait_until_rejected(stack: RunningStack, path: str, count: int) -> None:
    wait_until(lambda: count_rejected(stack, path) >= count, lambda: f"{path} was not rejected")


def fetch_in_page(page: Page, url: str, **options: Any) -> str:
    """Return the status of a response as a page sees it, or the name of the error."""
    outcome: str = page.evaluate(
        "([url, options]) => fetch(url, options).then((response) => `${response.status}`, (error) => error.name)",
        [url, options],
    )
    return outcome


def test_page_cannot_send_a_signed_call(page: Page, stack: RunningStack, key: AccessKey) -> None:
    for signed in (create_function(stack.outputs, key), invoke_function(stack.outputs, key)):
        assert (
            fetch_in_page(page, signed.url, method=signed.method, headers=signed.headers, body=signed.body)
            == "TypeError"
        )
    assert not has_function(stack.outputs)


def test_page_cannot_send_a_call_signed_in_the_query(page: Page, stack: RunningStack, key: AccessKey) -> None:
    """Such a call needs no preflight."""
    signed = create_function(stack.outputs, key, in_query=True)
    assert fetch_in_page(page, signed.url, method=signed.method, body=signed.body, mode="no-cors") == "0"
    assert not has_function(stack.outputs)


@pytest.mark.parametrize("kind", ATTACKS)
@pytest.mark.parametrize("path", ["/_ministack/reset", "/_ministack/ses/messages", "/2015-03-31/functions"])
def test_page_cannot_attack_without_a_preflight(page: Page, stack: RunningStack, kind: str, path: str) -> None:
    before = count_rejected(stack, path)
    page.evaluate(ATTACKS[kind], stack.outputs.aws_endpoint_url + path)
    wait_until_rejected(stack, path, before + 1)
    assert emulator_client("cognito-idp", stack.outputs).list_users(UserPoolId=stack.outputs.user_pool_id)["Users"]


@pytest.mark.parametrize("url", ["{aws_endpoint_url}/_ministack/ses/messages", "{aws_endpoint_url}/_ministack/health"])
def test_page_cannot_read_the_emulator(page: Page, stack: RunningStack, url: str) -> None:
    assert fetch_in_page(page, url.format(**asdict(stack.outputs))) == "TypeError"


@pytest.mark.parametrize("path", ["{api_url}/problems", "{aws_endpoint_url}/_ministack/health"])
def test_host_name_that_resolves_to_this_machine_is_rejected(page: Page, stack: RunningStack, path: str) -> None:
    """DNS rebinding: for the browser, the page and the server have the same origin."""
    url = path.format(**asdict(stack.outputs))
    reached, rebound = page.goto(url), page.goto(url.replace("127.0.0.1", EVIL_HOST))
    assert reached
    assert rebound
    assert (reached.status, rebound.status) == (200, 421)


def test_page_can_use_the_api_and_cognito(page: Page, stack: RunningStack) -> None:
    """test_cognito_js.py has the complete journey of a user."""
    assert fetch_in_page(page, f"{stack.outputs.api_url}/users/me") == "401"
    headers = {
        "Content-Type": "application/x-amz-json-1.1",
        "X-Amz-Target": "AWSCognitoIdentityProviderService.GetUser",
    }
    body = '{"AccessToken": "none"}'
    assert fetch_in_page(page, stack.outputs.aws_endpoint_url, method="POST", headers=headers, body=body) == "400"
