"""What is offered on one day, in one line."""

from collections.abc import Iterable, Iterator
from datetime import date, datetime

from domain.hours import Hours
from domain.schedules import Claim, State, Terms
from domain.search import Slot, SlotSearch


def offered(
    hours: Hours,
    terms: Terms,
    day: date,
    busy: Iterable[Claim],
    now: datetime,
    *,
    include_taken: bool = False,
) -> Iterator[Slot]:
    slot_search = SlotSearch(hours, terms, now, busy)
    if include_taken:
        return slot_search.slots(day)
    return (Slot(start, start + terms.duration, State.FREE) for start in slot_search.free(day))
