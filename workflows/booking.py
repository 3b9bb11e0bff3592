"""The workflow of one booking: its signals, updates and query.

The row in Postgres is the source of truth: whoever commits first decides. The workflow makes sure
that deadlines are acted on, even if no client or API process is left.

The API holds the slot itself and commits; the dispatcher (workflows/dispatch.py) then starts the
workflow, and sends each later change as a signal. Updates, and `BookingInput.hold`, are for staff
and programs that use Temporal without the API. Signals are commands without an answer, updates are
commands with one. Both only add to the pending commands; `BookingLoop` carries them out.
"""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import replace

from temporalio import workflow
from temporalio.common import RawValue
from temporalio.exceptions import ApplicationError

from activities import parsing
from domain.booking import Verb
from domain.messages import LOOK, Answer, BookingInput, BookingState, Command
from workflows.booking_loop import BookingLoop
from workflows.pending import PendingCommands


def _signal(verb: Verb) -> Callable[..., None]:
    """A signal named after its verb; from the Web UI it may come without an argument."""

    # Not typed, as the SDK would count an annotated `self` among the arguments of the signal.
    def receive(self, command: Command | None = None) -> None:  # type: ignore[no-untyped-def]
        self._receive(verb, command or Command())

    return workflow.signal(name=verb)(receive)


@workflow.defn
class BookingWorkflow:
    @workflow.init
    def __init__(self, booking: BookingInput) -> None:  # handlers run before `run` does
        self._booking = booking
        self._pending = PendingCommands(booking.todo)
        self._loop = BookingLoop(booking, self._pending)

    @workflow.run
    async def run(self, booking: BookingInput) -> BookingState:
        """Returns the last state once no deadline is left. A request to cancel the workflow does
        not interrupt it: it cancels the booking, by the command `cancel` of the clinic.
        """
        loop = asyncio.create_task(self._loop.run())
        while True:
            try:
                return await asyncio.shield(loop)
            except asyncio.CancelledError:
                if loop.done():
                    return loop.result()
                request = f"cancel-request:{workflow.info().run_id}"  # at most one per run
                self._receive(Verb.CANCEL, Command(id=request))

    @workflow.signal
    def look(self) -> None:
        """Read the row, as it may have changed."""
        self._pending.signal(Command(LOOK, LOOK))

    reschedule = _signal(Verb.RESCHEDULE)
    confirm = _signal(Verb.CONFIRM)
    extend = _signal(Verb.EXTEND)
    release = _signal(Verb.RELEASE)
    approve = _signal(Verb.APPROVE)
    decline = _signal(Verb.DECLINE)
    check_in = _signal(Verb.CHECK_IN)
    start = _signal(Verb.START)
    complete = _signal(Verb.COMPLETE)
    no_show = _signal(Verb.NO_SHOW)
    cancel = _signal(Verb.CANCEL)

    @workflow.signal(dynamic=True)
    def any_other(self, name: str, args: Sequence[RawValue]) -> None:
        """A change that signals cannot carry out, such as an edit, or a verb of a newer version.
        The row already has it, so reading the row is enough.
        """
        self.look()

    @workflow.update(name="hold")
    async def ask_hold(self) -> Answer:
        """The outcome of the hold that the booking starts with; for update-with-start."""
        return await self._pending.update(Command(Verb.HOLD, Verb.HOLD))

    @workflow.update(name="confirm")
    async def ask_confirm(self, command: Command) -> Answer:
        return await self._pending.update(_update_command(Verb.CONFIRM, command))

    @ask_confirm.validator
    def _can_confirm(self, command: Command) -> None:
        self._check(_update_command(Verb.CONFIRM, command))

    @workflow.update(name="cancel")
    async def ask_cancel(self, command: Command) -> Answer:
        return await self._pending.update(_update_command(Verb.CANCEL, command))

    @ask_cancel.validator
    def _can_cancel(self, command: Command) -> None:
        self._check(_update_command(Verb.CANCEL, command))

    @workflow.query
    def state(self) -> BookingState | None:
        """The state that the workflow read last; the row may be newer."""
        return self._loop.state

    def _receive(self, verb: Verb, command: Command) -> None:
        self._pending.signal(replace(command, verb=verb, id=command.id or str(workflow.uuid4())))

    def _check(self, command: Command) -> None:
        """Checks the format only. A rejected update is not written to the history."""
        try:
            parsing.change(parsing.booking_id(self._booking), command)
        except parsing.Malformed as error:
            raise ApplicationError(f"malformed: {error}", type="malformed") from None


def _update_command(verb: Verb, command: Command) -> Command:
    """The command of an update. Without an id it gets the update's id, so that a retry is the same
    command.
    """
    update = workflow.current_update_info()
    return replace(command, verb=verb, id=command.id or (update.id if update else ""))
