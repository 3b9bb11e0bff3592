"""The state of one API process, opened and closed in the app's lifespan."""

from dataclasses import dataclass

from temporalio.client import Client

from api.auth.accounts import Accounts
from api.auth.hold_tokens import HoldTokens
from api.ops.probes import Probes
from db.pool import Pool
from realtime.hub import Hub
from realtime.relay import Relay
from realtime.waker import RelayWaker
from services.alternatives import Alternatives
from services.cache import Cache
from services.directory import Directory
from services.holds import Holds
from settings import Settings
from webhooks.addresses import AddressPolicy
from webhooks.secrets import SigningSecrets


@dataclass(frozen=True, slots=True)
class AppState:
    settings: Settings
    pool: Pool
    client: Client
    waker: RelayWaker
    relay: Relay
    hub: Hub
    accounts: Accounts
    alternatives: Alternatives
    holds: Holds
    hold_tokens: HoldTokens
    probes: Probes
    directory: Cache[None, Directory]
    webhook_secrets: SigningSecrets
    webhook_addresses: AddressPolicy
    public_answers: Cache[str, bytes]
    """Answers to visitors without a token, by URL."""

    def committed(self) -> None:
        """Wakes the relay; call it after each commit. If the call is lost, the relay's next poll
        finds the events.
        """
        if not self.relay.wake():
            self.waker.wake()
