"""Parts of a day, by the start of the visit in the clinic's time zone."""

from collections.abc import Mapping
from datetime import time
from enum import StrEnum


class PartOfDay(StrEnum):
    """The start of the visit in the clinic's time zone."""

    MORNING = "morning"
    AFTERNOON = "afternoon"
    EVENING = "evening"


BETWEEN: Mapping[PartOfDay, tuple[time, time]] = {
    PartOfDay.MORNING: (time(0), time(12)),
    PartOfDay.AFTERNOON: (time(12), time(17)),
    PartOfDay.EVENING: (time(17), time(0)),
}
"""From the first time on, before the second; midnight is the end of the day."""
