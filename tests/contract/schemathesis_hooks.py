"""Valid values for schemathesis whose rules the document cannot express as a pattern."""

import datetime

import schemathesis
from hypothesis import strategies as st

NAMES = st.text(st.characters(categories=["Lu", "Ll", "Lo"]), min_size=1, max_size=200)
DATES = st.dates(datetime.date(1900, 1, 1), datetime.date(2026, 1, 1))
ENTITY_TAGS = st.sampled_from(["*", '"1"', 'W/"2"', '"1", "2"', '"x"'])
USER_IDS = st.one_of(st.just("me"), st.text(st.characters(categories=["L", "N"]), min_size=1))

schemathesis.openapi.format("user-id", USER_IDS)
schemathesis.openapi.format("person-name", NAMES)
schemathesis.openapi.format("date", DATES.map(datetime.date.isoformat))
schemathesis.openapi.format("entity-tags", ENTITY_TAGS)
