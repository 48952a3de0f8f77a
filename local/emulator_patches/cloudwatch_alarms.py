"""Alarm fields that MiniStack 1.5.33 omits from DescribeAlarms in XML. Terraform's provider uses XML.

tests/integration/test_emulator.py fails when MiniStack returns these fields.
"""

import functools
from collections.abc import Callable
from typing import Any, Final
from xml.sax.saxutils import escape

_MISSING_FIELDS: Final = ("AlarmDescription", "TreatMissingData")
_SINGLE_METRIC_FIELDS: Final = ("Period", "Statistic")  # an alarm on an expression has these fields for each metric
_ACTION_FIELDS: Final = ("AlarmActions", "OKActions", "InsufficientDataActions")


def install() -> None:
    """Wrap MiniStack's handler. MiniStack looks up the handler in its module at each request."""
    from ministack.services import cloudwatch

    cloudwatch._describe_alarms = _with_missing_fields(cloudwatch._describe_alarms)


def _with_missing_fields(describe_alarms: Callable[..., Any]) -> Callable[..., Any]:
    from ministack.services import cloudwatch

    @functools.wraps(describe_alarms)
    def wrapped(params: Any, cbor: Any, is_cbor: bool, is_json: bool = False) -> Any:
        status, headers, body = describe_alarms(params, cbor, is_cbor, is_json)
        if is_cbor or is_json or status != 200:
            return status, headers, body
        text = body.decode()
        for name, alarm in cloudwatch._alarms.items():
            start = f"<member><AlarmName>{name}</AlarmName>"
            text = text.replace(start, start + _render_missing_fields(alarm))
        return status, headers, text.encode()

    return wrapped


def _render_missing_fields(alarm: dict[str, Any]) -> str:
    names = (*_MISSING_FIELDS, *_SINGLE_METRIC_FIELDS) if alarm.get("MetricName") else _MISSING_FIELDS
    texts = "".join(f"<{name}>{escape(str(alarm[name]))}</{name}>" for name in names if alarm.get(name))
    dimensions = "".join(
        f"<member><Name>{escape(dimension['Name'])}</Name><Value>{escape(dimension['Value'])}</Value></member>"
        for dimension in alarm["Dimensions"]
    )
    actions = "".join(
        f"<{name}>{''.join(f'<member>{escape(arn)}</member>' for arn in alarm[name])}</{name}>"
        for name in _ACTION_FIELDS
    )
    enabled = str(alarm["ActionsEnabled"]).lower()
    return f"<ActionsEnabled>{enabled}</ActionsEnabled><Dimensions>{dimensions}</Dimensions>{texts}{actions}"
