"""The Chalice application: its middleware, the routes of each domain and all Lambda functions."""

from chalicelib.aws import gc_tuning

gc_tuning.pause()  # before all other imports

from chalicelib.core.settings import get_settings, is_in_chalice_command, is_in_lambda

if is_in_chalice_command():
    from tools import chalice_cli  # not in the Lambda package

    chalice_cli.prepare_command()  # before the imports below read the settings

from chalice import Chalice, Response

from chalicelib import bootstrap  # noqa: F401  # configures logging
from chalicelib.api.cors import CorsPolicy
from chalicelib.api.middleware import register_middleware
from chalicelib.api.problem_types import problem_types_page
from chalicelib.core.logs import APP_NAME
from chalicelib.files import routes as file_routes
from chalicelib.pictures import routes as picture_routes
from chalicelib.privacy import routes as privacy_routes
from chalicelib.profiles import routes as profile_routes

app = Chalice(app_name=APP_NAME, configure_logs=False)
app.api.binary_types.clear()  # no response is binary, and Chalice would compare each response with each type
register_middleware(app, CorsPolicy(get_settings().cors_allow_origins), get_settings().problems_url)

app.register_blueprint(profile_routes.blueprint)
app.register_blueprint(picture_routes.blueprint)
app.register_blueprint(file_routes.blueprint)
app.register_blueprint(privacy_routes.blueprint)

if not is_in_lambda():  # there, the other functions have their own handlers, and the API starts faster without them
    from chalicelib.accounts import triggers
    from chalicelib.files import functions as file_functions
    from chalicelib.pictures import functions as picture_functions
    from chalicelib.privacy import functions as privacy_functions
    from chalicelib.reconciliation import jobs

    app.register_blueprint(triggers.blueprint)
    app.register_blueprint(privacy_functions.blueprint)
    app.register_blueprint(jobs.blueprint)
    if get_settings().picture_bucket:
        app.register_blueprint(picture_functions.blueprint)
        app.register_blueprint(file_functions.blueprint)


@app.route("/problems", methods=["GET", "HEAD"], content_types=[])
def get_problems() -> Response:
    return problem_types_page()


gc_tuning.resume()
