"""Changes that running bookings would not survive, for the test that says so."""

from temporalio import workflow

from domain.booking import BookingState
from domain.messages import Booking, Command, Done
from workflows.booking import BookingWorkflow
from workflows.life import Life


class LooksTwice(Life):
    async def _advance(self, commands: list[Command]) -> Done:
        await super()._advance(commands)
        return await super()._advance([])


@workflow.defn(name="BookingWorkflow")
class LookingTwice(BookingWorkflow):
    @workflow.init
    def __init__(self, booking: Booking) -> None:
        super().__init__(booking)
        self._life = LooksTwice(booking, self._mailbox)

    @workflow.run
    async def run(self, booking: Booking) -> BookingState:
        return await super().run(booking)


@workflow.defn(name="BookingWorkflow")
class WaitingFirst(BookingWorkflow):
    @workflow.init
    def __init__(self, booking: Booking) -> None:
        super().__init__(booking)

    @workflow.run
    async def run(self, booking: Booking) -> BookingState:
        await workflow.sleep(1)
        return await super().run(booking)
