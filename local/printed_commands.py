"""The commands that `make run` prints for the user to paste. The console shows them as well."""

import shlex
from typing import Final

from local import config, terminal
from local.config import LocalSettings
from local.demo import PASSWORD
from local.emulator import CONFIRMATION_CODE
from local.user_client import UserClient

_USERNAME: Final = "jane@example.com"
_DEFINE_FUNCTION: Final = """
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
_CALL_API: Final = """
export TOKEN=$(make -s token EMAIL={username} PASSWORD='{password}')

curl -sS $API/users/me -H "Authorization: Bearer $TOKEN" | python3 -m json.tool
curl -sS $API/users/me -H "Authorization: Bearer $TOKEN" -X PUT -H 'Content-Type: application/json' \\
  -d '{{"name": "Jane R. Roe", "dob": "1985-01-31", "gender": "Female", "blood_group": "O-"}}' | python3 -m json.tool
"""
RANDOM_CODE: Final = "CODE"  # a placeholder for the code in the Mail tab of the console
# The steps before the user can sign in, by the user's status. None: the user does not exist.
_STEPS: Final = {None: _DEFINE_FUNCTION + _SIGN_UP + _CONFIRM, "UNCONFIRMED": _DEFINE_FUNCTION + _CONFIRM}


def print_commands(local: LocalSettings, client: UserClient) -> None:
    """Print the commands."""
    terminal.print_title("Try it: paste these commands into another terminal, in this folder")
    terminal.print_commands(build_commands(local, client))
    if local.has_random_codes:
        terminal.print_note(f"  Replace {RANDOM_CODE} with the code in the Mail tab of the console.")


def build_commands(local: LocalSettings, client: UserClient) -> str:
    """Return the commands with the addresses of this run. Omit the sign-up if an earlier run has created the user."""
    stack = client.stack
    variables = {"API": stack.api_url, "CLIENT": stack.user_pool_client_id}
    if local.state_directory != config.DEFAULT_STATE_DIRECTORY:
        variables["LOCAL_DIR"] = shlex.quote(str(local.state_directory))
    code = RANDOM_CODE if local.has_random_codes else CONFIRMATION_CODE
    steps = (_STEPS.get(_get_status(client), "") + _CALL_API).format(
        stack=stack, username=_USERNAME, password=PASSWORD, code=code
    )
    return "export " + " ".join(f"{name}={value}" for name, value in variables.items()) + "\n" + steps


def _get_status(client: UserClient) -> str | None:
    """Return the user's status in the user pool, or None if the user does not exist."""
    cognito = client.cognito
    try:
        user = cognito.admin_get_user(UserPoolId=client.stack.user_pool_id, Username=_USERNAME)
    except cognito.exceptions.UserNotFoundException:
        return None
    return str(user["UserStatus"])
