"""Routes and Cognito triggers: identify -> parse -> one call -> render. Nothing else."""

from functools import cache
from typing import Any

from chalice import Chalice, CognitoUserPoolAuthorizer, Rate, Response
from chalice.app import CloudWatchEvent, Request

from chalicelib import auth, aws, cognito, http, logs, profiles
from chalicelib.auth import Caller
from chalicelib.cognito import UserDirectory, on_cognito_event
from chalicelib.cors import Cors
from chalicelib.reconciliation import Options, Reconciliation, time_left
from chalicelib.repository import ProfileRepository
from chalicelib.settings import settings

app = Chalice(app_name=logs.APP, configure_logs=False)
logs.configure(settings().log_level, settings().service)
http.install(app, Cors(settings().cors_allow_origins))
authorizer = CognitoUserPoolAuthorizer("users", provider_arns=settings().provider_arns)


@cache
def repository() -> ProfileRepository:
    return ProfileRepository(aws.dynamodb(), settings().table)


@cache
def directory() -> UserDirectory:
    return UserDirectory(aws.cognito(), settings().required_user_pool_id)


def request() -> Request:
    assert app.current_request is not None  # Chalice sets it before it calls a view
    return app.current_request


def owner(requested: str) -> Caller:
    return auth.only_own(auth.identify(request().context, settings()), requested)


@app.route("/users/{user_id}", methods=["GET"], authorizer=authorizer)
def get_user(user_id: str) -> Response:
    caller = owner(user_id)
    return http.ok(profiles.read(repository(), directory(), caller))


@app.route("/users/{user_id}", methods=["PUT"], authorizer=authorizer)
def put_user(user_id: str) -> Response:
    caller = owner(user_id)
    return http.ok(profiles.replace(repository(), directory(), caller, http.json_body(request())))


@on_cognito_event(app, "PreSignUp")
def pre_sign_up(event: cognito.PreSignUp) -> None:
    profiles.check_sign_up(event.user_attributes, by_the_person=event.is_by_the_person)


@on_cognito_event(app, "PostConfirmation")
def post_confirmation(event: cognito.PostConfirmation) -> None:
    if event.is_sign_up:
        profiles.store_sign_up(repository(), event.sub, event.user_attributes)


@on_cognito_event(app, "PostAuthentication")
def post_authentication(event: cognito.PostAuthentication) -> None:
    table = ProfileRepository(aws.dynamodb(attempts=1), settings().table)
    users = UserDirectory(aws.cognito(attempts=1), event.user_pool_id)
    profiles.follow_contact(table, users, Caller(event.sub, event.user_name), event.user_attributes)


@app.schedule(Rate(1, unit=Rate.HOURS))
def reconcile(event: CloudWatchEvent) -> dict[str, Any]:
    options = Options.model_validate(event.detail)
    left = time_left(event.context, options.seconds)
    return Reconciliation(repository(), directory(), options, left).run().model_dump(mode="json")


if settings().in_chalice_command:  # never in Lambda, whose package has neither of these
    from infra.deploy import api
    from local import gateway

    api.extend(Cors(settings().cors_allow_origins))  # `chalice deploy`: what API Gateway answers by itself
    gateway.install()  # `chalice local` checks tokens as API Gateway does
