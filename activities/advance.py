"""The one activity: takes a booking to where its commands and the clock want it."""

import logging
import traceback
from collections.abc import Awaitable, Callable
from uuid import UUID

import asyncpg
from temporalio import activity
from temporalio.exceptions import ApplicationError, ApplicationErrorCategory

from activities import booking as commands
from activities import wire
from activities.offers import Offers
from db import bookings
from db.pool import UNAVAILABLE, Connection, Pool, use
from domain.actors import scope
from domain.appointments import Result, Via
from domain.booking import BookingState, Outcome, Verb
from domain.messages import Booking, Command, Done, Work

log = logging.getLogger(__name__)

HOLD = "hold"
"""The id under which the outcome of the booking's own hold is answered."""

REFUSED = "refused"
"""The status of a booking that has no row."""


class BookingActivities:
    """The activities over one pool. `ring` tells the relay that there is something to move."""

    def __init__(self, pool: Pool, ring: Callable[[], None]) -> None:
        self._pool = pool
        self._offers = Offers()
        self._ring = ring

    @activity.defn(name="advance")
    async def advance(self, work: Work) -> Done:
        """Places the hold if it is asked for and missing, carries out each command, then whatever
        is due by the database's clock. The same work again changes nothing more. A refusal is an
        outcome.

        Raises ApplicationError of type `unavailable`, which says nothing of its cause, when the
        database is not there: commands may have taken effect or not, and may be sent again.
        """
        try:
            async with use(self._pool) as connection:
                return await self._advance(connection, work)
        except Exception as error:
            # Whatever it is must not reach Temporal: its text may carry a row.
            _report(work.booking, error)
            raise _unavailable() from None

    async def _advance(self, connection: Connection, work: Work) -> Done:
        outcomes: dict[str, str] = {}
        try:
            id = wire.booking_id(work.booking)
        except wire.Malformed:
            outcomes = {command.id: Outcome.MALFORMED for command in work.commands}
            return Done(_refused(work.booking.id), outcomes)

        before = await bookings.state(connection, id)
        held = None
        if before is None and work.booking.hold:
            held = await _judged(self._hold(connection, work.booking))
        for command in work.commands:
            outcomes[command.id] = await _carry_out(connection, id, before, command)
        if held:
            outcomes[HOLD] = held
        only_looked = not held and all(map(_is_a_look, work.commands))
        seen = before if only_looked else None
        after = await commands.settle(connection, id, Via.WORKFLOW, seen)

        if after and (before is None or before.version != after.version):
            self._ring()
        return Done(after or _refused(str(id)), outcomes)

    async def _hold(self, connection: Connection, booking: Booking) -> Result:
        command, actor = wire.hold(booking)
        return await commands.hold(connection, command, actor, Via.WORKFLOW, self._offers)


async def _carry_out(
    connection: Connection, booking: UUID, before: BookingState | None, command: Command
) -> Outcome:
    if _is_a_look(command):
        return Outcome.SAME if before else Outcome.NOT_FOUND
    return await _judged(_change(connection, booking, command))


def _is_a_look(command: Command) -> bool:
    return command.seen is not None or command.verb == wire.LOOK


async def _change(connection: Connection, booking: UUID, command: Command) -> Result:
    if command.verb == Verb.RESCHEDULE:
        move, actor = wire.move(booking, command)
        return await commands.reschedule(connection, move, actor, Via.WORKFLOW, scope(actor))
    change, actor = wire.change(booking, command)
    return await commands.change(connection, change, actor, Via.WORKFLOW, scope(actor))


async def _judged(command: Awaitable[Result]) -> Outcome:
    """What a command came to. Even one that can never be carried out gets an outcome: raised, it
    would come back for ever.
    """
    try:
        return (await command).outcome
    except wire.Unknown:
        return Outcome.UNKNOWN
    except (wire.Malformed, asyncpg.DataError, OverflowError):
        return Outcome.MALFORMED


def _refused(id: str) -> BookingState:
    return BookingState(id, REFUSED, 0, over=True)


def _report(booking: Booking, error: Exception) -> None:
    kind = type(error).__qualname__
    if isinstance(error, UNAVAILABLE):
        log.warning("booking %.50r waits for the database: %s", booking.id, kind)
    else:  # the lines of code, without the message
        where = "".join(traceback.format_tb(error.__traceback__))
        log.error("booking %.50r cannot advance: %s\n%s", booking.id, kind, where)


def _unavailable() -> ApplicationError:
    text, expected = "the database does not answer", ApplicationErrorCategory.BENIGN
    return ApplicationError(text, type="unavailable", category=expected)
