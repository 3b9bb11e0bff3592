"""Figures of this process: for /metrics, and of the last hour for those who ask."""

import math
import time
from collections import Counter, deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

import prometheus_client
from prometheus_client import Gauge, Histogram

BUCKETS = (0.001, 0.002, 0.003, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)
HOUR = 60
"""Minutes that are remembered."""
SHORTEST = 0.0001
"""Seconds; whatever is shorter counts as this."""
STEP = math.log(1.1)
"""Durations within a tenth of each other count as one."""


@dataclass(frozen=True, slots=True)
class Minute:
    """How long it took in one minute, in milliseconds; exact to 5 %."""

    at: datetime
    """When it began."""
    count: int
    p50_ms: float
    p95_ms: float
    p99_ms: float


class Durations:
    """A histogram that remembers the last hour, minute by minute."""

    def __init__(self, name: str, help: str, clock: Callable[[], float] = time.time) -> None:
        self._histogram = Histogram(name, help, buckets=BUCKETS)
        self._clock = clock
        self._minutes: deque[tuple[int, Counter[int]]] = deque(maxlen=HOUR)

    def observe(self, seconds: float) -> None:
        self._histogram.observe(seconds)
        minute = int(self._clock() // 60)
        if not self._minutes or self._minutes[-1][0] != minute:
            self._minutes.append((minute, Counter()))
        step = math.ceil(math.log(max(seconds, SHORTEST) / SHORTEST) / STEP)
        self._minutes[-1][1][step] += 1

    def last_hour(self) -> list[Minute]:
        """The minutes in which there was something, oldest first."""
        since = self._clock() // 60 - HOUR
        return [_minute(minute, steps) for minute, steps in self._minutes if minute > since]


def evicted() -> Mapping[str, int]:
    """Streams cut off since this process started, by reason."""
    samples = [sample for metric in EVICTED.collect() for sample in metric.samples]
    return {s.labels["reason"]: int(s.value) for s in samples if s.name.endswith("_total")}


def _minute(minute: int, steps: Counter[int]) -> Minute:
    at = datetime.fromtimestamp(minute * 60, UTC)
    p50, p95, p99 = (_quantile(steps, share) for share in (0.5, 0.95, 0.99))
    return Minute(at, steps.total(), p50, p95, p99)


def _quantile(steps: Counter[int], share: float) -> float:
    """The milliseconds within which this share of them was."""
    left = math.ceil(steps.total() * share)
    for step in sorted(steps):
        left -= steps[step]
        if left <= 0:
            break
    return round(SHORTEST * math.exp((step - 0.5) * STEP) * 1000, 3)


STREAMS = Gauge("chairtime_streams_open", "Open event streams")
SENT = prometheus_client.Counter("chairtime_events_sent", "Events written to streams")
EVICTED = prometheus_client.Counter(
    "chairtime_streams_evicted", "Streams cut off because their reader was too slow", ["reason"]
)
REFUSED = prometheus_client.Counter(
    "chairtime_streams_refused",
    "Streams not opened as there were too many, of the caller's or of all",
    ["reason"],
)
LEADER = Gauge("chairtime_relay_leader", "1 where this process moves the outbox into the log")
DEPTH = Gauge("chairtime_outbox_events", "Committed events without a number, where known")
WAITING = Gauge("chairtime_outbox_oldest_seconds", "How long the oldest of them has waited")
SEQUENCED = Durations(
    "chairtime_event_sequenced_seconds", "From the change to its number in the log"
)
DELIVERED = Durations(
    "chairtime_event_delivered_seconds",
    "From the change to a stream's socket; the oldest event of each write",
)
