"""The durable life of one booking: the messages that its workflow takes.

The row in Postgres is the truth, and whoever commits first decides. This workflow makes sure that
what must follow does follow. Signals are commands without an answer, updates are commands with one;
both only add to the pending commands, and `BookingLoop` alone acts.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import replace

from temporalio import workflow
from temporalio.common import RawValue
from temporalio.exceptions import ApplicationError

from activities import parsing
from domain.booking import BookingState, Verb
from domain.messages import LOOK, Answer, Booking, Command
from workflows.booking_loop import BookingLoop
from workflows.pending import PendingCommands


@workflow.defn
class BookingWorkflow:
    @workflow.init
    def __init__(self, booking: Booking) -> None:  # handlers run before `run` does
        self._booking = booking
        self._pending = PendingCommands(booking.todo)
        self._loop = BookingLoop(booking, self._pending)

    @workflow.run
    async def run(self, booking: Booking) -> BookingState:
        """Ends once nothing more can become due, with the state it ended in. A cancel request
        interrupts nothing: it is the command `cancel` by the clinic.
        """
        loop = asyncio.create_task(self._loop.run())
        while True:
            try:
                return await asyncio.shield(loop)
            except asyncio.CancelledError:
                if loop.done():
                    return loop.result()
                request = f"cancel-request:{workflow.info().run_id}"  # there is one per run
                self._receive(Verb.CANCEL, Command(id=request))

    @workflow.signal
    def look(self) -> None:
        """Read the row: it may have changed."""
        self._pending.signal(Command(LOOK, LOOK))

    @workflow.signal
    def reschedule(self, command: Command | None = None) -> None:
        self._receive(Verb.RESCHEDULE, command)

    @workflow.signal
    def confirm(self, command: Command | None = None) -> None:
        self._receive(Verb.CONFIRM, command)

    @workflow.signal
    def extend(self, command: Command | None = None) -> None:
        self._receive(Verb.EXTEND, command)

    @workflow.signal
    def release(self, command: Command | None = None) -> None:
        self._receive(Verb.RELEASE, command)

    @workflow.signal
    def approve(self, command: Command | None = None) -> None:
        self._receive(Verb.APPROVE, command)

    @workflow.signal
    def decline(self, command: Command | None = None) -> None:
        self._receive(Verb.DECLINE, command)

    @workflow.signal
    def check_in(self, command: Command | None = None) -> None:
        self._receive(Verb.CHECK_IN, command)

    @workflow.signal
    def start(self, command: Command | None = None) -> None:
        self._receive(Verb.START, command)

    @workflow.signal
    def complete(self, command: Command | None = None) -> None:
        self._receive(Verb.COMPLETE, command)

    @workflow.signal
    def no_show(self, command: Command | None = None) -> None:
        self._receive(Verb.NO_SHOW, command)

    @workflow.signal
    def cancel(self, command: Command | None = None) -> None:
        self._receive(Verb.CANCEL, command)

    @workflow.signal(dynamic=True)
    def any_other(self, name: str, args: Sequence[RawValue]) -> None:
        """A change that no message can carry out, such as an edit, or a verb of a newer version:
        the row has it.
        """
        self.look()

    @workflow.update(name="hold")
    async def ask_hold(self) -> Answer:
        """The outcome of the booking's own hold; for update-with-start."""
        return await self._pending.update(Command(Verb.HOLD, Verb.HOLD))

    @workflow.update(name="confirm")
    async def ask_confirm(self, command: Command) -> Answer:
        return await self._pending.update(_asked(Verb.CONFIRM, command))

    @ask_confirm.validator
    def _can_confirm(self, command: Command) -> None:
        self._check(_asked(Verb.CONFIRM, command))

    @workflow.update(name="cancel")
    async def ask_cancel(self, command: Command) -> Answer:
        return await self._pending.update(_asked(Verb.CANCEL, command))

    @ask_cancel.validator
    def _can_cancel(self, command: Command) -> None:
        self._check(_asked(Verb.CANCEL, command))

    @workflow.query
    def state(self) -> BookingState | None:
        """What the workflow read last; the row may be further."""
        return self._loop.state

    def _receive(self, verb: Verb, command: Command | None) -> None:
        command = command or Command()  # a person at the Web UI may send nothing at all
        self._pending.signal(replace(command, verb=verb, id=command.id or str(workflow.uuid4())))

    def _check(self, command: Command) -> None:
        """Checks the shape alone. What is rejected here leaves no trace in the history."""
        try:
            parsing.change(parsing.booking_id(self._booking), command)
        except parsing.Malformed as error:
            raise ApplicationError(f"malformed: {error}", type="malformed") from None


def _asked(verb: Verb, command: Command) -> Command:
    """An update's command. Without an id of its own it has the update's: a repeat stays one."""
    update = workflow.current_update_info()
    return replace(command, verb=verb, id=command.id or (update.id if update else ""))
