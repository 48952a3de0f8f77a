"""The life of a Cognito account: sign-up, confirmation, password reset, sign-in."""
