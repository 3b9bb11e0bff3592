"""Which faults happen when. The seed decides all of it: no clock, no sockets."""

import random
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum


class Kind(StrEnum):
    WORKER_KILLED = "worker killed"
    API_KILLED = "API killed"
    RELAY_KILLED = "relay killed"
    """The relay runs in the API process that leads; that process is killed."""
    TEMPORAL_KILLED = "Temporal killed"
    POSTGRES_KILLED = "Postgres killed"
    WORKER_PAUSED = "worker paused"
    API_PAUSED = "API paused"
    RELAY_PAUSED = "relay paused"
    TEMPORAL_PAUSED = "Temporal paused"
    POSTGRES_PAUSED = "Postgres paused"
    POSTGRES_CUT = "connections to Postgres cut"
    TEMPORAL_CUT = "connections to Temporal cut"
    POSTGRES_BLACK_HOLE = "connections to Postgres black-holed"
    TEMPORAL_BLACK_HOLE = "connections to Temporal black-holed"
    CLOCK_OFF = "clock of a worker off"
    POOL_EXHAUSTED = "pool exhausted"
    DISK_FULL = "data disk full"


@dataclass(frozen=True, slots=True)
class Fault:
    kind: Kind
    at: float
    """Seconds from the beginning of the run."""
    lasts: float
    """Seconds until it is healed."""
    dice: int
    """Seed of all further choices, such as the victim."""

    @property
    def ends(self) -> float:
        return self.at + self.lasts


FIRST = 4.0
"""Seconds until the first fault, so that it meets bookings under way."""

EVERY = 9.0
"""Seconds from one fault to the next; a long one overlaps with those after it."""

JITTER = 2.0

SHORT, LONG = (0.3, 4.0), (4.0, 12.0)
"""Ranges of how long a fault lasts, in seconds."""

MOSTLY_SHORT = 0.7

ROUND = FIRST + EVERY * len(Kind) + JITTER
"""Seconds in which every kind begins at least once."""


def plan(seed: int, seconds: float) -> list[Fault]:
    """The faults of a run: rounds of all kinds, each in a new order, that end before `seconds`.
    In ROUND + LONG[1] seconds every kind happens at least once.
    """
    dice = random.Random(seed)
    kinds = _rounds(dice)
    faults, begins = [], FIRST
    while begins + JITTER + LONG[1] <= seconds:
        lasts = dice.uniform(*(SHORT if dice.random() < MOSTLY_SHORT else LONG))
        at = begins + dice.uniform(0, JITTER)
        faults.append(Fault(next(kinds), at, lasts, dice.getrandbits(32)))
        begins += EVERY
    return faults


def _rounds(dice: random.Random) -> Iterator[Kind]:
    while True:
        yield from dice.sample(list(Kind), len(Kind))
