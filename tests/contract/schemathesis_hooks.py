"""Valid values for schemathesis whose rules the document cannot express as a pattern."""

import datetime

import schemathesis
from hypothesis import strategies as st

from chalicelib.core.cursors import encode_cursor
from chalicelib.files.ids import create_file_id

_LETTERS = st.characters(categories=["Lu", "Ll", "Lo"])

NAMES = st.text(_LETTERS, min_size=1, max_size=200)
FILE_NAMES = st.text(st.one_of(_LETTERS, st.sampled_from("-_.0")), min_size=1, max_size=200).map("x{}".format)
DATES = st.dates(datetime.date(1900, 1, 1), datetime.date(2026, 1, 1))
ENTITY_TAGS = st.sampled_from(["*", '"1"', 'W/"2"', '"1", "2"', '"x"'])
USER_IDS = st.one_of(st.just("me"), st.text(st.characters(categories=["L", "N"]), min_size=1))
CURSORS = (
    st.datetimes(datetime.datetime(2026, 1, 1), datetime.datetime(2027, 1, 1)).map(create_file_id).map(encode_cursor)
)

schemathesis.openapi.format("user-id", USER_IDS)
schemathesis.openapi.format("person-name", NAMES)
schemathesis.openapi.format("file-name", FILE_NAMES)
schemathesis.openapi.format("date", DATES.map(datetime.date.isoformat))
schemathesis.openapi.format("entity-tags", ENTITY_TAGS)
schemathesis.openapi.format("cursor", CURSORS)
