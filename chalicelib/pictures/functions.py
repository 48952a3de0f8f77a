"""The Lambda function that processes uploads. Only its environment has Pillow."""

from chalicelib.aws import gc_tuning

gc_tuning.pause()  # before all other imports

from typing import Any, Final

from chalice import Blueprint

from chalicelib import bootstrap
from chalicelib.aws import clients
from chalicelib.core import logs

blueprint: Final = Blueprint(__name__)


@blueprint.lambda_function()
def check_picture(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Process an upload. Takes a ProcessingRequest and returns a ProcessingResult."""
    # Imported here, because the API loads this module to register the function. Only this function's layer has Pillow.
    from chalicelib.pictures import image_sanitizer
    from chalicelib.pictures.processing import ProcessingRequest, process_upload

    request = ProcessingRequest.model_validate(event)
    with logs.log_context(request_id=context.aws_request_id, sub=request.sub):
        storage = bootstrap.picture_storage(clients.PICTURE_CHECK_S3_READ_TIMEOUT)
        result = process_upload(
            storage,
            request,
            image_sanitizer.sanitize,
            image_sanitizer.InvalidImage,
            context.get_remaining_time_in_millis,
        )
        return result.model_dump(mode="json")


gc_tuning.resume()
