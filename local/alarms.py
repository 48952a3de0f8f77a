"""What MiniStack 1.5.33 leaves out of DescribeAlarms in XML, in which Terraform's provider asks for it.

tests/integration/test_emulator.py tells when it does not.
"""

import functools
from collections.abc import Callable
from typing import Any, Final
from xml.sax.saxutils import escape

_LEFT_OUT: Final = ("AlarmDescription", "TreatMissingData")
_OF_ONE_METRIC: Final = ("Period", "Statistic")  # an alarm on an expression has its own for each metric


def install() -> None:
    """Wrap MiniStack's handler. It looks it up in its module at each request."""
    from ministack.services import cloudwatch

    cloudwatch._describe_alarms = _whole(cloudwatch._describe_alarms)


def _whole(describe: Callable[..., Any]) -> Callable[..., Any]:
    from ministack.services import cloudwatch

    @functools.wraps(describe)
    def wrapped(params: Any, cbor: Any, is_cbor: bool, is_json: bool = False) -> Any:
        status, headers, body = describe(params, cbor, is_cbor, is_json)
        if is_cbor or is_json or status != 200:
            return status, headers, body
        text = body.decode()
        for name, alarm in cloudwatch._alarms.items():
            head = f"<member><AlarmName>{name}</AlarmName>"
            text = text.replace(head, head + _rest(alarm))
        return status, headers, text.encode()

    return wrapped


def _rest(alarm: dict[str, Any]) -> str:
    names = (*_LEFT_OUT, *_OF_ONE_METRIC) if alarm.get("MetricName") else _LEFT_OUT
    texts = "".join(f"<{name}>{escape(str(alarm[name]))}</{name}>" for name in names if alarm.get(name))
    dimensions = "".join(
        f"<member><Name>{escape(it['Name'])}</Name><Value>{escape(it['Value'])}</Value></member>"
        for it in alarm["Dimensions"]
    )
    actions = "".join(
        f"<{kind}>{''.join(f'<member>{escape(arn)}</member>' for arn in alarm[kind])}</{kind}>"
        for kind in ("AlarmActions", "OKActions", "InsufficientDataActions")
    )
    enabled = str(alarm["ActionsEnabled"]).lower()
    return f"<ActionsEnabled>{enabled}</ActionsEnabled><Dimensions>{dimensions}</Dimensions>{texts}{actions}"
