"""Install all patches of MiniStack."""

from typing import Final

from local.emulator_patches import (
    cloudwatch_alarms,
    cognito_accounts,
    cognito_admin,
    cognito_attributes,
    cognito_delivery,
    cognito_sign_in,
    cognito_tokens,
    cognito_triggers,
    credentials,
    eventbridge_retries,
    guardduty,
    lambda_logs,
    lambda_runtimes,
    rest_apis,
    s3_bucket_policies,
    s3_post_checksums,
)

# In this order, because some patches wrap the same function.
_PATCHES: Final = (
    cloudwatch_alarms,
    lambda_logs,
    rest_apis,
    cognito_triggers,
    cognito_accounts,
    cognito_admin,
    cognito_attributes,
    cognito_delivery,
    cognito_sign_in,
    cognito_tokens,
    credentials,
    lambda_runtimes,
    s3_bucket_policies,
    s3_post_checksums,
    eventbridge_retries,
    guardduty,
)


def install_patches() -> None:
    """Install all patches. MiniStack reads its configuration at import, so the environment must be set."""
    for patch in _PATCHES:
        patch.install()
