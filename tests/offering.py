"""What is offered on one day, in one line."""

from collections.abc import Iterable, Iterator
from datetime import date, datetime

from domain.hours import Hours
from domain.schedules import Busy, State, Terms
from domain.search import Diary, Slot


def offered(
    hours: Hours,
    terms: Terms,
    day: date,
    busy: Iterable[Busy],
    now: datetime,
    *,
    include_taken: bool = False,
) -> Iterator[Slot]:
    diary = Diary(hours, terms, now, busy)
    if include_taken:
        return diary.slots(day)
    return (Slot(start, start + terms.duration, State.FREE) for start in diary.free(day))
