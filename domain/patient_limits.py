"""How much one patient may hold and book at a time, and how much conversations and agents hold."""

from dataclasses import asdict, dataclass
from datetime import timedelta
from uuid import UUID

HOLD_QUOTA = 2
"""Live holds that one patient may have at a time."""

BOOKING_QUOTA = 10
"""Upcoming live visits that one patient may have, holds included. Bookings made by staff do not
count and are not limited.
"""

FREE_RELEASES = 1
"""Holds of overlapping time with one dentist that a patient may release or let expire within
RELEASE_WINDOW. After one more there is a cooldown as long as that hold was.
"""

RELEASE_WINDOW = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class HolderLimits:
    """Limits on the live holds of agents and conversations; null: no limit."""

    conversation: bytes | None = None
    """A keyed hash of caller and conversation."""
    conversation_holds: int | None = None
    """Of this conversation."""
    agent_id: UUID | None = None
    agent_holds: int | None = None
    """Of this agent."""
    agent_day_holds: int | None = None
    """Of all agents on one day of a dentist."""


NO_HOLDER_LIMITS = HolderLimits()


@dataclass(frozen=True, slots=True)
class Limits:
    """Limits on what a patient already has when they hold or book; null: no limit."""

    holds: int | None = None
    bookings: int | None = None
    free_releases: int | None = None
    holder: HolderLimits = NO_HOLDER_LIMITS

    def packed(self) -> dict[str, object]:
        """As passed to the SQL functions in migrations/."""
        holder = asdict(self.holder)
        if self.holder.conversation:
            holder["conversation"] = self.holder.conversation.hex()
        if self.holder.agent_id:
            holder["agent_id"] = str(self.holder.agent_id)
        return {
            "holds": self.holds,
            "bookings": self.bookings,
            "free_releases": self.free_releases,
            "release_window": RELEASE_WINDOW.total_seconds(),
            **holder,
        }

    def of_the_time(self) -> "Limits":
        """Only the limits that depend on the time that is held: at another time they may not be
        reached.
        """
        return Limits(
            free_releases=self.free_releases,
            holder=HolderLimits(agent_day_holds=self.holder.agent_day_holds),
        )


def limits(*, by_staff: bool, holds: bool, holder: HolderLimits = NO_HOLDER_LIMITS) -> Limits:
    """The limits for a new booking. `holds`: it is a hold; else it is booked at once. `holder`:
    those that apply to holds of whoever makes it.
    """
    return Limits(
        holds=HOLD_QUOTA if holds else None,
        bookings=None if by_staff else BOOKING_QUOTA,
        free_releases=FREE_RELEASES if holds and not by_staff else None,
        holder=holder if holds else NO_HOLDER_LIMITS,
    )
