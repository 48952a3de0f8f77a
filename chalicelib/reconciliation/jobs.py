"""The scheduled function."""

from chalicelib.aws import gc_tuning

gc_tuning.pause()  # before all other imports

from typing import Any, Final

from chalice import Blueprint, Rate
from chalice.app import CloudWatchEvent

from chalicelib import bootstrap

blueprint: Final = Blueprint(__name__)


@blueprint.schedule(Rate(1, unit=Rate.HOURS))
def reconcile(event: CloudWatchEvent) -> dict[str, Any]:
    """Run reconciliation, and start the next run of the chain. Returns a ReconciliationReport."""
    # Imported here, because the API loads this module to register the function.
    from chalicelib.reconciliation.models import ReconciliationOptions
    from chalicelib.reconciliation.service import make_deadline

    context = _lambda_context(event)
    options = ReconciliationOptions.model_validate(event.detail)
    report = bootstrap.reconciliation(options, make_deadline(context, options.max_seconds)).run()
    bootstrap.next_run_starter(context.function_name).start(report)
    return report.model_dump(mode="json")


def _lambda_context(event: CloudWatchEvent) -> Any:
    return event.context


gc_tuning.resume()
