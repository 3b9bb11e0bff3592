"""What one API process is made of, opened and closed in the app's lifespan."""

from dataclasses import dataclass

from temporalio.client import Client

from activities.offers import Offers
from api.alternatives import Alternatives
from api.coalescing import RequestCoalescer
from api.directory import Directory
from api.hold_tokens import HoldTokens
from api.people import People
from api.probes import Probes
from api.shared import Shared
from db.pool import Pool
from realtime.hub import Hub
from realtime.relay import Relay
from realtime.waker import RelayWaker
from settings import Settings
from workflows.reconciler import Reconciler


@dataclass(frozen=True, slots=True)
class Parts:
    settings: Settings
    pool: Pool
    client: Client
    waker: RelayWaker
    relay: Relay
    hub: Hub
    people: People
    alternatives: Alternatives
    offers: Offers
    coalescer: RequestCoalescer
    reconciler: Reconciler
    hold_tokens: HoldTokens
    probes: Probes
    directory: Shared[Directory]

    def committed(self) -> None:
        """To be called after each commit: wakes the relay, which tells everybody. Losing this call
        costs a poll's delay, no more.
        """
        if not self.relay.wake():
            self.waker.wake()
