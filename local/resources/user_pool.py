"""The Cognito user pool and its app client."""

from typing import Any, Final

from infra.custom_attributes import add_missing_attributes
from local.stack import STACK_NAME

_STANDARD_ATTRIBUTES: Final = ["email", "name", "phone_number"]
_CUSTOM_ATTRIBUTES: Final = {"dob": 10, "gender": 16, "blood_group": 16}  # maximum lengths, in characters
_MAX_RESULTS: Final = 60  # the maximum of ListUserPools and ListUserPoolClients
_IMMUTABLE_POOL_SETTINGS: Final = {
    "PoolName": STACK_NAME,
    "UsernameAttributes": ["email"],
    "UsernameConfiguration": {"CaseSensitive": False},
}
_IMMUTABLE_CLIENT_SETTINGS: Final = ("GenerateSecret",)


def ensure_user_pool(cognito: Any, trigger_arns: dict[str, str]) -> tuple[str, str]:
    """Create the user pool and its client, or update their settings. Return the ids of both."""
    pool_id = _ensure_pool(cognito, trigger_arns)
    cognito.set_user_pool_mfa_config(
        UserPoolId=pool_id, MfaConfiguration="OPTIONAL", SoftwareTokenMfaConfiguration={"Enabled": True}
    )
    add_missing_attributes(cognito, pool_id, _CUSTOM_ATTRIBUTES, is_emulated=True)
    return pool_id, _ensure_client(cognito, pool_id)


def _ensure_pool(cognito: Any, trigger_arns: dict[str, str]) -> str:
    settings = build_pool_settings(trigger_arns)
    pools = cognito.list_user_pools(MaxResults=_MAX_RESULTS)["UserPools"]
    pool_id = next((str(pool["Id"]) for pool in pools if pool["Name"] == STACK_NAME), None)
    if pool_id is None:
        return str(cognito.create_user_pool(**_IMMUTABLE_POOL_SETTINGS, **settings)["UserPool"]["Id"])
    cognito.update_user_pool(UserPoolId=pool_id, **settings)  # an earlier release may have had fewer triggers
    return pool_id


def _ensure_client(cognito: Any, pool_id: str) -> str:
    settings = build_client_settings()
    clients = cognito.list_user_pool_clients(UserPoolId=pool_id, MaxResults=_MAX_RESULTS)["UserPoolClients"]
    if not clients:
        client = cognito.create_user_pool_client(UserPoolId=pool_id, **settings)["UserPoolClient"]
        return str(client["ClientId"])
    client_id = str(clients[0]["ClientId"])
    mutable = {name: value for name, value in settings.items() if name not in _IMMUTABLE_CLIENT_SETTINGS}
    cognito.update_user_pool_client(UserPoolId=pool_id, ClientId=client_id, **mutable)
    return client_id


def build_pool_settings(trigger_arns: dict[str, str]) -> dict[str, Any]:
    """Return the settings of the user pool that can be updated, with the ARNs of the functions by trigger."""
    return {
        "AdminCreateUserConfig": {"AllowAdminCreateUserOnly": False},
        "AutoVerifiedAttributes": ["email"],
        "UserAttributeUpdateSettings": {"AttributesRequireVerificationBeforeUpdate": ["email"]},
        "AccountRecoverySetting": {"RecoveryMechanisms": [{"Priority": 1, "Name": "verified_email"}]},
        "DeletionProtection": "ACTIVE",
        "MfaConfiguration": "OPTIONAL",
        "UserPoolTier": "LITE",
        "Policies": {
            "PasswordPolicy": {
                "MinimumLength": 12,
                "RequireLowercase": True,
                "RequireUppercase": True,
                "RequireNumbers": True,
                "RequireSymbols": True,
                "TemporaryPasswordValidityDays": 7,
                "PasswordHistorySize": 0,
            }
        },
        "LambdaConfig": trigger_arns,
    }


def build_client_settings() -> dict[str, Any]:
    """Return the settings of the app client."""
    return {
        "ClientName": "web",
        "GenerateSecret": False,
        "ExplicitAuthFlows": ["ALLOW_USER_SRP_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"],
        "PreventUserExistenceErrors": "ENABLED",
        "EnableTokenRevocation": True,
        "IdTokenValidity": 15,
        "AccessTokenValidity": 15,
        "RefreshTokenValidity": 7,
        "TokenValidityUnits": {"IdToken": "minutes", "AccessToken": "minutes", "RefreshToken": "days"},
        # ID tokens contain the attributes that a client can read. Health data is not among them.
        "ReadAttributes": [*_STANDARD_ATTRIBUTES, "email_verified", "phone_number_verified"],
        "WriteAttributes": [*_STANDARD_ATTRIBUTES, *(f"custom:{name}" for name in _CUSTOM_ATTRIBUTES)],
    }
