"""What can go wrong, and how it reads to a client: RFC 9457 problem details. Imports nothing of ours.

    ChaliceUnhandledError            Chalice's: the one kind it hands on to middleware as it is
    └── ApiError                500
        ├── Malformed           400  the body can't be read at all
        ├── Unauthenticated     401  no token, or one that is not for this API
        ├── Forbidden           403  somebody else's profile, whether it exists or not
        ├── NotFound            404
        │   └── PicturesDisabled     the stage has no bucket for pictures
        ├── MethodNotAllowed    405
        ├── Conflict            409  a representation older than what is stored
        │   └── PictureBusy          another upload is being processed; carries Retry-After
        ├── PreconditionFailed  412  If-Match or If-None-Match does not hold
        ├── TooLarge            413
        ├── UnsupportedMedia    415
        ├── Invalid             422  names every wrong field
        ├── TooManyRequests     429  API Gateway's throttling; carries Retry-After
        │   └── UploadLimitReached   the user's uploads of the day are used up
        └── BackendFailed       500  AWS refused, and will refuse again: a permission, a missing table
            ├── UnreadableItem       a stored profile lacks what every profile has
            ├── UnreadableUser       Cognito's answer about a user lacks what every user has
            └── Unavailable     503  AWS is throttled or down; carries Retry-After
                └── Unanswered       the connection failed: the request may have been carried out
    SignUpRefused                    Cognito tells the client its text
    SignUpNotChecked                 likewise, for an unexpected error
    SettingsError                    the environment is incomplete; nobody's request

A problem tells what was wrong and where; never a value, a token or a stack.
"""

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, NamedTuple

from chalice import ChaliceUnhandledError

PROBLEM_JSON = "application/problem+json"


class FieldError(NamedTuple):
    """One wrong place in a body: a JSON pointer (RFC 6901) and the rule it broke."""

    pointer: str
    detail: str


class SettingsError(Exception):
    """An environment variable is missing or malformed."""


# Cognito's attributes as people call them. Other attributes have the same name for people.
_LABELS = {
    "phone_number": "phone number",
    "custom:dob": "date of birth",
    "custom:gender": "gender",
    "custom:blood_group": "blood group",
}


class SignUpRefused(Exception):
    """A sign-up breaks rules. The text names each attribute and its rule, separated by "; ".

    Cognito sends it to the client, and forms show it to people: "PreSignUp failed with error name is required; date
    of birth must not be in the future."
    """

    def __init__(self, errors: Sequence[FieldError]) -> None:
        names = (error.pointer.removeprefix("/") for error in errors)
        super().__init__(
            "; ".join(f"{_LABELS.get(name, name)} {error.detail}" for name, error in zip(names, errors, strict=True))
        )


class SignUpNotChecked(Exception):
    """A sign-up could not be checked because of an error of ours. Cognito sends the text to the client."""

    def __init__(self) -> None:
        super().__init__("the sign-up could not be checked, try again later")


class ApiError(ChaliceUnhandledError):
    """Anything a client is told. Used itself for what is our own fault."""

    slug: ClassVar[str] = "internal"  # the type's name: it never changes
    status: ClassVar[int] = 500
    title: ClassVar[str] = "Internal Server Error"  # RFC 9110 15
    detail: ClassVar[str] = "Something went wrong on our side."

    def __init__(self, detail: str | None = None, *, errors: Sequence[FieldError] = ()) -> None:
        super().__init__(detail or self.detail)
        self.errors = tuple(errors)

    @property
    def headers(self) -> Mapping[str, str]:
        """What the status asks to send along."""
        return {}

    def problem(self, request_id: str, types: str) -> dict[str, Any]:
        """The problem detail object: type, title, status, detail, request_id and, for 422, errors.

        `types` is the URL of the page that describes the types.
        """
        problem: dict[str, Any] = {
            "type": f"{types}#{self.slug}",
            "title": self.title,
            "status": self.status,
            "detail": str(self),
            "request_id": request_id,
        }
        if self.errors:
            problem["errors"] = [error._asdict() for error in self.errors]
        return problem


class Malformed(ApiError):
    """The body is not what its media type says, or If-Match or If-None-Match is no list of entity tags."""

    slug = "malformed"
    status = 400
    title = "Bad Request"
    detail = "The body or a header can't be read."


class Unauthenticated(ApiError):
    """There is no identity this API may trust."""

    slug = "unauthenticated"
    status = 401
    title = "Unauthorized"
    detail = "A valid ID token of this user pool is required in the Authorization header."

    @property
    def headers(self) -> Mapping[str, str]:
        return {"WWW-Authenticate": "Bearer"}


class Forbidden(ApiError):
    """The caller may not see or change this profile."""

    slug = "forbidden"
    status = 403
    title = "Forbidden"
    detail = "You may only use your own profile."


class NotFound(ApiError):
    """There is nothing here."""

    slug = "not-found"
    status = 404
    title = "Not Found"
    detail = "There is no such resource."


class PicturesDisabled(NotFound):
    """This deployment keeps no profile pictures."""

    slug = "pictures-not-enabled"
    detail = "Pictures are not enabled here."


class MethodNotAllowed(ApiError):
    """The resource exists, the method does not."""

    slug = "method-not-allowed"
    status = 405
    title = "Method Not Allowed"
    detail = "This resource does not have this method."

    def __init__(self, allowed: Sequence[str]) -> None:
        super().__init__()
        self.allowed = tuple(allowed)

    @property
    def headers(self) -> Mapping[str, str]:
        return {"Allow": ", ".join(self.allowed)}


class Conflict(ApiError):
    """The representation sent is older than the stored one."""

    slug = "conflict"
    status = 409
    title = "Conflict"
    detail = "The profile has changed since this representation was read. Read it again, then repeat the change."


class PictureBusy(Conflict):
    """Another upload of the same user is being processed. A client that repeats conflicts need not know it."""

    slug = "picture-busy"
    detail = "Another upload of this user is being processed. Repeat the request when that is done."

    def __init__(self, seconds: int = 1) -> None:
        super().__init__()
        self._seconds = seconds

    @property
    def headers(self) -> Mapping[str, str]:
        return {"Retry-After": str(self._seconds)}  # seconds; at the latest then


class PreconditionFailed(ApiError):
    """If-Match names no current version, or If-None-Match names the current one."""

    slug = "precondition-failed"
    status = 412
    title = "Precondition Failed"
    detail = "The profile is not the version that If-Match or If-None-Match asks for. Read it again."


class TooLarge(ApiError):
    """The body is longer than any profile."""

    slug = "too-large"
    status = 413
    title = "Content Too Large"
    detail = "The body is too large."


class UnsupportedMedia(ApiError):
    """The body is of a media type this resource does not read."""

    slug = "unsupported-media-type"
    status = 415
    title = "Unsupported Media Type"
    detail = "The body's media type is not supported."

    def __init__(self, *supported: str) -> None:
        super().__init__(f"Send the body as {' or '.join(supported)}." if supported else None)
        self.supported = ", ".join(supported)

    @property
    def headers(self) -> Mapping[str, str]:
        if not self.supported:
            return {}
        patch = {"Accept-Patch": self.supported} if "patch" in self.supported else {}  # RFC 5789 2.2
        return {"Accept": self.supported, **patch}  # RFC 9110 15.5.16


class Invalid(ApiError):
    """The body can be read, but breaks a rule."""

    slug = "invalid"
    status = 422
    title = "Unprocessable Content"
    detail = "The body is not valid. Each entry of errors names a field and the rule that it breaks."


class TooManyRequests(ApiError):
    """More requests than the stage takes. API Gateway answers this, and the application only its subclass."""

    slug = "too-many-requests"
    status = 429
    title = "Too Many Requests"
    detail = "There are too many requests. Try again in a moment."

    @property
    def headers(self) -> Mapping[str, str]:
        return {"Retry-After": "1"}  # seconds; it refills every second


class UploadLimitReached(TooManyRequests):
    """As many uploads of the user were processed today as may be."""

    slug = "upload-limit-reached"
    detail = "The daily limit of picture uploads is reached. It is reset at midnight UTC."

    def __init__(self, seconds: int = 3600) -> None:
        super().__init__()
        self._seconds = seconds

    @property
    def headers(self) -> Mapping[str, str]:
        return {"Retry-After": str(self._seconds)}  # seconds


class BackendFailed(ApiError):
    """AWS can't be used as it is set up, and trying again will not help."""


class UnreadableItem(BackendFailed):
    """A stored profile lacks its version or its times, or they cannot be read. Only an operator can repair it."""


class UnreadableUser(BackendFailed):
    """Cognito's answer about a user lacks the status or a time, or they cannot be read."""


class Unavailable(BackendFailed):
    """AWS is throttled or down; the same request may work soon."""

    slug = "unavailable"
    status = 503
    title = "Service Unavailable"
    detail = "The service is busy. Try again shortly."

    @property
    def headers(self) -> Mapping[str, str]:
        return {"Retry-After": "1"}  # seconds


class Unanswered(Unavailable):
    """AWS did not answer in time. It may have carried out the request, or may be doing so."""
