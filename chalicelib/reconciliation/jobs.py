"""The scheduled function."""

from chalicelib.aws import gc_tuning

gc_tuning.pause()  # before all other imports

from typing import TYPE_CHECKING, Any, Final

from chalice import Blueprint, Rate
from chalice.app import CloudWatchEvent

from chalicelib import bootstrap
from chalicelib.aws import clients
from chalicelib.core.settings import get_settings

if TYPE_CHECKING:
    from chalicelib.reconciliation.service import FileSources

blueprint: Final = Blueprint(__name__)


@blueprint.schedule(Rate(1, unit=Rate.HOURS))
def reconcile(event: CloudWatchEvent) -> dict[str, Any]:
    """Run reconciliation, and start the next run of the chain. Returns a ReconciliationReport."""
    # Imported here, because the API loads this module to register the function.
    from chalicelib.reconciliation.checkpoints import Checkpoints
    from chalicelib.reconciliation.models import ReconciliationOptions
    from chalicelib.reconciliation.service import Reconciliation, make_deadline, start_next_run

    settings, context = get_settings(), _lambda_context(event)
    options = ReconciliationOptions.model_validate(event.detail)
    run = Reconciliation(
        Checkpoints(clients.dynamodb(), settings.require_table_name(), dry_run=options.dry_run),
        bootstrap.profile_repository(),
        bootstrap.deletion_repository(),
        bootstrap.throttled_user_pool(),
        bootstrap.erasure_starter(),
        options,
        make_deadline(context, options.max_seconds),
        files=_file_sources(),
        unconfirmed_hours=settings.unconfirmed_hours,
        orphan_grace_hours=settings.orphan_grace_hours,
    )
    report = run.run()
    start_next_run(lambda: clients.lambda_(2, clients.READ_TIMEOUT), context.function_name, report)
    return report.model_dump(mode="json")


def _file_sources() -> "FileSources | None":
    """Return the repository, the storage and the client of check_file, or None if users cannot store files."""
    from chalicelib.reconciliation.file_scan import FileCheckStarter
    from chalicelib.reconciliation.service import FileSources

    settings = get_settings()
    if not settings.has_files:
        return None
    starter = FileCheckStarter(
        lambda: clients.lambda_(2, clients.READ_TIMEOUT), settings.require_check_file_function_name()
    )
    return FileSources(bootstrap.file_repository(), bootstrap.file_storage(), starter)


def _lambda_context(event: CloudWatchEvent) -> Any:
    return event.context


gc_tuning.resume()
