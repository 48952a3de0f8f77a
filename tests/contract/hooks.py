"""What schemathesis can't know from the document: values that a person may have."""

import datetime
from typing import Any

import schemathesis
from hypothesis import strategies as st

from chalicelib.models import EDITABLE, SERVER_OWNED

NAMES = st.text(st.characters(categories=["Lu", "Ll", "Lo"]), min_size=1, max_size=200)
DATES = st.dates(datetime.date(1900, 1, 1), datetime.date(2026, 1, 1))
TAGS = st.sampled_from(["*", '"1"', 'W/"2"', '"1", "2"', '"x"'])
IDS = st.one_of(st.just("me"), st.text(st.characters(categories=["L", "N"]), min_size=1))

schemathesis.openapi.format("user-id", IDS)
schemathesis.openapi.format("person-name", NAMES)
schemathesis.openapi.format("date", DATES.map(datetime.date.isoformat))
schemathesis.openapi.format("entity-tags", TAGS)


@schemathesis.hook
def filter_body(context: Any, body: Any) -> bool:
    """What depends on what is stored is left to our own tests.

    null is valid only where nothing is known yet, and of this user all is; the server's fields are valid
    only as they were answered.
    """
    if not isinstance(body, dict):
        return True
    return not (body.keys() & set(SERVER_OWNED)) and not any(body.get(name, "") is None for name in EDITABLE)
