"""Errors of pictures."""

from chalicelib.core.errors import Conflict, NotFound, TooManyRequests


class PicturesNotEnabled(NotFound):
    """The stage has no bucket for pictures."""

    slug = "pictures-not-enabled"
    detail = "Pictures are not enabled in this deployment."


class PictureBusy(Conflict):
    """Another upload of the same user is being processed.

    Raised with the time after which that upload has ended at the latest.
    """

    slug = "picture-busy"
    detail = "Another upload of this user is being processed. Repeat the request when it is finished."
    retry_after = 1


class UploadLimitReached(TooManyRequests):
    """The user has reached the daily limit of uploads. Raised with the time until midnight UTC."""

    slug = "upload-limit-reached"
    detail = "The daily limit of picture uploads is reached. It is reset at midnight UTC."
    retry_after = 3600
