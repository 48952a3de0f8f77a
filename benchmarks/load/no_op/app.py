"""A route that does nothing. Its time is that of `chalice local` and of the local gateway."""

import os

from chalice import Chalice, CognitoUserPoolAuthorizer

from local import chalice_server

if os.environ.get("AWS_CHALICE_CLI_MODE") == "true":
    chalice_server.install()

app = Chalice(app_name="no-op")
authorizer = CognitoUserPoolAuthorizer("users", provider_arns=[os.environ["USER_POOL_ARN"]])


@app.route("/no-op", authorizer=authorizer)
def no_op() -> dict[str, str]:
    return {}
