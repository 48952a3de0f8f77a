"""Errors of the application, and RFC 9457 problem details for clients.

    ChaliceUnhandledError            Chalice passes only this kind to middleware unchanged
    └── ApiError                     abstract: has a slug, a status, a title and a detail
        ├── InternalServerError 500  an unexpected error
        ├── BadRequest          400  the body, a header or a query parameter cannot be parsed
        ├── Unauthorized        401  no ID token of this user pool
        │   └── RecentSignInRequired 401 the sign-in is too long ago for this operation
        ├── Forbidden           403  a resource of another user, existing or not
        ├── NotFound            404
        ├── MethodNotAllowed    405
        ├── Conflict            409  a concurrent request has changed the resource
        ├── PreconditionFailed  412  If-Match or If-None-Match does not hold
        ├── ContentTooLarge     413
        ├── UnsupportedMediaType 415
        ├── UnprocessableContent 422 names every invalid field
        ├── TooManyRequests     429  API Gateway throttles; carries Retry-After
        └── UpstreamError       500  AWS refuses permanently: a permission, a missing table
            ├── UnreadableItem       a stored profile or file lacks required attributes
            ├── UnreadableUser       Cognito's response lacks required attributes
            └── ServiceUnavailable 503 AWS is throttled or down; carries Retry-After
                └── NoResponse       the connection failed; the request may have been carried out
    SignUpRejected                   Cognito sends its text to the client
    SignUpNotChecked                 the same, after an unexpected error
    SettingsError                    the environment is incomplete

Domains derive their own errors from these, in their errors.py. A problem describes the error and its position.
It never contains a value, a token or a stack trace.
"""

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, NamedTuple

from chalice import ChaliceUnhandledError

PROBLEM_JSON = "application/problem+json"


class FieldError(NamedTuple):
    """An invalid field of a body: a JSON pointer (RFC 6901) and the rule that the field violates."""

    pointer: str
    detail: str


class SettingsError(Exception):
    """An environment variable is missing or malformed."""


# Labels of Cognito's attributes in messages to users. Other attributes are named as they are.
_LABELS = {
    "phone_number": "phone number",
    "custom:dob": "date of birth",
    "custom:gender": "gender",
    "custom:blood_group": "blood group",
}


class SignUpRejected(Exception):
    """A sign-up violates rules. The text names each attribute and its rule, separated by "; ".

    Cognito sends the text to the client, with a prefix, and forms display it.
    An example: "PreSignUp failed with error name is required; date of birth must not be in the future."
    """

    def __init__(self, errors: Sequence[FieldError]) -> None:
        names = (error.pointer.removeprefix("/") for error in errors)
        super().__init__(
            "; ".join(f"{_LABELS.get(name, name)} {error.detail}" for name, error in zip(names, errors, strict=True))
        )


class SignUpNotChecked(Exception):
    """A sign-up could not be validated because of an unexpected error. Cognito sends the text to the client."""

    def __init__(self) -> None:
        super().__init__("the sign-up could not be checked, try again later")


class ApiError(ChaliceUnhandledError):
    """An error response. Subclasses set the class attributes, which are texts for clients."""

    slug: ClassVar[str]  # the last part of the problem type's URL; it never changes
    status: ClassVar[int]
    title: ClassVar[str]  # the reason phrase of RFC 9110 15
    detail: ClassVar[str]
    retry_after: int | None = None  # seconds after which the same request can succeed

    def __init__(
        self, detail: str | None = None, *, errors: Sequence[FieldError] = (), retry_after: int | None = None
    ) -> None:
        super().__init__(detail or self.detail)
        self.errors = tuple(errors)
        if retry_after is not None:
            self.retry_after = retry_after

    @property
    def headers(self) -> Mapping[str, str]:
        """Return the headers that this error adds to its response."""
        return {} if self.retry_after is None else {"Retry-After": str(self.retry_after)}

    def to_problem(self, request_id: str, types_url: str) -> dict[str, Any]:
        """Return the problem detail object: type, title, status, detail, request_id and, for 422, errors.

        `types_url` is the URL of the page that describes the problem types.
        """
        problem: dict[str, Any] = {
            "type": f"{types_url}#{self.slug}",
            "title": self.title,
            "status": self.status,
            "detail": str(self),
            "request_id": request_id,
        }
        if self.errors:
            problem["errors"] = [error._asdict() for error in self.errors]
        return problem


class InternalServerError(ApiError):
    """An unexpected error in the service."""

    slug = "internal"
    status = 500
    title = "Internal Server Error"
    detail = "An unexpected error occurred in the service."


class BadRequest(ApiError):
    """The body does not match its media type, or a header or a query parameter does not have its format."""

    slug = "malformed"
    status = 400
    title = "Bad Request"
    detail = "The body, a header or a query parameter cannot be parsed."


class Unauthorized(ApiError):
    """The request has no trusted identity."""

    slug = "unauthenticated"
    status = 401
    title = "Unauthorized"
    detail = "A valid ID token of this user pool is required in the Authorization header."

    @property
    def headers(self) -> Mapping[str, str]:
        """Return the authentication scheme (RFC 9110 11.6.1)."""
        return {"WWW-Authenticate": "Bearer"}


class RecentSignInRequired(Unauthorized):
    """The operation requires a recent sign-in (RFC 9470)."""

    slug = "recent-sign-in-required"
    detail = "This operation requires a recent sign-in. Sign in again, then repeat the request."

    def __init__(self, max_age_seconds: int = 300) -> None:
        super().__init__()
        self._max_age_seconds = max_age_seconds

    @property
    def headers(self) -> Mapping[str, str]:
        """Return the challenge of RFC 9470 3."""
        error = 'error="insufficient_user_authentication"'
        return {"WWW-Authenticate": f'Bearer {error}, max_age="{self._max_age_seconds}"'}


class Forbidden(ApiError):
    """The caller may not access this resource."""

    slug = "forbidden"
    status = 403
    title = "Forbidden"
    detail = "You can only access your own data."


class NotFound(ApiError):
    """The resource does not exist."""

    slug = "not-found"
    status = 404
    title = "Not Found"
    detail = "The resource does not exist."


class MethodNotAllowed(ApiError):
    """The resource exists, but does not support the method."""

    slug = "method-not-allowed"
    status = 405
    title = "Method Not Allowed"
    detail = "The resource does not support this method."

    def __init__(self, allowed: Sequence[str]) -> None:
        super().__init__()
        self.allowed = tuple(allowed)

    @property
    def headers(self) -> Mapping[str, str]:
        """Return the supported methods (RFC 9110 15.5.6)."""
        return {"Allow": ", ".join(self.allowed)}


class Conflict(ApiError):
    """A concurrent request has changed the resource, so the request was not carried out."""

    slug = "conflict"
    status = 409
    title = "Conflict"
    detail = "The resource has changed since this representation was read. Read it again, then repeat the change."


class PreconditionFailed(ApiError):
    """If-Match does not name the current version, or If-None-Match names it."""

    slug = "precondition-failed"
    status = 412
    title = "Precondition Failed"
    detail = "The current version of the resource does not satisfy If-Match or If-None-Match. Read it again."


class ContentTooLarge(ApiError):
    """The body is longer than any valid body."""

    slug = "too-large"
    status = 413
    title = "Content Too Large"
    detail = "The body is too large."


class UnsupportedMediaType(ApiError):
    """The resource does not support the media type of the body."""

    slug = "unsupported-media-type"
    status = 415
    title = "Unsupported Media Type"
    detail = "The media type of the body is not supported."

    def __init__(self, *supported: str) -> None:
        super().__init__(f"Send the body as {' or '.join(supported)}." if supported else None)
        self.supported = ", ".join(supported)

    @property
    def headers(self) -> Mapping[str, str]:
        """Return the supported media types (RFC 9110 15.5.16, RFC 5789 2.2)."""
        if not self.supported:
            return {}
        patch = {"Accept-Patch": self.supported} if "patch" in self.supported else {}
        return {"Accept": self.supported, **patch}


class UnprocessableContent(ApiError):
    """The body can be parsed, but violates rules."""

    slug = "invalid"
    status = 422
    title = "Unprocessable Content"
    detail = "The body is invalid. Each entry of errors names a field and the rule that it violates."


class TooManyRequests(ApiError):
    """The request exceeds the stage's rate. API Gateway sends this response. The application sends only subclasses."""

    slug = "too-many-requests"
    status = 429
    title = "Too Many Requests"
    detail = "The request rate is too high."
    retry_after = 1  # API Gateway counts per second


class UpstreamError(ApiError):
    """AWS refuses a request for a reason that lasts, such as a missing permission."""

    slug = InternalServerError.slug
    status = InternalServerError.status
    title = InternalServerError.title
    detail = InternalServerError.detail


class UnreadableItem(UpstreamError):
    """A stored profile or file lacks required attributes, or they cannot be parsed. Only an operator can repair it."""


class UnreadableUser(UpstreamError):
    """Cognito's response about a user lacks the status or a time, or they cannot be parsed."""


class ServiceUnavailable(UpstreamError):
    """AWS is throttled or down. The same request may succeed soon."""

    slug = "unavailable"
    status = 503
    title = "Service Unavailable"
    detail = "The service is temporarily unavailable."
    retry_after = 1


class NoResponse(ServiceUnavailable):
    """AWS did not respond in time. The request may have been carried out, or may still be in progress."""
