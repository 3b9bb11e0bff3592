"""Changes that running bookings would not survive, for the test that says so."""

from datetime import timedelta

from temporalio import workflow

from domain.messages import BookingInput, BookingState
from workflows.booking import BookingWorkflow


@workflow.defn(name="BookingWorkflow")
class NotingFirst(BookingWorkflow):
    @workflow.init
    def __init__(self, booking: BookingInput) -> None:
        super().__init__(booking)

    @workflow.run
    async def run(self, booking: BookingInput) -> BookingState:
        workflow.upsert_memo({"planted": True})
        return await super().run(booking)


@workflow.defn(name="BookingWorkflow")
class AskingFirst(BookingWorkflow):
    @workflow.init
    def __init__(self, booking: BookingInput) -> None:
        super().__init__(booking)

    @workflow.run
    async def run(self, booking: BookingInput) -> BookingState:
        await workflow.execute_activity("planted", start_to_close_timeout=timedelta(seconds=1))
        return await super().run(booking)
