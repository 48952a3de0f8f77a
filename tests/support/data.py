"""Values that tests share: identifiers, claims, bodies and forms.

Personal values are among those that `personal_data.PERSONAL_MARKERS` finds in logs.
"""

from typing import Any, Final

MEBIBYTE: Final = 1024 * 1024

# The environment of tests that run the application in their own process.
POOL_ID: Final = "us-east-1_UnitTests"
CLIENT_ID: Final = "unittestsclient"
TABLE: Final = "Users"
BUCKET: Final = "healthtech-profile-pics"
RECORDS_TABLE: Final = "UserRecords"
CLOSED_PORT_ENDPOINT: Final = "http://127.0.0.1:9"  # the discard port: connections are refused

SUB: Final = "1b2c3d4e-0000-4000-8000-000000000001"
OTHER_SUB: Final = "1b2c3d4e-0000-4000-8000-000000000002"
UNKNOWN_SUB: Final = "0000000a-0000-4000-8000-00000000000b"  # of no user; its letters have an upper case

CLAIMS: Final = {
    "sub": SUB,
    "token_use": "id",
    "exp": "Wed Nov 25 10:00:00 UTC 2026",
    "aud": CLIENT_ID,
    "iss": f"https://cognito-idp.us-east-1.amazonaws.com/{POOL_ID}",
}

FILE_ID: Final = "019ad0e5-7c00-7000-8000-000000000001"  # of no file

# A complete and valid body of PUT.
PROFILE_BODY: Final = {"name": "Jane Roe", "dob": "1985-01-31", "gender": "Female", "blood_group": "O-"}

_CUSTOM_ATTRIBUTES: Final = ("dob", "gender", "blood_group")


def fill_path(path: str, user_id: str = "me", file_id: str = FILE_ID) -> str:
    """Return the path of a route with these values for its parameters."""
    return path.format(user_id=user_id, file_id=file_id)


def sign_up_attributes(email: str, **overrides: str | None) -> dict[str, str]:
    """Return the attributes of a valid sign-up.

    An override is named without `custom:`, as in `dob="1990-05-14"`. None removes the attribute.
    """
    values = {**PROFILE_BODY, "email": email, "phone_number": "+8801898765432", **overrides}
    return {
        f"custom:{name}" if name in _CUSTOM_ATTRIBUTES else name: value
        for name, value in values.items()
        if value is not None
    }


def profile_item(user_id: str, **overrides: Any) -> dict[str, Any]:
    """Return the DynamoDB item of the profile in PROFILE_BODY, at version 1."""
    return {
        "user_id": {"S": user_id},
        **{name: {"S": value} for name, value in PROFILE_BODY.items()},
        "created_at": {"S": "2026-01-01T00:00:00.000Z"},
        "updated_at": {"S": "2026-01-01T00:00:00.000Z"},
        "version": {"N": "1"},
        "email_verified": {"BOOL": False},
        "phone_number_verified": {"BOOL": False},
        **overrides,
    }
