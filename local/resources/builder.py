"""Create the resources of the local stack."""

from local.config import REGION, LocalSettings
from local.emulator_clients import emulator_client
from local.resources.bucket import ensure_bucket
from local.resources.encryption_key import ensure_key
from local.resources.file_events import ensure_file_events
from local.resources.functions import (
    ensure_erase_function,
    ensure_file_function,
    ensure_picture_function,
    ensure_reconcile_function,
    ensure_trigger_functions,
)
from local.resources.malware_protection import ensure_malware_protection
from local.resources.tables import ensure_tables
from local.resources.user_pool import ensure_user_pool
from local.stack import BUCKET_NAME, RECORDS_TABLE_NAME, TABLE_NAME, Stack


def create_stack(local: LocalSettings, *, has_guardduty: bool = True) -> Stack:
    """Create the resources that do not exist, and return the stack. Without GuardDuty, no file can be read."""
    key_arn = ensure_key(emulator_client("kms", local))
    ensure_tables(emulator_client("dynamodb", local), key_arn)
    ensure_bucket(emulator_client("s3", local), key_arn)
    trigger_arns = ensure_trigger_functions(local)
    pool_id, client_id = ensure_user_pool(emulator_client("cognito-idp", local), trigger_arns)
    stack = Stack(
        api_url=local.api_url,
        aws_endpoint_url=local.aws_endpoint_url,
        aws_access_key_id=local.access_key.id,
        aws_secret_access_key=local.access_key.secret,
        region=REGION,
        user_pool_id=pool_id,
        user_pool_client_id=client_id,
        table=TABLE_NAME,
        records_table=RECORDS_TABLE_NAME,
        bucket=BUCKET_NAME,
    )
    ensure_erase_function(local, stack.user_pool_arn)
    ensure_reconcile_function(local, stack.user_pool_arn)
    ensure_picture_function(local)
    ensure_file_events(local, ensure_file_function(local))
    if has_guardduty:
        ensure_malware_protection(local)
    return stack
