"""A page of another site attacks the stack of `make run`, in Chromium."""

import json
import time
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
from tests.support.stack import STACK_TIMEOUT, RunningStack

pytestmark = pytest.mark.slow
# The attacker's names lead to this machine.
EVIL = "evil.test"
DNS = "--host-resolver-rules=MAP *.test 127.0.0.1"

# What a page can send without a preflight.
ATTACKS = {
    "a request that is not read": "url => { fetch(url, { method: 'POST', mode: 'no-cors', body: '{}' }); }",
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
    """The attacker's site."""
    root = tmp_path_factory.mktemp("site")
    (root / "index.html").write_text("<!doctype html><title>Evil</title><body></body>")
    with serve_directory(root) as address:
        yield f"http://{EVIL}:{urlsplit(address).port}/"


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with open_chromium_page(DNS) as page:
        assert page.context.browser
        yield page.context.browser


@pytest.fixture
def page(browser: Browser, site: str) -> Iterator[Page]:
    """The attacker's page, in a window of its own: an attack may still go on when its test has ended."""
    page = browser.new_page()
    page.goto(site)
    yield page
    page.close()


@pytest.fixture(params=["the documented key", "the run's own key"])
def key(run: RunningStack, request: pytest.FixtureRequest) -> AccessKey:
    return DOCUMENTED_KEY if request.param == "the documented key" else run.outputs.access_key


def refused(run: RunningStack, path: str) -> int:
    """How often this path was refused to pages, by the log of the embedded AWS: browsers keep some answers back."""
    lines = (run.directory / "aws.log").read_text().splitlines()
    told = [json.loads(line) for line in lines if line.startswith('{"request":')]
    return len([it for it in told if it["request"].endswith(f" {path}") and it["status"] == 403])


def wait_until_refused(run: RunningStack, path: str, count: int) -> None:
    deadline = time.monotonic() + STACK_TIMEOUT
    while refused(run, path) < count:
        assert time.monotonic() < deadline, f"{path} was not refused"
        time.sleep(0.05)


def fetch(page: Page, url: str, **options: Any) -> str:
    """What a page gets to see: a status, or that the browser has kept it from it."""
    told: str = page.evaluate(
        "([url, options]) => fetch(url, options).then((it) => `${it.status}`, (error) => error.name)", [url, options]
    )
    return told


def test_page_signs_no_call(page: Page, run: RunningStack, key: AccessKey) -> None:
    for signed in (create_function(run.outputs, key), invoke_function(run.outputs, key)):
        assert fetch(page, signed.url, method=signed.method, headers=signed.headers, body=signed.body) == "TypeError"
    assert not has_function(run.outputs)


def test_page_signs_no_call_in_the_query(page: Page, run: RunningStack, key: AccessKey) -> None:
    """Such a call needs no preflight."""
    signed = create_function(run.outputs, key, in_query=True)
    assert fetch(page, signed.url, method=signed.method, body=signed.body, mode="no-cors") == "0"
    assert not has_function(run.outputs)


@pytest.mark.parametrize("kind", ATTACKS)
@pytest.mark.parametrize("path", ["/_ministack/reset", "/_ministack/ses/messages", "/2015-03-31/functions"])
def test_page_reaches_nothing_without_a_preflight(page: Page, run: RunningStack, kind: str, path: str) -> None:
    before = refused(run, path)
    page.evaluate(ATTACKS[kind], run.outputs.aws_endpoint_url + path)
    wait_until_refused(run, path, before + 1)
    assert emulator_client("cognito-idp", run.outputs).list_users(UserPoolId=run.outputs.user_pool_id)["Users"]


@pytest.mark.parametrize("url", ["{aws_endpoint_url}/_ministack/ses/messages", "{aws_endpoint_url}/_ministack/health"])
def test_page_reads_nothing_of_the_emulator(page: Page, run: RunningStack, url: str) -> None:
    assert fetch(page, url.format(**asdict(run.outputs))) == "TypeError"


@pytest.mark.parametrize("path", ["{api_url}/problems", "{aws_endpoint_url}/_ministack/health"])
def test_name_that_leads_to_this_machine_is_refused(page: Page, run: RunningStack, path: str) -> None:
    """DNS rebinding: to the browser, page and server have the same origin."""
    url = path.format(**asdict(run.outputs))
    reached, rebound = page.goto(url), page.goto(url.replace("127.0.0.1", EVIL))
    assert reached
    assert rebound
    assert (reached.status, rebound.status) == (200, 421)


def test_page_may_use_the_api_and_cognito(page: Page, run: RunningStack) -> None:
    """The whole way of a user is in test_browser.py."""
    assert fetch(page, f"{run.outputs.api_url}/users/me") == "401"
    headers = {
        "Content-Type": "application/x-amz-json-1.1",
        "X-Amz-Target": "AWSCognitoIdentityProviderService.GetUser",
    }
    body = '{"AccessToken": "none"}'
    assert fetch(page, run.outputs.aws_endpoint_url, method="POST", headers=headers, body=body) == "400"
