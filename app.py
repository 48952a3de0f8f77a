"""Routes and Cognito triggers: identify -> parse -> one call -> render. Nothing else."""

from chalicelib import gc_tuning

gc_tuning.pause()  # before all other imports

from collections.abc import Sequence
from functools import cache, partial
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from chalice import Chalice, CognitoUserPoolAuthorizer, Rate, Response
from chalice.app import CloudWatchEvent, Request

from chalicelib import auth, aws, checking, cognito, http, logs, pictures, problems, profiles
from chalicelib.auth import Caller
from chalicelib.bucket import PictureBucket
from chalicelib.checking import Order, PictureChecker
from chalicelib.cognito import UserDirectory, on_cognito_event
from chalicelib.cors import Cors
from chalicelib.models import ProfilePatch, ProfileReplacement
from chalicelib.picture_leases import PictureLeases
from chalicelib.repository import ProfileRepository
from chalicelib.settings import in_chalice_command, settings

if TYPE_CHECKING:
    from chalicelib.reconciliation import Options, Reconciliation

if in_chalice_command():
    from tools import chalice_cli  # the Lambda package does not contain it

    chalice_cli.prepare()

app = Chalice(app_name=logs.APP, configure_logs=False)
app.api.binary_types.clear()  # there are none, and each answer would be compared with each
logs.configure(settings().log_level, settings().service)
http.install(app, Cors(settings().cors_allow_origins), settings().problems_url)
authorizer = CognitoUserPoolAuthorizer("users", provider_arns=settings().provider_arns)


@cache
def repository() -> ProfileRepository:
    return ProfileRepository(aws.dynamodb(), settings().required_table)


@cache
def directory() -> UserDirectory:
    return UserDirectory(aws.cognito, settings().required_user_pool_id)


@cache
def bucket() -> PictureBucket:
    return PictureBucket(aws.s3(), settings().required_bucket)


@cache
def checker() -> PictureChecker:
    return PictureChecker(aws.lambda_(), settings().required_picture_function)


@cache
def leases() -> PictureLeases:
    return PictureLeases(aws.dynamodb(attempts=1), settings().required_table, settings().picture_uploads_per_day)


def request() -> Request:
    assert app.current_request is not None  # Chalice sets it before it calls a view
    return app.current_request


def owner(requested: str) -> Caller:
    # API Gateway passes a path's parameters on as they were sent.
    return auth.only_own(auth.identify(request().context, settings()), unquote(requested))


# No content types at the routes: Chalice would look at them first, whoever is asking and whatever the method.
@app.route("/users/{user_id}", methods=["GET", "HEAD"], content_types=[], authorizer=authorizer)
def get_user(user_id: str) -> Response:
    profile = profiles.read(repository(), directory(), owner(user_id))
    return http.unless_known(request(), profile)


@app.route("/users/{user_id}", methods=["PUT"], content_types=[], authorizer=authorizer)
def put_user(user_id: str) -> Response:
    return change(owner(user_id), ProfileReplacement, (http.JSON,))


@app.route("/users/{user_id}", methods=["PATCH"], content_types=[], authorizer=authorizer)
def patch_user(user_id: str) -> Response:
    return change(owner(user_id), ProfilePatch, http.PATCH_TYPES)


def change(caller: Caller, kind: type[profiles.Change], media_types: Sequence[str]) -> Response:
    body, asked = http.json_body(request(), media_types), http.preconditions(request())
    return http.ok(request(), profiles.change(repository(), directory(), caller, kind, body, asked))


PICTURE = "/users/{user_id}/picture"


@app.route(PICTURE, methods=["POST"], content_types=[], authorizer=authorizer)
def post_picture(user_id: str) -> Response:
    caller, place = owner(user_id), bucket()
    return http.told(pictures.offer(repository(), leases(), place, caller, http.json_body(request())))


@app.route(PICTURE, methods=["PUT"], content_types=[], authorizer=authorizer)
def put_picture(user_id: str) -> Response:
    caller, place = owner(user_id), bucket()
    body, asked = http.json_body(request()), http.preconditions(request())
    users = UserDirectory(partial(aws.cognito, attempts=1), settings().required_user_pool_id)
    profile = pictures.choose(repository(), users, place, checker(), leases(), caller, body, asked)
    return http.ok(request(), profile)


@app.route(PICTURE, methods=["GET", "HEAD"], content_types=[], authorizer=authorizer)
def get_picture(user_id: str) -> Response:
    caller, place = owner(user_id), bucket()
    return http.told(pictures.show(repository(), directory(), place, caller))


@app.route(PICTURE, methods=["DELETE"], content_types=[], authorizer=authorizer)
def delete_picture(user_id: str) -> Response:
    caller, place = owner(user_id), bucket()
    return http.ok(request(), pictures.remove(repository(), directory(), place, caller, http.preconditions(request())))


if settings().bucket:

    @app.lambda_function()
    def check_picture(event: dict[str, Any], context: Any) -> dict[str, Any]:
        from chalicelib import images  # the library is in this function's layer alone

        order = Order.model_validate(event)
        with logs.context(request_id=context.aws_request_id, sub=order.sub):
            slow = PictureBucket(aws.s3(aws.CHECK_READ_TIMEOUT), settings().required_bucket)
            left = context.get_remaining_time_in_millis
            return checking.check(slow, order, images.clean, images.NotAPicture, left).model_dump(mode="json")


@app.route("/problems", methods=["GET", "HEAD"], content_types=[])
def get_problems() -> Response:
    return problems.page()


@on_cognito_event(app, "PreSignUp")
def pre_sign_up(event: cognito.PreSignUp) -> None:
    minimum_age = settings().minimum_age
    profiles.check_sign_up(event.user_attributes, by_the_person=event.is_by_the_person, minimum_age=minimum_age)


@on_cognito_event(app, "PostConfirmation")
def post_confirmation(event: cognito.PostConfirmation) -> None:
    if event.is_sign_up:
        profiles.store_sign_up(repository(), event.sub, event.user_attributes)
    elif event.is_password_reset:
        profiles.end_sessions(UserDirectory(aws.cognito, event.user_pool_id), event.user_name)


@on_cognito_event(app, "PostAuthentication")
def post_authentication(event: cognito.PostAuthentication) -> None:
    table = ProfileRepository(aws.dynamodb(attempts=1), settings().required_table)
    users = UserDirectory(partial(aws.cognito, attempts=1), event.user_pool_id)
    profiles.follow_contact(table, users, Caller(event.sub, event.user_name), event.user_attributes)


@app.schedule(Rate(1, unit=Rate.HOURS))
def reconcile(event: CloudWatchEvent) -> dict[str, Any]:
    from chalicelib import reconciliation  # no other function needs it

    context: Any = event.context
    options = reconciliation.Options.model_validate(event.detail)
    report = reconciliation_of(options, context).run()
    reconciliation.start_next_run(lambda: aws.lambda_(2, aws.READ_TIMEOUT), context.function_name, report)
    return report.model_dump(mode="json")


def reconciliation_of(options: "Options", context: Any) -> "Reconciliation":
    from chalicelib.reconciliation import Reconciliation, time_left
    from chalicelib.reconciliation_checkpoints import Checkpoints
    from chalicelib.user_pool import Rates, UserPool

    checkpoints = Checkpoints(aws.dynamodb(), settings().required_table, dry_run=options.dry_run)
    pool = UserPool(aws.cognito, settings().required_user_pool_id, Rates(lookups=settings().lookups_per_second))
    left, place = time_left(context, options.seconds), bucket() if settings().bucket else None
    return Reconciliation(checkpoints, repository(), pool, options, left, place, settings().unconfirmed_hours)


gc_tuning.resume()
