"""The judge of histories is judged itself: it accepts the good ones, and no other."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.realtime.history import Change, Closed, Fault, Loaded, Opened, Reader, Reset, Step, Told
from tests.realtime.history_judge import judge

APPOINTMENTS, BOARD = "appointments", "availability"
S, T = "amara 8:00", "lena 9:00"
ANAS, BENS = frozenset({"admin", "ana"}), frozenset({"admin", "ben"})

LOG = [
    Change(APPOINTMENTS, "A", 1, "appointment.held", ANAS),
    Change(BOARD, S, None, "slot.held"),
    Change(APPOINTMENTS, "B", 1, "appointment.held", BENS),
    Change(BOARD, T, None, "slot.held"),
    Change(APPOINTMENTS, "A", 2, "appointment.booked", ANAS),
    Change(BOARD, S, None, "slot.booked"),
    Change(APPOINTMENTS, "B", 2, "appointment.released", BENS),
    Change(BOARD, T, None, "slot.free"),
    Change(APPOINTMENTS, "A", 3, "appointment.cancelled", ANAS),
    Change(BOARD, S, None, "slot.free"),
]


def told(*numbers: int, epoch: str = "e") -> list[Step]:
    """These of the log, under numbers that leave room for others between them."""
    return [Told(epoch, 10 * n, *LOG[n - 1][:4]) for n in numbers]


def reader(name: str, steps: list[Step], *topics: str) -> Reader:
    return Reader(name, frozenset(topics or (APPOINTMENTS, BOARD)), tuple(steps))


AGAIN: list[Step] = [Closed(), Opened()]
ADMIN = [Opened(), *told(1, 2, 3, 4, 5), *AGAIN, *told(5, 7, 8, 9), *AGAIN, *told(10)]
"""Cut twice: once it is told again what it had, and a state of the board is left out."""

ANA = [Opened(), *told(1), Reset("e"), Loaded({(APPOINTMENTS, "A"): 2}), *told(5, 9), Closed()]
"""Reset: what it loads is newer than what comes next."""

BEN = [Loaded({(APPOINTMENTS, "B"): 1}), Opened(), *told(7)]
"""Begins in the middle, from a list."""

LENA = [Opened(), *told(8)]
"""Follows one dentist's board, whose slots it learns from their last state."""

GOOD = {
    "admin": reader("admin", ADMIN),
    "ana": reader("ana", ANA, APPOINTMENTS),
    "ben": reader("ben", BEN, APPOINTMENTS),
    "lena": reader("lena", LENA, f"{BOARD}:lena"),
}


def found(changed: dict[str, Reader], changes: list[Change] = LOG) -> set[tuple[Fault, str]]:
    return {(f.fault, f.reader) for f in judge(changes, (GOOD | changed).values())}


def test_a_good_history_with_cuts_repeats_resets_and_conflation_is_accepted():
    assert judge(LOG, GOOD.values()) == []


def test_readers_without_a_word_are_accepted_only_where_nothing_happened():
    silent = [reader("admin", []), reader("ana", [Opened()])]
    assert judge([], silent) == []
    assert {finding.fault for finding in judge(LOG, silent)} == {Fault.MISSED, Fault.STALE}


def says(seq: int, topic: str, entity: str, version: int | None, kind: str) -> Step:
    return Told("e", seq, topic, entity, version, kind)


BROKEN: dict[str, tuple[str, list[Step], set[Fault]]] = {
    "a change is lost": ("admin", ADMIN[:1] + ADMIN[2:], {Fault.MISSED}),
    "one is lost between two connections": (
        "ana", [Opened(), *told(1), *AGAIN, *told(9)], {Fault.MISSED}),
    "the last one is lost": ("ben", BEN[:-1], {Fault.MISSED}),
    "what a reset passes over is not in what is loaded": (
        "ana", [Opened(), *told(1), Reset("e"), Loaded({(APPOINTMENTS, "A"): 1}), *told(9)],
        {Fault.MISSED}),
    "nothing of a slot comes": ("lena", [Opened()], {Fault.STALE}),
    "the last state of a slot is left out": ("admin", ADMIN[:-1], {Fault.STALE}),
    "what was rolled back is told": (
        "ben", [*BEN, says(75, APPOINTMENTS, "B", 3, "appointment.edited")], {Fault.PHANTOM}),
    "a slot is told of that nobody ever had": (
        "lena", [*LENA, says(85, BOARD, "lena 8:00", None, "slot.held")], {Fault.PHANTOM}),
    "a slot is in a state that it never had": (
        "lena", [Opened(), says(75, BOARD, T, None, "slot.booked"), *told(8)], {Fault.PHANTOM}),
    "a booking is called cancelled that was released": (
        "ben", [*BEN[:2], says(75, APPOINTMENTS, "B", 2, "appointment.cancelled")],
        {Fault.DISTORTED}),
    "one patient hears of the other": (
        "ana", [Opened(), *told(1, 3, 5, 9)], {Fault.FOREIGN}),
    "the board comes to who did not ask for it": (
        "ana", [Opened(), *told(1, 2, 5, 9)], {Fault.UNFOLLOWED}),
    "another dentist's board comes": ("lena", [Opened(), *told(2, 8)], {Fault.UNFOLLOWED}),
    "a version comes when a younger one was there": (
        "ana", [Opened(), *told(1), *AGAIN, *told(9), *AGAIN, *told(5)], {Fault.REORDERED}),
    "versions fall though numbers rise": (
        "ana", [Opened(), *told(1), says(91, *LOG[8][:4]), says(92, *LOG[4][:4])],
        {Fault.REORDERED, Fault.RENUMBERED}),
    "a slot goes back to what it was": (
        "lena", [*LENA, says(85, *LOG[3][:4]), Loaded({(BOARD, T): "slot.free"})],
        {Fault.REORDERED}),
    "numbers fall, of entities that have nothing to do with each other": (
        "admin", [Opened(), *told(1, 2, 3, 5, 4, 6, 7, 8, 9, 10)], {Fault.FALLING}),
    "a frame comes twice": ("ben", [*BEN, *told(7)], {Fault.FALLING, Fault.TWICE}),
    "a change comes twice, under two numbers": (
        "ben", [*BEN, says(75, *LOG[6][:4])], {Fault.TWICE, Fault.RENUMBERED}),
    "a change has another number after a cut": (
        "ben", [*BEN, *AGAIN, says(75, *LOG[6][:4])], {Fault.RENUMBERED}),
    "a number is another change to another reader": (
        "ben", [*BEN[:2], says(80, *LOG[6][:4])], {Fault.CONTRADICTION}),
    "something comes before a connection": (
        "ana", [*told(1), Opened(), *told(5, 9)], {Fault.UNOPENED}),
    "something comes after the end": (
        "ana", [Opened(), *told(1, 5), Closed(), *told(9)], {Fault.UNOPENED}),
    "after a reset nothing is loaded": ("ben", [*BEN, Reset("e")], {Fault.UNLOADED}),
    "the epoch changes without a word": (
        "ana", [Opened(), *told(1), *AGAIN, *told(5, 9, epoch="f")], {Fault.ANOTHER_EPOCH}),
}  # fmt: skip


@pytest.mark.parametrize("how", BROKEN)
def test_a_broken_history_is_rejected_for_its_own_reason(how):
    who, steps, faults = BROKEN[how]
    assert found({who: GOOD[who]._replace(steps=tuple(steps))}) == {(f, who) for f in faults}


def test_there_is_a_broken_history_for_each_fault():
    assert set().union(*(faults for *_, faults in BROKEN.values())) == set(Fault)


@st.composite
def logs(draw) -> list[Change]:
    """Bookings of some patients, each with a slot of its own, in some order of their commits."""
    lives = draw(
        st.lists(st.tuples(st.sampled_from("ab"), st.integers(1, 4)), min_size=1, max_size=6)
    )
    turns = draw(st.permutations([n for n, (_, length) in enumerate(lives) for _ in range(length)]))
    versions = [0] * len(lives)
    log = []
    for n in turns:
        versions[n] += 1
        seen_by = frozenset({"admin", lives[n][0]})
        log.append(Change(APPOINTMENTS, f"{n}", versions[n], f"kind {versions[n] % 2}", seen_by))
        log.append(Change(BOARD, f"amara {n}", None, f"state {versions[n] % 3}"))
    return log


def state(log: list[Change], upto: int) -> Loaded:
    """What lists say when so many changes are committed."""
    return Loaded(
        {
            (change.topic, change.entity): change.kind if change.version is None else change.version
            for change in log[:upto]
        }
    )


@st.composite
def followed(draw, log: list[Change], who: str, *breaks: str) -> Reader:
    """A reader of a server that conflates, and does whatever else it may: cuts, repeats, resets."""
    steps: list[Step] = [Opened()]
    since = seq = 0
    left = 4  # breaks, so that a history has an end
    while seq < len(log):
        change = log[seq]
        seq += 1
        later = log[seq : seq + 4]
        left_out = change.version is None and any(c.entity == change.entity for c in later)
        if (change.readers is None or who in change.readers) and not (
            left_out and draw(st.booleans())
        ):
            steps.append(Told("e", seq, *change[:4]))
        match draw(st.sampled_from(["go on"] * 6 + [*breaks])) if left else "go on":
            case "cut":
                left -= 1
                steps += [Closed(), Opened()]
                seq = draw(st.integers(since, seq))
            case "reset":
                left -= 1
                since = seq = draw(st.integers(seq, len(log)))
                loaded = state(log, draw(st.integers(seq, len(log))))
                steps += [Reset("e"), loaded]
    return Reader(who, frozenset({APPOINTMENTS, BOARD}), tuple(steps))


@st.composite
def histories(draw, *breaks: str) -> tuple[list[Change], list[Reader]]:
    log = draw(logs())
    return log, [draw(followed(log, who, *breaks)) for who in ("admin", "a", "b")]


@given(histories("cut", "reset"))
def test_whatever_a_correct_server_does_is_accepted(history):
    assert judge(*history) == []


@given(histories("cut"), st.data())
def test_history_that_lacks_one_change_is_rejected(history, data):
    log, (reader, *others) = history
    counted = [step for step in reader.steps if isinstance(step, Told) and step.version is not None]
    lost = data.draw(st.sampled_from(counted))
    steps = tuple(step for step in reader.steps if step != lost)
    findings = judge(log, [reader._replace(steps=steps), *others])
    assert {finding.fault for finding in findings} == {Fault.MISSED}


@given(histories("cut", "reset"), st.data())
def test_with_one_change_of_somebody_else_it_is_rejected(history, data):
    log, (admin, *others) = history
    secrets = [s for s in admin.steps if isinstance(s, Told) and s.version is not None]
    foreign = [
        (n, secret)
        for n, reader in enumerate(others)
        for secret in secrets
        if reader.name not in next(c.readers for c in log if c[:4] == secret[2:])
    ]
    n, secret = data.draw(st.sampled_from(foreign))
    others[n] = others[n]._replace(steps=(Opened(), secret, Closed(), *others[n].steps))
    assert Fault.FOREIGN in {finding.fault for finding in judge(log, [admin, *others])}
