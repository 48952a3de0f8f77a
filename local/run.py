"""`make run`: the embedded AWS, its resources and the API; then the example; then serving until Ctrl-C."""

import shlex
import threading
import time
from contextlib import ExitStack
from dataclasses import replace
from typing import Final

from local import console, example, openapi_route, settings
from local.api import Api
from local.aws import CONFIRMATION_CODE
from local.log_view import LogView
from local.processes import StartError
from local.session import Session
from local.settings import LocalSettings
from local.stack import build
from local.startup import (
    CannotStart,
    claim_state,
    format_variables,
    require_different_ports,
    require_free_ports,
    start_aws,
    stop_on_signals,
    use_free_ports,
)


def main() -> int:
    """Return the exit code."""
    stop = stop_on_signals()
    try:
        local = settings.load()
        with ExitStack() as opened:
            serve(local, stop, opened)
    except (CannotStart, StartError, settings.PortError) as exc:
        console.failure(str(exc))
        return 1
    console.note("\nStopped.")
    return 0


def serve(local: LocalSettings, stop: threading.Event, opened: ExitStack) -> None:
    """Start everything, show it, and keep it running until `stop`."""
    started = time.monotonic()
    claim(local, opened)
    console.title("HealthTech users, all on this machine")
    view = LogView()
    aws = start_aws(local, opened, view)
    stack = build(local)
    console.fact("embedded AWS", stack.aws_endpoint_url)
    console.fact("user pool", f"{stack.user_pool_id}, client {stack.user_pool_client_id}")
    console.fact("table, bucket", f"{stack.table}, {stack.bucket}")
    api = opened.enter_context(Api(local, stack, listener=view))
    console.fact("API", f"{stack.api_url}/users/{{user_id}}")
    console.fact("OpenAPI", stack.api_url + openapi_route.PATH)
    stack.write(local.stack_file)
    opened.callback(local.stack_file.unlink, missing_ok=True)
    ready = time.monotonic() - started
    session = Session(stack)
    example.show(session)
    show_commands(local, session)
    console.title(f"Ready in {ready:.1f} s. Ctrl-C stops it, and the users stay")
    console.note(f"  Edit app.py or chalicelib/ and it reloads. Logs are in {local.directory}.")
    view.live = True
    api.serve_until(stop, aws.require_running)


def claim(local: LocalSettings, opened: ExitStack) -> None:
    """Keep ports and state to this run. Raises CannotStart.

    The state comes first: where another run has it, it has the ports too, and other ports alone would not help.
    """
    require_different_ports(local)
    other = use_free_ports(local)
    other = replace(other, directory=settings.ROOT / f".local-{other.api_port}")
    claim_state(local, opened, f"{format_variables(other)}make run")
    require_free_ports(local)


_USERNAME: Final = "jane@example.com"
_FUNCTION: Final = """
cognito() {{ curl -sS {stack.aws_endpoint_url} -d "$2" -H 'Content-Type: application/x-amz-json-1.1' \\
  -H "X-Amz-Target: AWSCognitoIdentityProviderService.$1" | python3 -m json.tool; }}
"""
_SIGN_UP: Final = """
cognito SignUp '{{"ClientId": "'$CLIENT'", "Username": "{username}", "Password": "{password}",
  "UserAttributes": [{{"Name": "email", "Value": "{username}"}}, {{"Name": "name", "Value": "Jane Roe"}},
    {{"Name": "phone_number", "Value": "+8801712345679"}}, {{"Name": "custom:dob", "Value": "1985-01-31"}},
    {{"Name": "custom:gender", "Value": "Female"}}, {{"Name": "custom:blood_group", "Value": "O-"}}]}}'
"""
_CONFIRM: Final = """\
cognito ConfirmSignUp '{{"ClientId": "'$CLIENT'", "Username": "{username}", "ConfirmationCode": "{code}"}}'
"""
_CALL: Final = """
export TOKEN=$(make -s token EMAIL={username} PASSWORD='{password}')

curl -sS $API/users/me -H "Authorization: Bearer $TOKEN" | python3 -m json.tool
curl -sS $API/users/me -H "Authorization: Bearer $TOKEN" -X PUT -H 'Content-Type: application/json' \\
  -d '{{"name": "Jane R. Roe", "dob": "1985-01-31", "gender": "Female", "blood_group": "O-"}}' | python3 -m json.tool
"""
# By the user's status: what is left to do before the user can sign in.
_STEPS: Final = {None: _FUNCTION + _SIGN_UP + _CONFIRM, "UNCONFIRMED": _FUNCTION + _CONFIRM}


def show_commands(local: LocalSettings, session: Session) -> None:
    """Print commands to paste, with this run's addresses. A user of an earlier run need not sign up again."""
    stack, status = session.stack, _status(session, _USERNAME)
    variables = {"API": stack.api_url, "CLIENT": stack.user_pool_client_id}
    if local.directory != settings.DEFAULT_DIRECTORY:
        variables["LOCAL_DIR"] = shlex.quote(str(local.directory))
    steps = (_STEPS.get(status, "") + _CALL).format(
        stack=stack, username=_USERNAME, password=example.PASSWORD, code=CONFIRMATION_CODE
    )
    console.title("Your turn: paste these into another terminal, in this folder")
    console.command("export " + " ".join(f"{name}={value}" for name, value in variables.items()) + "\n" + steps)


def _status(session: Session, username: str) -> str | None:
    """Return a user's status in the pool, or None where there is no such user."""
    cognito = session.cognito
    try:
        user = cognito.admin_get_user(UserPoolId=session.stack.user_pool_id, Username=username)
    except cognito.exceptions.UserNotFoundException:
        return None
    return str(user["UserStatus"])
