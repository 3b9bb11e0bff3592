"""Rules about events: each change has one in the log, and each reader heard those of its topics."""

from collections import Counter
from collections.abc import Iterator

from tests.faults.evidence import LIVE, Evidence, Logged, Row
from tests.faults.history import Reader

BOOKINGS, BOARD = "appointments", "availability"
REMOVED = "appointment.removed"
"""Follows a move to another dentist, with the move's version, and is for the old dentist alone: it
is no change, and the readers of these runs are admins, who still see the booking.
"""


def each_change_has_one_event(evidence: Evidence) -> Iterator[str]:
    """The log has no gap, and exactly one event for each version of each booking."""
    numbers = [event.seq for event in evidence.log]
    if numbers != list(range(1, len(numbers) + 1)):
        yield f"the log has {len(numbers)} events, but its numbers have gaps"
    events: Counter[tuple[str, int | None]] = Counter(
        (event.entity, event.version)
        for event in evidence.log
        if event.topic == BOOKINGS and event.kind != REMOVED
    )
    changes: Counter[tuple[str, int | None]] = Counter(
        (step.booking, step.version) for step in evidence.steps
    )
    for booking, version in changes - events:
        yield f"{booking}: no event of version {version}"
    for booking, version in events - changes:
        yield f"{booking}: an event too many of version {version}"


def last_board_event_is_as_the_rows(evidence: Evidence) -> Iterator[str]:
    """The last event of each slot says what its row is; else the board shows it so for ever."""
    shown = {event.slot: event.kind for event in evidence.log if event.slot}
    rows = {slot_of(row): "slot.free" for row in evidence.rows}
    rows |= {
        slot_of(row): "slot.held" if row.status == "held" else "slot.booked"
        for row in evidence.rows
        if row.status in LIVE
    }
    for slot, state in rows.items():
        if shown.get(slot) != state:
            yield f"{slot} is {state}, but its last event is {shown.get(slot)}"


def slot_of(row: Row) -> str:
    """As in `Logged.slot`."""
    return f"{row.dentist} {row.starts_at:.0f} {row.ends_at:.0f}"


def no_event_missing(evidence: Evidence) -> Iterator[str]:
    """Each reader heard each event of its topics once and in order, without a reset."""
    for reader in evidence.readers:
        yield from (f"{reader.name}: reset: {reason}" for reason in reader.resets)
        if reader.after is None:
            yield f"{reader.name}: never ready"
            continue
        own = {event.seq for event in evidence.log if event.topic in reader.topics}
        if foreign := set(reader.heard) - own:
            yield f"{reader.name}: heard events that are not its topics': {sorted(foreign)[:5]}"
        if reader.heard != sorted(set(reader.heard)):
            yield f"{reader.name}: events out of order or twice"
        missing = _missing(reader, reader.after, evidence.log)
        if missing:
            yield f"{reader.name}: {len(missing)} events missing, first {missing[0]}"


def _missing(reader: Reader, after: int, log: list[Logged]) -> list[Logged]:
    """Of a board slot, the latest state replaces earlier ones while a reader is slow."""
    wanted = [
        event
        for event in log
        if event.seq > after and event.topic in reader.topics and event.kind != REMOVED
    ]
    heard = set(reader.heard)
    latest = {event.slot: event.seq for event in wanted if event.slot and event.seq in heard}
    return [
        event
        for event in wanted
        if event.seq not in heard and latest.get(event.slot, 0) < event.seq
    ]
