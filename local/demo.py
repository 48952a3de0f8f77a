"""The demo of `make run`: a user signs up, signs in, and updates the profile."""

from typing import Any, Final

from botocore.exceptions import ClientError
from pycognito.exceptions import MFAChallengeException, WarrantException

from local import terminal
from local.console_operations_client import ConsoleOperationsClient
from local.emulator_clients import emulator_client
from local.mail_store import require_code
from local.user_client import UserClient

USERNAME: Final = "john@example.com"
PASSWORD: Final = "StrongPass123!"
ATTRIBUTES: Final = {
    "name": "John Doe",
    "email": "john@example.com",
    "phone_number": "+8801712345678",
    "custom:dob": "1990-05-14",
    "custom:gender": "Male",
    "custom:blood_group": "A+",
}
EDITED_NAME: Final = "John A. Doe"
# The user was disabled, has another password, must reset it, or is not confirmed.
_SIGN_IN_REJECTIONS: Final = ("NotAuthorizedException", "PasswordResetRequiredException", "UserNotConfirmedException")


def run_demo(client: UserClient) -> None:
    """Sign up the example user and print the result of each step. A user of an earlier run is only signed in."""
    try:
        sub = client.sign_up(USERNAME, PASSWORD, ATTRIBUTES)
    except ClientError as exc:
        if exc.response["Error"]["Code"] != "UsernameExistsException":
            raise
        terminal.print_title(f"{USERNAME} exists from an earlier run")
        _show_existing_user(client)
        return
    terminal.print_title(f"{USERNAME} signs up")
    terminal.print_step(1, "SignUp", f"user {sub}, confirmation code sent by mail")
    code = require_code(ConsoleOperationsClient(client.stack), USERNAME)
    client.confirm(USERNAME, code)
    terminal.print_step(2, "ConfirmSignUp", f"with code {code}; Cognito invokes PostConfirmation")
    _show_stored_item(client, sub)
    token = _sign_in(client, 4)
    profile = _show_profile(client, token, 5, sub)
    response = client.call("PUT", f"/users/{sub}", token, {**profile, "name": EDITED_NAME})
    terminal.print_step(6, "PUT /users/{user_id}", f"{response.status}, name is now {response.body['name']}")
    _show_profile(client, token, 7, sub)


def _show_existing_user(client: UserClient) -> None:
    """Sign in and show the profile. Print a note if the user cannot sign in, so that the run continues."""
    try:
        token = _sign_in(client, 1)
    except WarrantException as exc:
        reason = exc.message if isinstance(exc, MFAChallengeException) else str(exc)
    except ClientError as exc:
        error = exc.response["Error"]
        if error["Code"] not in _SIGN_IN_REJECTIONS:
            raise
        reason = error["Message"]
    else:
        _show_profile(client, token, 2, "me")
        return
    reason = reason.removesuffix(".")
    terminal.print_note(f"  The demo cannot sign in: {reason}. Change the user in the console, or run make reset.")


def _show_stored_item(client: UserClient, sub: str) -> None:
    dynamodb = emulator_client("dynamodb", client.stack)
    item = dynamodb.get_item(TableName=client.stack.table, Key={"user_id": {"S": sub}})["Item"]
    terminal.print_step(3, "DynamoDB", f"profile stored in {client.stack.table}, version {item['version']['N']}")


def _sign_in(client: UserClient, number: int) -> str:
    token = client.sign_in(USERNAME, PASSWORD)["IdToken"]
    terminal.print_step(number, "Sign in (SRP)", f"ID token of {len(token)} characters, valid for 15 minutes")
    return token


def _show_profile(client: UserClient, token: str, number: int, user_id: str) -> dict[str, Any]:
    response = client.call("GET", f"/users/{user_id}", token)
    profile = response.body
    values = ", ".join(str(profile.get(name)) for name in ("name", "dob", "gender", "blood_group"))
    path = "GET /users/me" if user_id == "me" else "GET /users/{user_id}"
    terminal.print_step(number, path, f"{response.status}, version {profile.get('version')}: {values}")
    return profile
