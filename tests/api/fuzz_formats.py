"""What schemathesis cannot guess: formats that are ours, and the years that are plausible."""

import base64
from datetime import UTC, date, datetime

from hypothesis import strategies as st
from schemathesis.openapi import format

from domain import zones

FIRST, LAST = datetime(2000, 1, 2), datetime(2200, 12, 30)  # noqa: DTZ001 - of any zone


def cursor(at: datetime, id: object) -> str:
    return base64.urlsafe_b64encode(f"{at.isoformat()}|{id}".encode()).decode()


instants = st.datetimes(FIRST, LAST, timezones=st.just(UTC))
format("date-time", instants.map(lambda at: at.isoformat().replace("+00:00", "Z")))
format("date", st.dates(FIRST.date(), LAST.date()).map(date.isoformat))
names = st.text("abcdefghijklmnopqrstuvwxyz0123456789", min_size=1, max_size=20)
format("email", st.builds("{}@{}.example".format, names, names))
format("time-zone", st.sampled_from(sorted(zones.names())))
format("cursor", st.builds(cursor, instants, st.uuids()))
