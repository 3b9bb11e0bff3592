"""The durable life of one booking: what can be said to it.

The row in Postgres is the truth, and whoever commits first decides. This workflow makes sure that
what must follow does follow. Signals are commands that nobody waits for, updates are commands with
an answer; both only reach the mailbox, and `Life` alone acts.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import replace

from temporalio import workflow
from temporalio.common import RawValue
from temporalio.exceptions import ApplicationError

from activities import wire
from activities.advance import HOLD
from domain.booking import BookingState, Verb
from domain.messages import Answer, Booking, Command
from workflows.life import Life
from workflows.mailbox import Mailbox


@workflow.defn
class BookingWorkflow:
    @workflow.init
    def __init__(self, booking: Booking) -> None:  # handlers run before `run` does
        self._booking = booking
        self._mailbox = Mailbox(booking.todo)
        self._life = Life(booking, self._mailbox)

    @workflow.run
    async def run(self, booking: Booking) -> BookingState:
        """Ends once nothing more can become due, with the state it ended in. A cancel request
        interrupts nothing: it is the command `cancel` by the clinic.
        """
        life = asyncio.create_task(self._life.live())
        while True:
            try:
                return await asyncio.shield(life)
            except asyncio.CancelledError:
                if life.done():
                    return life.result()
                request = f"cancel-request:{workflow.info().run_id}"  # there is one per run
                self._hear(Verb.CANCEL, Command(id=request))

    @workflow.signal
    def look(self) -> None:
        """Look at the row: it may have changed."""
        self._mailbox.put(Command(wire.LOOK, wire.LOOK))

    @workflow.signal
    def edit(self, command: Command | None = None) -> None:
        """What was edited is not for here; the deadlines may be."""
        self.look()

    @workflow.signal
    def reschedule(self, command: Command | None = None) -> None:
        self._hear(Verb.RESCHEDULE, command)

    @workflow.signal
    def confirm(self, command: Command | None = None) -> None:
        self._hear(Verb.CONFIRM, command)

    @workflow.signal
    def extend(self, command: Command | None = None) -> None:
        self._hear(Verb.EXTEND, command)

    @workflow.signal
    def release(self, command: Command | None = None) -> None:
        self._hear(Verb.RELEASE, command)

    @workflow.signal
    def approve(self, command: Command | None = None) -> None:
        self._hear(Verb.APPROVE, command)

    @workflow.signal
    def decline(self, command: Command | None = None) -> None:
        self._hear(Verb.DECLINE, command)

    @workflow.signal
    def check_in(self, command: Command | None = None) -> None:
        self._hear(Verb.CHECK_IN, command)

    @workflow.signal
    def start(self, command: Command | None = None) -> None:
        self._hear(Verb.START, command)

    @workflow.signal
    def complete(self, command: Command | None = None) -> None:
        self._hear(Verb.COMPLETE, command)

    @workflow.signal
    def no_show(self, command: Command | None = None) -> None:
        self._hear(Verb.NO_SHOW, command)

    @workflow.signal
    def cancel(self, command: Command | None = None) -> None:
        self._hear(Verb.CANCEL, command)

    @workflow.signal(dynamic=True)
    def anything_else(self, name: str, args: Sequence[RawValue]) -> None:
        """A verb of a newer version, or a slip of the hand: in either case a look cannot harm."""
        workflow.logger.warning("unknown signal %.50r is taken as a look", name)
        self.look()

    @workflow.update(name="hold")
    async def ask_hold(self) -> Answer:
        """What became of the booking's own hold; for update-with-start."""
        return await self._mailbox.ask(Command(wire.LOOK, HOLD))

    @workflow.update(name="confirm")
    async def ask_confirm(self, command: Command) -> Answer:
        return await self._mailbox.ask(_asked(Verb.CONFIRM, command))

    @ask_confirm.validator
    def _can_confirm(self, command: Command) -> None:
        self._check(_asked(Verb.CONFIRM, command))

    @workflow.update(name="cancel")
    async def ask_cancel(self, command: Command) -> Answer:
        return await self._mailbox.ask(_asked(Verb.CANCEL, command))

    @ask_cancel.validator
    def _can_cancel(self, command: Command) -> None:
        self._check(_asked(Verb.CANCEL, command))

    @workflow.query
    def state(self) -> BookingState | None:
        """What the workflow saw last; the row may be further."""
        return self._life.state

    def _hear(self, verb: Verb, command: Command | None) -> None:
        command = command or Command()  # a person at the Web UI may send nothing at all
        self._mailbox.put(replace(command, verb=verb, id=command.id or str(workflow.uuid4())))

    def _check(self, command: Command) -> None:
        """Judges the shape alone. What is turned away here leaves no trace in the history."""
        try:
            wire.change(wire.booking_id(self._booking), command)
        except wire.Malformed as error:
            raise ApplicationError(f"malformed: {error}", type="malformed") from None


def _asked(verb: Verb, command: Command) -> Command:
    """An update's command. Without an id of its own it has the update's: a repeat stays one."""
    update = workflow.current_update_info()
    return replace(command, verb=verb, id=command.id or (update.id if update else ""))
