"""What must be done after Postgres was restored from a backup, or Temporal lost its state."""

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass

from temporalio.client import Client
from temporalio.service import RPCError

from db import booking_state, events
from db.pool import UNAVAILABLE, connect
from workflows.client import reachable
from workflows.comparison import Differences, compare, described
from workflows.reconciler import SWEEP_LIMIT, repair


@dataclass(frozen=True)
class Restored:
    """What `restored` did."""

    epoch: str
    """The new epoch of the event log: cursors of the old one are not valid any more."""
    freed: int
    """Overdue holds that were expired."""
    repaired: Differences | None
    """The differences between bookings and workflows that were repaired; null if they could not be
    compared.
    """
    refusal: str = "it does not answer"
    """Why Temporal did not let them be compared."""

    def lines(self) -> Iterator[str]:
        yield f"New event epoch {self.epoch}: every reader is told to reload."
        yield f"Overdue holds freed: {self.freed}."
        if self.repaired is None:
            yield f"Workflows were not compared with bookings. Temporal: {self.refusal}."
            yield "Check Temporal, TEMPORAL_ADDRESS and TEMPORAL_NAMESPACE; then run this again."
            return
        yield f"Missing workflows, to be started by the workers: {len(self.repaired.missing)}."
        yield f"Workflows told to read their booking again: {len(self.repaired.outdated)}."
        yield f"Workflows without a booking, told to close: {len(self.repaired.without_booking)}."


async def restored(dsn: str, client: Client) -> Restored:
    """Begins a new event epoch, frees overdue holds, and repairs what differs between bookings and
    workflows. It can be repeated. API and workers may run meanwhile or be started afterwards.
    """
    connection = await connect(dsn, "restored")
    try:
        epoch = await events.begin_epoch(connection)
        freed = 0
        while late := await booking_state.expire_overdue(connection, 0, SWEEP_LIMIT):
            freed += len(late)
        if not await reachable(client, within=5):
            return Restored(epoch, freed, None)
        try:
            # Rows that changed right before the backup count too: no dispatcher knows of them.
            differences = await compare(connection, client, settled_after=0, running=described)
            await repair(connection, client, differences)
        except RPCError as error:
            return Restored(epoch, freed, None, error.message.rstrip("."))
        return Restored(epoch, freed, differences)
    finally:
        with contextlib.suppress(*UNAVAILABLE):
            await connection.close(timeout=0.5)
