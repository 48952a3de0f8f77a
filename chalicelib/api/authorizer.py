"""The Cognito authorizer of all routes that need a signed-in user.

All routes share one object, because Chalice's OpenAPI document names an authorizer once.
"""

from typing import Final

from chalice import CognitoUserPoolAuthorizer

from chalicelib.core.settings import get_settings

authorizer: Final = CognitoUserPoolAuthorizer("users", provider_arns=get_settings().provider_arns)
