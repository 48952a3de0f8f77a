"""docs/sign-up.md matches the code: attributes, labels, password rule and sign-in flows."""

import re

import pytest

from chalicelib.core.errors import FieldError, SignUpRejected
from chalicelib.profiles.models import SelfSignUpAttributes
from local.resources.user_pool import build_client_settings, build_pool_settings
from tests.support.markdown import get_section, list_rows

PAGE = "docs/sign-up.md"
ROWS = [(row[0].strip("`"), row[2].strip("`")) for row in list_rows(PAGE, "Attributes")]


def section(title: str) -> str:
    return " ".join(get_section(PAGE, title).split())


def test_attributes_are_those_of_the_form() -> None:
    required = {field.alias or name for name, field in SelfSignUpAttributes.model_fields.items() if field.is_required()}
    assert {attribute for attribute, _ in ROWS} == required


@pytest.mark.parametrize(("attribute", "label"), ROWS)
def test_rejection_names_the_documented_label(attribute: str, label: str) -> None:
    assert str(SignUpRejected([FieldError(f"/{attribute}", "is required")])) == f"{label} is required"


def test_password_rule_matches_the_user_pool() -> None:
    policy = build_pool_settings({})["Policies"]["PasswordPolicy"]
    assert f"at least {policy['MinimumLength']} characters" in section("Password and codes")
    assert all(policy[f"Require{kind}"] for kind in ("Uppercase", "Lowercase", "Numbers", "Symbols"))


def test_sign_in_flows_match_the_client() -> None:
    settings = build_client_settings()
    assert settings["ExplicitAuthFlows"] == ["ALLOW_USER_SRP_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"]
    assert f"valid for {settings['IdTokenValidity']} minutes" in section("Sign-in")


def test_error_message_example_is_a_rejection() -> None:
    errors = [FieldError("/name", "is required"), FieldError("/custom:dob", "must not be in the future")]
    (message,) = re.findall(r"^PreSignUp failed with error (.+)\.$", get_section(PAGE, "Errors"), re.MULTILINE)
    assert message == str(SignUpRejected(errors))
