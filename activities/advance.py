"""The activity of the booking workflow: carries out commands and due deadlines, and reads the
state.
"""

import logging
from collections.abc import Awaitable, Callable, Iterable
from contextlib import suppress
from uuid import UUID

import asyncpg
from temporalio import activity
from temporalio.exceptions import ApplicationError, ApplicationErrorCategory

from activities import parsing
from db import booking_state
from db.log_context import log_context, one_request_id
from db.pool import Connection, Pool, Unavailable, use
from db.tracebacks import without_texts
from domain import messages
from domain.actors import scope
from domain.appointments import Result, Via
from domain.booking import Outcome, Verb
from domain.messages import AdvanceInput, AdvanceResult, BookingInput, BookingState, Command
from services import booking as commands
from services import metrics, moves
from services.cached_terms import CachedTerms

log = logging.getLogger(__name__)

REFUSED = "refused"
"""The status of a booking without a row."""

KNOWN_VERBS = frozenset({*Verb, messages.LOOK})

LONGEST_ID = 50
"""Characters of a booking's id in the log; a message from the Web UI can have any text there."""


class BookingActivities:
    """The activities over one pool. `wake_relay` is called after each change."""

    def __init__(self, pool: Pool, wake_relay: Callable[[], None]) -> None:
        self._pool = pool
        self._terms = CachedTerms()
        self._wake_relay = wake_relay

    @activity.defn(name="advance")
    async def advance(self, work: AdvanceInput) -> AdvanceResult:
        """Places the hold that the booking was started with, if any; carries out each command; then
        acts on deadlines that have passed by the database's clock. Repeating the same input changes
        nothing more. A refusal is an outcome, not an error.

        Raises ApplicationError of type `unavailable`, without the cause, if the database does not
        answer: commands may or may not have taken effect, and can be sent again.
        """
        with log_context(**_log_fields(work)):
            try:
                async with use(self._pool) as connection:
                    result = await self._advance(connection, work)
                _log(work, result)
                return result
            except Unavailable:  # db/pool.py has logged it
                raise _unavailable() from None
            except Exception as error:
                # The original error must not reach Temporal: its message may contain a row.
                log.error("error while advancing the booking: %s", without_texts(error))
                raise _unavailable() from None

    async def _advance(self, connection: Connection, work: AdvanceInput) -> AdvanceResult:
        try:
            id = parsing.booking_id(work.booking)
        except parsing.Malformed:
            return AdvanceResult(
                _refused(work.booking.id), [Outcome.MALFORMED for _ in work.commands]
            )

        already = await _already_carried_out(connection, id, work.commands)
        hold = await _outcome(self._hold(connection, work.booking)) if work.booking.hold else None
        outcomes = [
            Outcome.REPEAT
            if already.get(command.id) == command.verb
            else await _carry_out(connection, id, command, hold)
            for command in work.commands
        ]
        state, any_passed = await commands.act_on_deadlines(connection, id, Via.WORKFLOW)

        if any_passed or Outcome.DONE in (hold, *outcomes):
            self._wake_relay()
        of_look = Outcome.SAME if state else Outcome.NOT_FOUND
        return AdvanceResult(
            state or _refused(str(id)), [outcome or of_look for outcome in outcomes]
        )

    async def _hold(self, connection: Connection, booking: BookingInput) -> Result:
        command, actor = parsing.hold(booking)
        held = await commands.hold(connection, command, actor, Via.WORKFLOW, self._terms)
        return metrics.count(Verb.HOLD, Via.WORKFLOW, held.as_shown_to(actor))


async def _already_carried_out(
    connection: Connection, booking: UUID, asked: Iterable[Command]
) -> dict[str, str]:
    """The verbs of commands that were carried out before, by the ids that were sent. The API has
    already carried out most commands that the dispatcher sends.
    """
    ids: dict[UUID, str] = {}
    for command in asked:
        with suppress(parsing.Malformed):
            ids[parsing.command_id(booking, command.id)] = command.id
    found = await booking_state.carried_out(connection, booking, ids) if ids else {}
    return {ids[id]: verb for id, verb in found.items()}


async def _carry_out(
    connection: Connection, booking: UUID, command: Command, hold: Outcome | None
) -> Outcome | None:
    """The outcome of one command; null for `look`, which only reads the row."""
    match command.verb:
        case messages.LOOK:
            return None
        case Verb.HOLD:
            return hold
        case _:
            return await _outcome(_change(connection, booking, command))


async def _change(connection: Connection, booking: UUID, command: Command) -> Result:
    if command.verb == Verb.RESCHEDULE:
        move, actor = parsing.move(booking, command)
        moved = await moves.reschedule(connection, move, actor, Via.WORKFLOW, scope(actor))
        return moved.as_shown_to(actor)
    change, actor = parsing.change(booking, command)
    return await commands.change(connection, change, actor, Via.WORKFLOW, scope(actor))


async def _outcome(command: Awaitable[Result]) -> Outcome:
    """The outcome of a command. Invalid commands get an outcome too: an error would be retried for
    ever.
    """
    try:
        return (await command).outcome
    except parsing.Unknown:
        return Outcome.UNKNOWN
    except (parsing.Malformed, asyncpg.DataError, OverflowError):
        return Outcome.MALFORMED


def _refused(id: str) -> BookingState:
    return BookingState(id, REFUSED, 0, over=True)


def _log_fields(work: AdvanceInput) -> dict[str, str]:
    """The request, booking and workflow of all lines of this activity."""
    return one_request_id(command.request_id for command in work.commands) | {
        "booking_id": work.booking.id[:LONGEST_ID],
        "workflow_id": activity.info().workflow_id or "",
    }


def _log(work: AdvanceInput, result: AdvanceResult) -> None:
    """Logs what was carried out. Verbs from the Web UI can be any text, so only known ones."""
    known = [
        f"{command.verb} {outcome}"
        for command, outcome in zip(work.commands, result.outcomes, strict=True)
        if command.verb in KNOWN_VERBS
    ]
    done = ", ".join(known) or "read the booking"
    log.info("%s", done, extra={"fields": {"state": result.state.status}})


def _unavailable() -> ApplicationError:
    text, expected = "the database does not answer", ApplicationErrorCategory.BENIGN
    return ApplicationError(text, type="unavailable", category=expected)
