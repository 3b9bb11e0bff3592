"""What was committed, what each reader went through, and what can be wrong between the two.

A booking and a person have versions, and each version must be told. A slot on the board has states,
of which only the last must be: between two that are told, any may be left out.
"""

from collections.abc import Mapping
from enum import StrEnum
from typing import NamedTuple, TypeAlias


class Fault(StrEnum):
    MISSED = "a change was never told, nor contained in what was loaded"
    STALE = "the last that was heard of a slot is not how it is"
    PHANTOM = "something was told that was never committed"
    DISTORTED = "a change was told as another kind than was committed"
    FOREIGN = "a change was told to somebody who may not see it"
    UNFOLLOWED = "a change was told of a topic that was not asked for"
    REORDERED = "an entity's changes were not told in the order of their commits"
    FALLING = "a number did not rise within its connection"
    TWICE = "a change was told twice in one connection"
    RENUMBERED = "a change has two numbers"
    CONTRADICTION = "a number is two changes"
    UNOPENED = "something was told outside of any connection"
    UNLOADED = "a reset was not followed by a load"
    ANOTHER_EPOCH = "the epoch became another without a reset"


class Change(NamedTuple):
    """Committed. Changes of one entity are given in the order of their commits."""

    topic: str
    entity: str
    """An id; for a slot its dentist's id, a space, and its times."""
    version: int | None
    """Null for slots."""
    kind: str
    readers: frozenset[str] | None = None
    """Who may see it; null means everyone."""


class Opened(NamedTuple):
    """A connection begins; the one before, if any, is over."""


class Closed(NamedTuple):
    """A connection ends."""


class Told(NamedTuple):
    epoch: str
    seq: int
    topic: str
    entity: str
    version: int | None
    kind: str


class Reset(NamedTuple):
    """The reader is told to load again, and goes on in this epoch."""

    epoch: str


class Loaded(NamedTuple):
    """The reader loads its lists: each entity's version, or a slot's kind."""

    entities: Mapping[tuple[str, str], int | str]


Step: TypeAlias = Opened | Closed | Told | Reset | Loaded


class Reader(NamedTuple):
    name: str
    topics: frozenset[str]
    steps: tuple[Step, ...]
    """What it went through, in order."""

    def follows(self, topic: str, entity: str) -> bool:
        return not self.topics.isdisjoint({topic, f"{topic}:{entity.partition(' ')[0]}"})


class Finding(NamedTuple):
    fault: Fault
    reader: str
    what: object
