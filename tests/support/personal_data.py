"""The check that logs contain no personal data."""

from typing import Final

# Parts of the names, addresses, numbers, birth dates, passwords and tokens of the tests' users. Values of a user that a
# test adds must contain one of them, or be added here. The phone number and the birth date of the documented example
# are left out: error messages contain them as samples of the format.
PERSONAL_MARKERS: Final = (
    "john", "jane", "johnny", "person number", "writer ", "editor ", "mallory", "boto three", "quillfeather", "secret",
    "@example", "example.com", "+8801898765432", "+4915112345678", "+4207775", "1985-01-31", "1931-05-07",
    "StrongPass", "AnotherPass", "AccessToken", "IdToken",
)  # fmt: skip
TOKEN_MARKER: Final = "eyJ"  # case-sensitive: names of directories may contain "eyj"


def assert_no_personal_data(log: str) -> None:
    """Fail if a log contains personal data of the tests' users."""
    assert TOKEN_MARKER not in log, TOKEN_MARKER
    for marker in PERSONAL_MARKERS:
        assert marker.lower() not in log.lower(), marker
