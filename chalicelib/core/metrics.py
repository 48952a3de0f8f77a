"""Metrics in CloudWatch's embedded metric format: log lines, so that adding a value calls no service and cannot fail.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html
"""

import time
from enum import StrEnum
from typing import Final

from chalicelib.core import logs

METRICS_NAMESPACE: Final = "HealthTech"


class Metric(StrEnum):
    """The names of all metrics. Each has the dimension `service`."""

    SIGN_UP_REJECTED = "SignUpRejected"
    PROFILE_CREATED = "ProfileCreated"
    PROFILE_WRITE_FAILED = "ProfileWriteFailed"
    PROFILE_PROVISIONED = "ProfileProvisioned"
    CONTACT_SYNCED = "ContactSynced"
    CONTACT_WRITE_FAILED = "ContactWriteFailed"
    SIGN_OUT_FAILED = "SignOutFailed"
    TRIGGER_FAILED = "TriggerFailed"
    PICTURE_STORED = "PictureStored"
    PICTURE_REJECTED = "PictureRejected"
    PICTURE_CLEANUP_FAILED = "PictureCleanupFailed"
    FILE_STORED = "FileStored"
    FILE_REJECTED = "FileRejected"
    FILE_INFECTED = "FileInfected"
    FILE_SCAN_FAILED = "FileScanFailed"
    FILE_SCAN_OVERDUE = "FileScanOverdue"
    FILE_LOST = "FileLost"
    DELETION_REQUESTED = "DeletionRequested"
    DELETION_CANCELLED = "DeletionCancelled"
    USER_ERASED = "UserErased"
    ERASURE_FAILED = "ErasureFailed"
    EXPORT_CREATED = "ExportCreated"
    ORPHANED_PROFILES = "OrphanedProfiles"
    RECONCILIATION_INTERRUPTED = "ReconciliationInterrupted"
    RECONCILIATION_RESTARTED = "ReconciliationRestarted"
    RECONCILIATION_STOPPED = "ReconciliationStopped"
    UNCONFIRMED_ACCOUNTS_DELETED = "UnconfirmedAccountsDeleted"
    UNCONFIRMED_ACCOUNTS_REMAINING = "UnconfirmedAccountsRemaining"
    HEALTH_ATTRIBUTES_DELETED = "HealthAttributesDeleted"
    BOTOCORE_TUNING_OFF = "BotocoreTuningOff"


def add_metric(metric: Metric, value: int = 1) -> None:
    """Add a count to a metric of the configured service."""
    directive = {
        "Namespace": METRICS_NAMESPACE,
        "Dimensions": [["service"]],
        "Metrics": [{"Name": metric, "Unit": "Count"}],
    }
    metadata = {"Timestamp": int(time.time() * 1000), "CloudWatchMetrics": [directive]}
    logs.write_json({"_aws": metadata, "service": logs.get_service_name(), metric: value})
