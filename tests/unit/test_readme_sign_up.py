"""The README's section on sign-up says what the code does."""

import re

import pytest

from chalicelib.errors import FieldError, SignUpRefused
from chalicelib.models import SelfSignUp
from local.stack import _client_settings, _pool_settings
from tests.readme import section

SIGN_UP = section("Sign-up")
ROWS = re.findall(r"^\| `([\w:]+)` \| .+ \| `([\w ]+)` \|$", SIGN_UP, re.MULTILINE)


def test_the_table_has_the_attributes_of_the_form() -> None:
    required = {field.alias or name for name, field in SelfSignUp.model_fields.items() if field.is_required()}
    assert {attribute for attribute, _ in ROWS} == required


@pytest.mark.parametrize(("attribute", "label"), ROWS)
def test_a_refusal_names_the_attribute_as_the_table_says(attribute: str, label: str) -> None:
    assert str(SignUpRefused([FieldError(f"/{attribute}", "is required")])) == f"{label} is required"


def test_the_password_rule_is_the_pool_s() -> None:
    policy = _pool_settings({})["Policies"]["PasswordPolicy"]
    assert f"at least {policy['MinimumLength']} characters" in SIGN_UP
    assert all(policy[f"Require{kind}"] for kind in ("Uppercase", "Lowercase", "Numbers", "Symbols"))


def test_the_sign_in_flows_are_the_client_s() -> None:
    settings = _client_settings()
    assert settings["ExplicitAuthFlows"] == ["ALLOW_USER_SRP_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"]
    assert f"good for {settings['IdTokenValidity']} minutes" in SIGN_UP.replace("\n  ", " ")
