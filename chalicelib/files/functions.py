"""The Lambda function that checks uploaded files."""

from chalicelib.aws import gc_tuning

gc_tuning.pause()  # before all other imports

from typing import Any, Final

from chalice import Blueprint

from chalicelib import bootstrap
from chalicelib.core import logs

blueprint: Final = Blueprint(__name__)


@blueprint.lambda_function()
def check_file(event: dict[str, Any], context: Any) -> list[dict[str, Any]]:
    """Check the files of an event of S3, GuardDuty or reconciliation. Returns a FileCheckResult for each."""
    # Imported here, because the API loads this module to register the function.
    from chalicelib.files.checking import parse_event

    results = []
    for request in parse_event(event):
        with logs.log_context(request_id=context.aws_request_id, sub=request.user_id):
            results.append(bootstrap.file_checker().check(request).model_dump(mode="json"))
    return results


gc_tuning.resume()
