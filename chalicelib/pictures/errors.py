"""Errors of pictures."""

from collections.abc import Mapping

from chalicelib.core.errors import Conflict, NotFound, TooManyRequests


class PicturesNotEnabled(NotFound):
    """The stage has no bucket for pictures."""

    slug = "pictures-not-enabled"
    detail = "Pictures are not enabled in this deployment."


class PictureBusy(Conflict):
    """Another upload of the same user is being processed. A client that repeats after 409 handles it too."""

    slug = "picture-busy"
    detail = "Another upload of this user is being processed. Repeat the request when it is finished."

    def __init__(self, seconds: int = 1) -> None:
        super().__init__()
        self._seconds = seconds

    @property
    def headers(self) -> Mapping[str, str]:
        """Return the time after which the other upload is finished at the latest."""
        return {"Retry-After": str(self._seconds)}  # seconds


class UploadLimitReached(TooManyRequests):
    """The user has reached the daily limit of uploads."""

    slug = "upload-limit-reached"
    detail = "The daily limit of picture uploads is reached. It is reset at midnight UTC."

    def __init__(self, seconds: int = 3600) -> None:
        super().__init__()
        self._seconds = seconds

    @property
    def headers(self) -> Mapping[str, str]:
        """Return the time until midnight UTC."""
        return {"Retry-After": str(self._seconds)}  # seconds
