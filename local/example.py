"""The example that `make run` shows: one user's way from sign-up to an edited profile."""

from typing import Any, Final

from botocore.exceptions import ClientError

from local import console
from local.aws import CONFIRMATION_CODE
from local.session import Session
from local.stack import client

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


def show(session: Session) -> None:
    """Sign the example user up, or in where an earlier run has done it. Each step says what came of it."""
    try:
        sub = session.sign_up(USERNAME, PASSWORD, ATTRIBUTES)
    except ClientError as exc:
        if exc.response["Error"]["Code"] != "UsernameExistsException":
            raise
        console.title(f"{USERNAME} is here from an earlier run")
        _read(session, _sign_in(session, 1), 2, "me")
        return
    console.title(f"{USERNAME} signs up")
    console.step(1, "SignUp", f"user {sub}, a code goes out by mail")
    session.confirm(USERNAME, CONFIRMATION_CODE)
    console.step(2, "ConfirmSignUp", f"with code {CONFIRMATION_CODE}; Cognito fires PostConfirmation")
    _stored(session, sub)
    token = _sign_in(session, 4)
    profile = _read(session, token, 5, sub)
    answer = session.call("PUT", f"/users/{sub}", token, {**profile, "name": EDITED_NAME})
    console.step(6, "PUT /users/{user_id}", f"{answer.status}, name is now {answer.body['name']}")
    _read(session, token, 7, sub)


def _stored(session: Session, sub: str) -> None:
    dynamodb = client("dynamodb", session.stack)
    item = dynamodb.get_item(TableName=session.stack.table, Key={"user_id": {"S": sub}})["Item"]
    console.step(3, "DynamoDB", f"{session.stack.table} has the profile, version {item['version']['N']}")


def _sign_in(session: Session, number: int) -> str:
    token = session.sign_in(USERNAME, PASSWORD)["IdToken"]
    console.step(number, "Sign in (SRP)", f"ID token of {len(token)} characters, good for 15 minutes")
    return token


def _read(session: Session, token: str, number: int, user_id: str) -> dict[str, Any]:
    answer = session.call("GET", f"/users/{user_id}", token)
    body = answer.body
    told = ", ".join(str(body.get(name)) for name in ("name", "dob", "gender", "blood_group"))
    path = "GET /users/me" if user_id == "me" else "GET /users/{user_id}"
    console.step(number, path, f"{answer.status}, version {body.get('version')}: {told}")
    return body
