"""The console in the output of `make run`, and the OpenAPI document of its API."""

from local.malware_scan import EICAR_TEST_STRING
from local.user_client import UserClient
from tests.support.console import ConsoleClient
from tests.support.file_client import upload_file
from tests.support.stack import RunningStack, wait_until


def test_address_is_the_first_printed_line(stack: RunningStack) -> None:
    first_line = stack.console_output.read_text().splitlines()[0]
    assert first_line == f"Console: {stack.outputs.console_url}"


def test_rejected_file_is_only_in_the_log_file(
    console: ConsoleClient, user_client: UserClient, stack: RunningStack
) -> None:
    upload_file(console.sign_in(user_client, console.create_user()), EICAR_TEST_STRING)
    wait_until(lambda: "file rejected" in stack.read_logs())
    assert "file rejected" not in stack.console_output.read_text()


def test_changed_openapi_document_names_this_api(console: ConsoleClient, stack: RunningStack) -> None:
    content = console.get("openapi")
    assert content["document"]["servers"][0]["url"] == stack.outputs.api_url
    assert content["has_viewer"] is True
