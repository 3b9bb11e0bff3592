"""How much time a schedule offers on each day."""

from collections import deque
from collections.abc import Mapping
from datetime import date, timedelta

from domain.hours import Hours, open_intervals
from domain.zones import ONE_DAY, days

ONE_MINUTE = timedelta(minutes=1)


def offered_minutes(hours: Hours, first: date, last: date) -> Mapping[date, int]:
    """The open minutes of each local day from `first` to `last`, cut at midnight. A repeated hour
    counts twice, a skipped one not at all.
    """
    offered = dict.fromkeys((first + n * ONE_DAY for n in range((last - first).days + 1)), 0)
    uncached = open_intervals.__wrapped__  # the cache is for the weeks that callers search
    opened = deque(uncached(hours, first, last))
    for part in days(hours.time_zone, first, last):
        on = (part.starts_at + part.offset).date()
        while opened and opened[0].ends_at <= part.starts_at:
            opened.popleft()
        for interval in opened:
            if interval.starts_at >= part.ends_at:
                break
            starts_at = max(interval.starts_at, part.starts_at)
            offered[on] += (min(interval.ends_at, part.ends_at) - starts_at) // ONE_MINUTE
    return offered
