"""Parts of a day, by the time at which a visit starts."""

from collections.abc import Mapping
from datetime import time
from enum import StrEnum


class PartOfDay(StrEnum):
    """When a visit starts."""

    MORNING = "morning"
    AFTERNOON = "afternoon"
    EVENING = "evening"


BETWEEN: Mapping[PartOfDay, tuple[time, time]] = {
    PartOfDay.MORNING: (time(0), time(12)),
    PartOfDay.AFTERNOON: (time(12), time(17)),
    PartOfDay.EVENING: (time(17), time(0)),
}
"""From the first time on, before the second; midnight is the end of the day."""
