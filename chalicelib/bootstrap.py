"""The composition root: builds repositories and services from settings and clients, and configures logging.

Each factory imports its classes when it is called, so that a function loads only the packages that it uses. The results
are cached for the life of the process, unless stated otherwise.
"""

from functools import cache, partial
from typing import TYPE_CHECKING

from chalicelib.aws import clients
from chalicelib.core import logs
from chalicelib.core.errors import SettingsError
from chalicelib.core.settings import get_settings

if TYPE_CHECKING:
    from collections.abc import Callable

    from chalicelib.accounts.service import AccountService
    from chalicelib.aws.async_functions import AsyncFunction
    from chalicelib.aws.throttled_user_pool import ThrottledUserPool
    from chalicelib.aws.user_pool import UserPool
    from chalicelib.files.checking import FileChecker
    from chalicelib.files.erasure import FileErasure
    from chalicelib.files.repository import FileRepository
    from chalicelib.files.service import FileService
    from chalicelib.files.storage import FileStorage
    from chalicelib.pictures.leases import PictureLeases
    from chalicelib.pictures.processing import PictureProcessor
    from chalicelib.pictures.repository import PictureRepository
    from chalicelib.pictures.service import PictureService
    from chalicelib.pictures.storage import PictureStorage
    from chalicelib.privacy.erasure import ErasureService
    from chalicelib.privacy.erasure_starter import ErasureStarter
    from chalicelib.privacy.export import ExportService
    from chalicelib.privacy.repository import DeletionRepository
    from chalicelib.privacy.service import DeletionService
    from chalicelib.profiles.contact_sync import ContactSync
    from chalicelib.profiles.repository import ProfileRepository
    from chalicelib.profiles.service import ProfileService
    from chalicelib.reconciliation.checkpoints import Checkpoints
    from chalicelib.reconciliation.file_check_starter import FileCheckStarter
    from chalicelib.reconciliation.models import ReconciliationOptions
    from chalicelib.reconciliation.next_run import NextRunStarter
    from chalicelib.reconciliation.service import Reconciliation, ReconciliationAdapters

logs.configure(get_settings().log_level, get_settings().service_name)


@cache
def profile_repository(attempts: int = 2) -> "ProfileRepository":
    """Return the repository of profiles. `attempts` is the number of attempts per call."""
    from chalicelib.profiles.repository import ProfileRepository

    return ProfileRepository(clients.dynamodb(attempts), get_settings().require_table_name())


@cache
def user_pool(user_pool_id: str | None = None, attempts: int = 2) -> "UserPool":
    """Return a user pool: that of the event in a trigger, or that of the settings."""
    from chalicelib.aws.user_pool import UserPool

    return UserPool(partial(clients.cognito, attempts), user_pool_id or get_settings().require_user_pool_id())


@cache
def throttled_user_pool() -> "ThrottledUserPool":
    """Return the user pool for reconciliation."""
    from chalicelib.aws.throttled_user_pool import Rates, ThrottledUserPool

    settings = get_settings()
    rates = Rates(lookups=settings.lookups_per_second)
    return ThrottledUserPool(clients.cognito, settings.require_user_pool_id(), rates)


@cache
def profile_service() -> "ProfileService":
    """Return the service of profiles."""
    from chalicelib.profiles.service import ProfileService

    return ProfileService(profile_repository(), user_pool())


@cache
def account_service(user_pool_id: str) -> "AccountService":
    """Return the service of a trigger. Its clients are created at their first use, because PreSignUp needs none."""
    from chalicelib.accounts.service import AccountService

    return AccountService(profile_repository, partial(user_pool, user_pool_id), get_settings().minimum_age)


@cache
def contact_sync_at_sign_in(user_pool_id: str) -> "ContactSync":
    """Return the contact sync of a trigger, whose three calls have one attempt each (aws/clients.py)."""
    from chalicelib.profiles.contact_sync import ContactSync

    return ContactSync(profile_repository(attempts=1), user_pool(user_pool_id, attempts=1))


@cache
def picture_storage(read_timeout: float = clients.READ_TIMEOUT) -> "PictureStorage":
    """Return the storage of pictures. `read_timeout` is in seconds."""
    from chalicelib.pictures.storage import PictureStorage

    return PictureStorage(clients.s3(read_timeout), get_settings().require_picture_bucket())


@cache
def picture_repository() -> "PictureRepository":
    """Return the repository of picture records."""
    from chalicelib.pictures.repository import PictureRepository

    return PictureRepository(clients.dynamodb(), get_settings().require_table_name())


@cache
def picture_processor() -> "PictureProcessor":
    """Return the client of the function that processes pictures."""
    from chalicelib.pictures.processing import PictureProcessor

    return PictureProcessor(clients.lambda_, get_settings().require_picture_function_name())


@cache
def picture_leases() -> "PictureLeases":
    """Return the leases of picture processing. One attempt per call: a request has no time for a second one."""
    from chalicelib.pictures.leases import PictureLeases

    settings = get_settings()
    return PictureLeases(partial(clients.dynamodb, 1), settings.require_table_name(), settings.picture_uploads_per_day)


@cache
def picture_service() -> "PictureService":
    """Return the service of pictures. Provisioning has one attempt per call to Cognito (aws/clients.py)."""
    from chalicelib.pictures.service import PictureService
    from chalicelib.profiles.service import ProfileService

    profiles = ProfileService(profile_repository(), user_pool(attempts=1))
    return PictureService(picture_repository(), profiles, picture_storage(), picture_processor(), picture_leases())


@cache
def file_repository() -> "FileRepository":
    """Return the repository of files."""
    from chalicelib.files.repository import FileRepository

    settings = get_settings()
    return FileRepository(clients.dynamodb(), settings.require_records_table_name(), settings.require_table_name())


@cache
def file_storage(read_timeout: float = clients.READ_TIMEOUT) -> "FileStorage":
    """Return the storage of files. `read_timeout` is in seconds."""
    from chalicelib.files.storage import FileStorage

    return FileStorage(clients.s3(read_timeout), get_settings().require_picture_bucket())


@cache
def file_service() -> "FileService":
    """Return the service of files. Raises SettingsError for a media type that the service does not support."""
    from chalicelib.files.models import FileType
    from chalicelib.files.repository import FileLimits
    from chalicelib.files.service import FileService

    settings = get_settings()
    try:
        types = frozenset(map(FileType, settings.file_types)) or frozenset(FileType)
    except ValueError as exc:
        raise SettingsError("FILE_TYPES has a media type that is not supported") from exc
    limits = FileLimits(settings.files_per_user, settings.file_bytes_per_user, settings.file_uploads_per_day)
    return FileService(file_repository(), file_storage(), profile_service(), limits, types)


@cache
def file_checker() -> "FileChecker":
    """Return the checker of files."""
    from chalicelib.files.checking import FileChecker

    storage = file_storage(clients.FILE_CHECK_S3_READ_TIMEOUT)
    has_protection = get_settings().malware_protection == "on"
    return FileChecker(file_repository(), storage, malware_protection=has_protection)


@cache
def file_erasure() -> "FileErasure":
    """Return the erasure of files."""
    from chalicelib.files.erasure import FileErasure

    return FileErasure(file_repository(), file_storage(clients.ERASURE_S3_READ_TIMEOUT))


@cache
def deletion_repository() -> "DeletionRepository":
    """Return the repository of deletions."""
    from chalicelib.privacy.repository import DeletionRepository

    return DeletionRepository(clients.dynamodb(), get_settings().require_table_name())


def _build_async_function(name: str) -> "AsyncFunction":
    """Return a function to start asynchronously.

    Each call has two attempts, because these functions tolerate that they are started twice.
    """
    from chalicelib.aws.async_functions import AsyncFunction

    return AsyncFunction(partial(clients.lambda_, 2, clients.READ_TIMEOUT), name)


@cache
def erasure_starter() -> "ErasureStarter":
    """Return the adapter that starts erasures."""
    from chalicelib.privacy.erasure_starter import ErasureStarter

    return ErasureStarter(_build_async_function(get_settings().require_erase_function_name()))


@cache
def deletion_service() -> "DeletionService":
    """Return the service of deletions."""
    from chalicelib.privacy.service import DeletionService

    settings = get_settings()
    return DeletionService(
        deletion_repository(),
        profile_service(),
        user_pool(),
        erasure_starter(),
        settings.deletion_grace_days,
        has_pictures=settings.picture_bucket is not None,
        has_files=settings.has_files,
    )


@cache
def erasure_service() -> "ErasureService":
    """Return the service that erases accounts."""
    from chalicelib.privacy.erasure import ErasureService

    settings = get_settings()
    storage = picture_storage(clients.ERASURE_S3_READ_TIMEOUT) if settings.picture_bucket else None
    files = file_erasure() if settings.has_files else None
    return ErasureService(deletion_repository(), user_pool(), storage, files)


@cache
def export_service() -> "ExportService":
    """Return the service of exports."""
    from chalicelib.privacy.export import ExportService

    settings = get_settings()
    storage = picture_storage() if settings.picture_bucket else None
    files = (file_repository(), file_storage()) if settings.has_files else None
    return ExportService(deletion_repository(), profile_service(), user_pool(), storage, files)


@cache
def file_check_starter() -> "FileCheckStarter":
    """Return the adapter that starts checks of files."""
    from chalicelib.reconciliation.file_check_starter import FileCheckStarter

    return FileCheckStarter(_build_async_function(get_settings().require_check_file_function_name()))


@cache
def next_run_starter(function_name: str) -> "NextRunStarter":
    """Return the adapter that starts the next run of reconciliation, in the function of this name."""
    from chalicelib.reconciliation.next_run import NextRunStarter

    return NextRunStarter(_build_async_function(function_name))


@cache
def reconciliation_adapters() -> "ReconciliationAdapters":
    """Return the adapters of reconciliation. Those of files are None if users cannot store files."""
    from chalicelib.reconciliation.service import FileAdapters, ReconciliationAdapters

    files = None
    if get_settings().has_files:
        files = FileAdapters(file_repository(), file_storage(), file_check_starter())
    return ReconciliationAdapters(
        profile_repository(), deletion_repository(), throttled_user_pool(), erasure_starter(), files
    )


def checkpoints(*, dry_run: bool) -> "Checkpoints":
    """Return the checkpoints of one run, which has the lease. Not cached."""
    from chalicelib.reconciliation.checkpoints import Checkpoints

    return Checkpoints(clients.dynamodb(), get_settings().require_table_name(), dry_run=dry_run)


def reconciliation(options: "ReconciliationOptions", milliseconds_left: "Callable[[], float]") -> "Reconciliation":
    """Return one run of reconciliation. Not cached."""
    from chalicelib.reconciliation.service import GracePeriods, Reconciliation

    settings = get_settings()
    grace_periods = GracePeriods(settings.unconfirmed_hours, settings.orphan_grace_hours)
    run_checkpoints = checkpoints(dry_run=options.dry_run)
    return Reconciliation(run_checkpoints, reconciliation_adapters(), options, milliseconds_left, grace_periods)


def reset() -> None:
    """Discard settings, clients and everything built from them, for tests that change the environment."""
    get_settings.cache_clear()
    clients.reset()
    for factory in (
        profile_repository,
        user_pool,
        throttled_user_pool,
        profile_service,
        account_service,
        contact_sync_at_sign_in,
        picture_storage,
        picture_repository,
        picture_processor,
        picture_leases,
        picture_service,
        file_repository,
        file_storage,
        file_service,
        file_checker,
        file_erasure,
        deletion_repository,
        erasure_starter,
        deletion_service,
        erasure_service,
        export_service,
        file_check_starter,
        next_run_starter,
        reconciliation_adapters,
    ):
        factory.cache_clear()
