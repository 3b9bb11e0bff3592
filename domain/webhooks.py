"""Webhooks: endpoints, deliveries, and when to try again."""

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from ipaddress import ip_address
from urllib.parse import urlsplit
from uuid import UUID, uuid5

from domain.actors import Actor, Role
from domain.events import Event

ENDPOINTS_PER_OWNER = 10
LONGEST_URL = 2000
WEB_PORTS = frozenset({80, 443})
FIRST_FREE_PORT = 1024
"""Ports below it belong to other protocols, but for WEB_PORTS."""

GIVE_UP_AFTER = timedelta(hours=72)
"""From the first attempt at a delivery until it counts as failed."""

KEPT_FOR = timedelta(days=14)
"""How long the log has a delivery after it was delivered or given up."""

MOST_PENDING = 5000
"""Deliveries that may wait for one endpoint. Further events stay in the event log until some are
delivered.
"""

LONGEST_OVERLAP = timedelta(days=7)
"""How long after a rotation the previous secret may sign too."""

PING = "webhook.ping"
"""The kind of a test message."""
RESET = "webhook.reset"
"""The kind of a message that events are missing: load the lists again. It has the `reason`."""


class DeliveryStatus(StrEnum):
    PENDING = "pending"
    DELIVERED = "delivered"
    FAILED = "failed"
    """Given up after GIVE_UP_AFTER."""


class AttemptOutcome(StrEnum):
    """The result of one attempt at a delivery."""

    DELIVERED = "delivered"
    """The answer's status was 2xx."""
    HTTP_ERROR = "http_error"
    """Any other status."""
    REDIRECT = "redirect"
    """3xx; redirects are not followed."""
    GONE = "gone"
    """410: the endpoint is switched off."""
    TIMEOUT = "timeout"
    UNREACHABLE = "unreachable"
    """No connection, no TLS, an unknown host, or no HTTP."""
    ADDRESS_REFUSED = "address_refused"
    """The host resolves to an address that is not public, or the URL is not allowed any more."""


class DisabledReason(StrEnum):
    """Why the system switched an endpoint off."""

    UNREACHABLE = "unreachable"
    """No attempt succeeded for WEBHOOK_DEAD_AFTER_HOURS."""
    GONE = "gone"
    """It answered 410."""
    OWNER_LOST_ACCESS = "owner_lost_access"
    """Its owner was deactivated or has another role."""


@dataclass(frozen=True, slots=True)
class Webhook:
    """An endpoint that events are sent to, with the rights of its owner."""

    id: UUID
    owner_id: UUID
    owner_role: Role
    url: str
    topics: list[str]
    active: bool
    version: int
    created_at: datetime
    updated_at: datetime
    kinds: list[str] | None = None
    """Null for all kinds of its topics."""
    description: str | None = None
    disabled_reason: DisabledReason | None = None
    """Set while the endpoint is off because the system switched it off."""
    disabled_at: datetime | None = None
    failing_since: datetime | None = None
    """The first of the attempts that failed, since the last one that did not."""
    previous_secret_until: datetime | None = None
    """Until then deliveries are also signed with the secret before the last rotation."""

    @property
    def owner(self) -> Actor:
        return Actor(self.owner_role, self.owner_id)


@dataclass(frozen=True, slots=True)
class Delivery:
    """One event for one endpoint, as the delivery log shows it."""

    id: UUID
    """The `webhook-id`: the same for each attempt."""
    kind: str
    entity_id: UUID
    seq: int
    """The event's number in the log; 0 for `webhook.ping` and `webhook.reset`."""
    occurred_at: datetime
    status: DeliveryStatus
    attempts: int
    queued_at: datetime
    outcome: AttemptOutcome | None = None
    """Of the last attempt."""
    http_status: int | None = None
    duration_ms: int | None = None
    last_attempt_at: datetime | None = None
    next_attempt_at: datetime | None = None
    """While it is pending; later if the endpoint fails or an earlier event of the entity waits."""


@dataclass(frozen=True, slots=True)
class DueDelivery:
    """A delivery to try now, and its endpoint."""

    id: UUID
    event: Event
    attempts: int
    endpoint_id: UUID
    owner: Actor
    url: str
    secret_numbers: tuple[int, ...]
    """The newest first."""
    now: datetime
    """The database's clock."""


@dataclass(frozen=True, slots=True)
class Attempt:
    """How an attempt ended."""

    outcome: AttemptOutcome
    http_status: int | None = None
    duration_ms: int = 0
    retry_after: timedelta = timedelta()
    """How long the receiver asks to wait with the next attempt; zero if it does not ask."""


@dataclass(frozen=True, slots=True)
class Retries:
    """Pauses after failures: `first`, doubled after each, up to a longest one. If the receiver asks
    for a longer pause, it gets that, up to `longest`.
    """

    first: float = 5.0
    longest: float = 3600.0
    """Between two attempts at one delivery."""
    longest_of_endpoint: float = 300.0
    """Between two attempts at any delivery of an endpoint whose last attempts all failed."""
    dead_after: timedelta = timedelta(hours=24)
    """An endpoint whose attempts all failed for so long is switched off."""

    def pause(self, failures: int, spread: float, asked: timedelta = timedelta()) -> timedelta:
        """After so many failures of a delivery, this one included; `spread` from 0 to 1 varies it
        by half, so that retries do not come together. `asked`: by the receiver.
        """
        return self._pause(failures, self.longest, spread, asked)

    def endpoint_pause(
        self, failures: int, spread: float, asked: timedelta = timedelta()
    ) -> timedelta:
        """The same after so many failures of an endpoint in a row."""
        return self._pause(failures, self.longest_of_endpoint, spread, asked)

    def _pause(self, failures: int, longest: float, spread: float, asked: timedelta) -> timedelta:
        backoff = min(longest, self.first * 2.0 ** min(max(failures - 1, 0), 30))
        own = timedelta(seconds=backoff * (0.5 + spread / 2))
        return max(own, min(asked, timedelta(seconds=self.longest)))


def delivery_id(endpoint_id: UUID, epoch: str, seq: int, kind: str) -> UUID:
    """The id of the delivery of this event to this endpoint; always the same."""
    return uuid5(endpoint_id, f"{epoch}:{seq}:{kind}")


def check_url(url: str, *, allow_http: bool) -> None:
    """Raises ValueError, with what to do, for a URL that events are not sent to. The address is
    checked at each delivery, when the host has been resolved.
    """
    if not re.fullmatch(r"[!-~]+", url):
        raise ValueError("must be ASCII without spaces; write the host in punycode")
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise ValueError("is not a URL; write it as https://example.com/path") from None
    if parts.scheme != "https" and not (allow_http and parts.scheme == "http"):
        raise ValueError("must begin with https://")
    if not parts.hostname or not _is_host(parts.hostname):
        raise ValueError("has no valid host; write it as https://example.com/path")
    if "@" in parts.netloc:
        raise ValueError("must not have a user or password; verify the signature instead")
    if "#" in url or "\\" in url:
        raise ValueError("must not have a fragment or a backslash; leave it out")
    if port is not None and port not in WEB_PORTS and port < FIRST_FREE_PORT:
        raise ValueError(f"must have port 443, 80 or one from {FIRST_FREE_PORT} on")


def _is_host(host: str) -> bool:
    if ":" in host:
        try:
            return ip_address(host).version == 6 and "%" not in host
        except ValueError:
            return False
    labels = host.removesuffix(".").split(".")
    return len(host) <= 253 and all(
        re.fullmatch("[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?", label) for label in labels
    )
