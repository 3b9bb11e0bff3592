"""Holds and direct bookings of one API process: from cached terms, one query at a time per slot."""

from collections.abc import Awaitable, Callable

from db.pool import Connection, Pool, use
from domain.actors import Actor
from domain.appointments import Change, Hold, Result, Via
from services import booking, metrics
from services.cached_terms import CachedTerms
from services.coalescing import RequestCoalescer, SlotKey


class Holds:
    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self._terms = CachedTerms()
        self._coalescer = RequestCoalescer()

    async def hold(self, command: Hold, actor: Actor) -> Result:
        """Holds the slot, as `booking.hold` does. The result is as this actor may see it."""
        result = await self._run(
            command,
            actor,
            lambda connection: booking.hold(connection, command, actor, Via.API, self._terms),
        )
        return metrics.count("hold", Via.API, result)

    async def book(self, command: Hold, confirm: Change, actor: Actor) -> Result:
        """Holds and confirms in one transaction."""
        result = await self._run(
            command,
            actor,
            lambda connection: booking.book(connection, command, confirm, actor, self._terms),
        )
        return metrics.count("book", Via.API, result)

    async def _run(
        self, command: Hold, actor: Actor, attempt: Callable[[Connection], Awaitable[Result]]
    ) -> Result:
        """Requests for the same slot are coalesced, unless they have an Idempotency-Key: only the
        database can tell whether such a request is a repeat.
        """

        async def ask() -> Result:
            async with use(self._pool) as connection:
                return await attempt(connection)

        if command.key:
            result = await ask()
        else:
            slot = command.dentist_id, command.appointment_type, command.starts_at
            result = await self._coalescer.attempt(SlotKey(*slot, actor.is_staff), ask)
        return result.as_shown_to(actor)
