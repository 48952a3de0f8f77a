"""Metrics in CloudWatch's embedded metric format."""

import json

import pytest

from chalicelib.core import logs, metrics


# https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html
def test_metric_is_a_line_in_the_embedded_format(capsys: pytest.CaptureFixture[str]) -> None:
    logs.configure("INFO", "healthtech-test")
    metrics.add_metric(metrics.Metric.PROFILE_CREATED, 2)
    logs.configure("INFO", "healthtech")
    (line,) = map(json.loads, capsys.readouterr().out.splitlines())
    (directive,) = line["_aws"]["CloudWatchMetrics"]
    assert directive["Namespace"] == "HealthTech"
    assert directive["Dimensions"] == [["service"]]
    assert directive["Metrics"] == [{"Name": "ProfileCreated", "Unit": "Count"}]
    assert line["service"] == "healthtech-test"
    assert line["ProfileCreated"] == 2
