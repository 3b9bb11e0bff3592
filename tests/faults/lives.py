"""The life of each booking, as its caller knows it for certain."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

from tests.faults.history import Caller, Request, Slot


@dataclass(frozen=True, slots=True)
class Claim:
    """For certain, a booking had this slot from `since` until `until`."""

    booking: str
    slot: Slot
    since: float
    until: float


@dataclass(frozen=True, slots=True)
class End:
    """What a booking may be at the end of the run."""

    statuses: frozenset[str]
    slots: frozenset[Slot]


@dataclass(slots=True)
class Life:
    """The requests for one booking, from its answered hold on."""

    id: str
    hold: Request
    requests: list[Request] = field(default_factory=list)
    """Those after the hold."""

    @property
    def deadline(self) -> float:
        return float(self.hold.answer["deadline"])

    def ends(self) -> End:
        """What its row may be: one status, unless an answer is missing."""
        statuses, slots = {"expired"}, {self._slot}
        for request in self.requests:
            after = {"confirm": "booked", "cancel": "cancelled", "release": "released"}
            if request.verb == "move":
                slots = _narrowed(request, slots)
            elif request.done:
                statuses = {after[request.verb]}
            elif request.status is None:
                statuses = statuses | {after[request.verb]}
        return End(frozenset(statuses), frozenset(slots))

    def claims(self) -> list[Claim]:
        """The times during which it had a slot for certain: until its caller asked for a change,
        or until the deadline of an unconfirmed hold.
        """
        return [claim for claim in self._claims() if claim.since < claim.until]

    def _claims(self) -> Iterator[Claim]:
        claim = Claim(self.id, self._slot, self.hold.ended, self.deadline)
        for request in self.requests:
            if request.refused and not request.may_take_effect:
                continue
            if request.verb == "confirm" and request.done:
                claim = replace(claim, until=float("inf"))
            elif request.verb in ("cancel", "release"):
                claim = replace(claim, until=min(claim.until, request.sent))
            elif request.verb == "move":
                yield replace(claim, until=min(claim.until, request.sent))
                if not request.done or request.slot is None:
                    return
                claim = Claim(self.id, request.slot, request.ended, claim.until)
        yield claim

    @property
    def _slot(self) -> Slot:
        if self.hold.slot is None:
            raise ValueError("a hold without a slot")
        return self.hold.slot


def of(callers: Sequence[Caller]) -> list[Life]:
    """The lives of all bookings whose hold was answered and was live then."""
    found: dict[str, Life] = {}
    for caller in callers:
        for request in caller.requests:
            if request.booking is None:
                continue
            if request.verb == "hold" and request.done:
                found[request.booking] = Life(request.booking, request)
            elif request.booking in found:
                found[request.booking].requests.append(request)
    return list(found.values())


def _narrowed(move: Request, slots: set[Slot]) -> set[Slot]:
    if move.done:
        return {Slot(move.answer["dentist"], move.answer["starts_at"])}
    if move.may_take_effect and move.slot is not None:
        return slots | {move.slot}
    return slots
