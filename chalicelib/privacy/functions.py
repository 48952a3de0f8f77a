"""The Lambda function that erases accounts."""

from chalicelib.aws import gc_tuning

gc_tuning.pause()  # before all other imports

from typing import Any, Final

from chalice import Blueprint

from chalicelib import bootstrap
from chalicelib.core import logs

blueprint: Final = Blueprint(__name__)


@blueprint.lambda_function()
def erase_user(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Erase an account whose deletion is due. Takes an ErasureRequest and returns an ErasureResult."""
    # Imported here, because the API loads this module to register the function.
    from chalicelib.privacy.models import ErasureRequest

    request = ErasureRequest.model_validate(event)
    with logs.log_context(request_id=context.aws_request_id, sub=request.user_id):
        return bootstrap.erasure_service().erase(request.user_id).model_dump(mode="json")


gc_tuning.resume()
