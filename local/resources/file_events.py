"""The events that invoke check_file: uploads, from S3, and results of malware scans, from EventBridge."""

import json
from typing import Any, Final

from local.emulator_clients import EmulatorConnection, emulator_client
from local.resources.idempotency import create_unless_exists
from local.stack import ACCOUNT_ID, BUCKET_ARN, BUCKET_NAME, FILES_PREFIX, STACK_NAME

_RULE_NAME: Final = f"{STACK_NAME}-scan-results"
_SCAN_RESULT_PATTERN: Final = {
    "source": ["aws.guardduty"],
    "detail-type": ["GuardDuty Malware Protection Object Scan Result"],
    "detail": {"s3ObjectDetails": {"bucketName": [BUCKET_NAME], "objectKey": [{"prefix": FILES_PREFIX}]}},
}


def ensure_file_events(connection: EmulatorConnection, function_arn: str) -> None:
    """Send the events of the bucket's files to the function."""
    lambda_ = emulator_client("lambda", connection)
    _allow_invocations(lambda_, function_arn, "s3.amazonaws.com", BUCKET_ARN)
    emulator_client("s3", connection).put_bucket_notification_configuration(
        Bucket=BUCKET_NAME,
        NotificationConfiguration={
            "EventBridgeConfiguration": {},  # the malware scanner gets events of new objects from EventBridge
            "LambdaFunctionConfigurations": [
                {
                    "Id": "check-file",
                    "LambdaFunctionArn": function_arn,
                    "Events": ["s3:ObjectCreated:*"],
                    "Filter": {"Key": {"FilterRules": [{"Name": "prefix", "Value": FILES_PREFIX}]}},
                }
            ],
        },
    )
    events = emulator_client("events", connection)
    rule = events.put_rule(
        Name=_RULE_NAME,
        Description="Matches the results of malware scans of files, and invokes check_file.",
        EventPattern=json.dumps(_SCAN_RESULT_PATTERN),
    )
    _allow_invocations(lambda_, function_arn, "events.amazonaws.com", rule["RuleArn"])
    events.put_targets(Rule=_RULE_NAME, Targets=[{"Id": "check-file", "Arn": function_arn}])


def _allow_invocations(lambda_: Any, function_arn: str, service: str, source_arn: str) -> None:
    """Allow a service to invoke the function for a bucket or rule."""
    create_unless_exists(
        lambda: lambda_.add_permission(
            FunctionName=function_arn,
            StatementId=service.partition(".")[0],
            Action="lambda:InvokeFunction",
            Principal=service,
            SourceArn=source_arn,
            SourceAccount=ACCOUNT_ID,
        ),
        "ResourceConflictException",
    )
