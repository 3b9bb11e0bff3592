"""Judges what readers were told by what was committed. Pure: no database, no socket, no clock."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from tests.realtime.history import (
    Change,
    Closed,
    Fault,
    Finding,
    Loaded,
    Opened,
    Reader,
    Reset,
    Told,
)


def judge(changes: Iterable[Change], readers: Iterable[Reader]) -> list[Finding]:
    """All that is wrong; nothing, where each reader was told what it must be and nothing else."""
    truth, readers = _Truth(list(changes)), list(readers)
    findings = [finding for reader in readers for finding in _Trial(truth, reader).held()]
    return findings + list(_numbered(readers))


class _Truth:
    def __init__(self, changes: list[Change]) -> None:
        self.changes = changes
        self.versions: dict[tuple[str, str, int | None], list[Change]] = defaultdict(list)
        self.states: dict[tuple[str, str], list[str]] = defaultdict(list)
        for change in changes:
            if change.version is None:
                self.states[change.topic, change.entity].append(change.kind)
            else:
                self.versions[change.topic, change.entity, change.version].append(change)


@dataclass
class _Trial:
    """One reader's steps, one after the other."""

    truth: _Truth
    reader: Reader
    findings: list[Finding] = field(default_factory=list)
    connected: bool = False
    must_load: bool = False
    epoch: str | None = None
    seq: int = -1
    """The last number of this connection."""
    here: dict[tuple[str, str], int] = field(default_factory=dict)
    """How far each entity is in this connection: its version, or the index of its state."""
    ever: set[tuple[str, str, int]] = field(default_factory=set)
    """All versions that were told."""
    highest: dict[tuple[str, str], int] = field(default_factory=dict)
    loaded: dict[tuple[str, str], int | str] = field(default_factory=dict)
    """The latest that was loaded; of slots, the latest that was loaded or told."""

    def held(self) -> list[Finding]:
        for step in self.reader.steps:
            match step:
                case Opened():
                    self._opened()
                case Closed():
                    self.connected = False
                case Reset():
                    self._reset(step)
                case Loaded():
                    self.must_load = False
                    self.loaded |= step.entities
                case Told():
                    self._told(step)
        self._ended()
        return self.findings

    def _find(self, fault: Fault, what: object) -> None:
        self.findings.append(Finding(fault, self.reader.name, what))

    def _opened(self) -> None:
        self.connected, self.seq = True, -1
        self.here.clear()

    def _reset(self, step: Reset) -> None:
        if not self.connected:
            self._find(Fault.UNOPENED, step)
        self.must_load, self.epoch, self.seq = True, step.epoch, -1
        self.here.clear()

    def _told(self, told: Told) -> None:
        if not self.connected:
            self._find(Fault.UNOPENED, told)
        if self.epoch not in (None, told.epoch):
            self._find(Fault.ANOTHER_EPOCH, told)
        if told.seq <= self.seq:
            self._find(Fault.FALLING, told)
        self.epoch, self.seq = told.epoch, max(self.seq, told.seq)
        if not self.reader.follows(told.topic, told.entity):
            self._find(Fault.UNFOLLOWED, told)
        if told.version is None:
            self._state(told)
        else:
            self._version(told, told.version)

    def _version(self, told: Told, version: int) -> None:
        entity = (told.topic, told.entity)
        committed = self.truth.versions.get((*entity, version), [])
        same = [change for change in committed if change.kind == told.kind]
        if not committed:
            self._find(Fault.PHANTOM, told)
        elif not same:
            self._find(Fault.DISTORTED, told)
        elif all(c.readers is not None and self.reader.name not in c.readers for c in same):
            self._find(Fault.FOREIGN, told)

        before, highest = self.here.get(entity, 0), self.highest.get(entity, 0)
        if version == before:
            self._find(Fault.TWICE, told)
        elif version < before or (version < highest and (*entity, version) not in self.ever):
            self._find(Fault.REORDERED, told)
        self.here[entity] = max(before, version)
        self.highest[entity] = max(highest, version)
        self.ever.add((*entity, version))

    def _state(self, told: Told) -> None:
        entity = (told.topic, told.entity)
        states, after = self.truth.states.get(entity, []), self.here.get(entity, -1) + 1
        if told.kind not in states:
            self._find(Fault.PHANTOM, told)
        elif told.kind not in states[after:]:
            self._find(Fault.REORDERED, told)
        else:
            self.here[entity] = states.index(told.kind, after)
        self.loaded[entity] = told.kind

    def _ended(self) -> None:
        if self.must_load:
            self._find(Fault.UNLOADED, self.reader.steps[-1])
        for change in self.truth.changes:
            if change.version is not None and self._is_due(change) and not self._has(change):
                self._find(Fault.MISSED, change)
        for (topic, entity), states in self.truth.states.items():
            last = Change(topic, entity, None, states[-1])
            if self._is_due(last) and self.loaded.get((topic, entity)) != last.kind:
                self._find(Fault.STALE, last)

    def _is_due(self, change: Change) -> bool:
        may_see = change.readers is None or self.reader.name in change.readers
        return may_see and self.reader.follows(change.topic, change.entity)

    def _has(self, change: Change) -> bool:
        entity, version = (change.topic, change.entity), change.version or 0
        return (*entity, version) in self.ever or int(self.loaded.get(entity, 0)) >= version


def _numbered(readers: Iterable[Reader]) -> Iterator[Finding]:
    """Numbers mean the same to all who read."""
    change_of: dict[tuple[str, int], Told] = {}
    number_of: dict[tuple[object, ...], int] = {}
    for reader in readers:
        for told in (step for step in reader.steps if isinstance(step, Told)):
            if change_of.setdefault((told.epoch, told.seq), told) != told:
                yield Finding(Fault.CONTRADICTION, reader.name, told)
            elif told.version is not None:
                identity = (told.epoch, *told[2:])
                if number_of.setdefault(identity, told.seq) != told.seq:
                    yield Finding(Fault.RENUMBERED, reader.name, told)
