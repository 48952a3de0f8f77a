"""For all tests: the environment app.py is imported in. Its AWS is a closed port of this machine."""

import os

POOL_ID = "us-east-1_UnitTests"
CLIENT_ID = "unittestsclient"

for _name in [name for name in os.environ if name.startswith(("AWS_", "DYNAMODB_", "S3_", "USER_POOL_", "CORS_"))]:
    if _name not in ("AWS_PORT",):
        del os.environ[_name]
os.environ |= {
    "AWS_ACCESS_KEY_ID": "test",
    "AWS_SECRET_ACCESS_KEY": "test",
    "AWS_DEFAULT_REGION": "us-east-1",
    "AWS_EC2_METADATA_DISABLED": "true",
    "AWS_ENDPOINT_URL": "http://127.0.0.1:9",
    "DYNAMODB_TABLE": "Users",
    "USER_POOL_ARN": f"arn:aws:cognito-idp:us-east-1:000000000000:userpool/{POOL_ID}",
    "USER_POOL_CLIENT_ID": CLIENT_ID,
}
