"""Metrics of this process: for /metrics, and per minute of the last hour for the admin API."""

import time
from collections import Counter, deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

import prometheus_client
from prometheus_client import Gauge, Histogram

BUCKETS = (0.001, 0.002, 0.003, 0.005, 0.0075, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)
"""Upper bounds, in seconds."""
HOUR = 60
"""Minutes that are kept."""


@dataclass(frozen=True, slots=True)
class Minute:
    """Percentiles of one minute in milliseconds, estimated from the histogram's buckets."""

    at: datetime
    """When it began."""
    count: int
    p50_ms: float
    p95_ms: float
    p99_ms: float


class Durations:
    """A Prometheus histogram, with its counts per minute of the last hour."""

    def __init__(self, name: str, help: str, clock: Callable[[], float] = time.time) -> None:
        self._histogram = Histogram(name, help, buckets=BUCKETS)
        self._clock = clock
        self._begun: deque[tuple[int, list[float]]] = deque(maxlen=HOUR)
        """Minutes with observations, each with the counts at its beginning."""

    def observe(self, seconds: float) -> None:
        minute = int(self._clock() // 60)
        if not self._begun or self._begun[-1][0] != minute:
            self._begun.append((minute, self._counts()))
        self._histogram.observe(seconds)

    def last_hour(self) -> list[Minute]:
        """Minutes with observations, oldest first."""
        since = self._clock() // 60 - HOUR
        ends = [*(counts for _, counts in self._begun), self._counts()][1:]
        return [
            _minute(minute, [b - a for a, b in zip(begun, end, strict=True)])
            for (minute, begun), end in zip(self._begun, ends, strict=True)
            if minute > since
        ]

    def _counts(self) -> list[float]:
        """Cumulative counts for each bound of BUCKETS, and the total."""
        (metric,) = self._histogram.collect()
        return [sample.value for sample in metric.samples if sample.name.endswith("_bucket")]


class EventCounts:
    """Counts of events by kind, of the last hour."""

    def __init__(self, clock: Callable[[], float] = time.time) -> None:
        self._clock = clock
        self._minutes: deque[tuple[int, Counter[str]]] = deque(maxlen=HOUR)

    def add(self, kind: str) -> None:
        minute = int(self._clock() // 60)
        if not self._minutes or self._minutes[-1][0] != minute:
            self._minutes.append((minute, Counter()))
        self._minutes[-1][1][kind] += 1

    def last_hour(self) -> Mapping[str, int]:
        since = self._clock() // 60 - HOUR
        return dict(sum((kinds for minute, kinds in self._minutes if minute > since), Counter()))


def evicted() -> Mapping[str, int]:
    """Streams cut off since this process started, by reason."""
    samples = [sample for metric in EVICTED.collect() for sample in metric.samples]
    counts = {s.labels["reason"]: int(s.value) for s in samples if s.name.endswith("_total")}
    return {reason: count for reason, count in counts.items() if count}


def _minute(minute: int, counts: list[float]) -> Minute:
    at = datetime.fromtimestamp(minute * 60, UTC)
    p50, p95, p99 = (_quantile(counts, share) for share in (0.5, 0.95, 0.99))
    return Minute(at, int(counts[-1]), p50, p95, p99)


def _quantile(counts: list[float], share: float) -> float:
    """A quantile in milliseconds, by linear interpolation within a bucket as in Prometheus'
    `histogram_quantile`; the last bound if it lies beyond.
    """
    rank = counts[-1] * share
    below = bound_below = 0.0
    for bound, count in zip(BUCKETS, counts, strict=False):
        if count >= rank:
            part = (rank - below) / (count - below) if count > below else 1.0
            return round((bound_below + part * (bound - bound_below)) * 1000, 3)
        below, bound_below = count, bound
    return BUCKETS[-1] * 1000


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
for _reason in ("lagged", "stalled"):
    EVICTED.labels(_reason)
for _reason in ("total", "caller"):
    REFUSED.labels(_reason)
LEADER = Gauge("chairtime_relay_leader", "1 where this process moves the outbox into the log")
HEAD = Gauge("chairtime_streams_head", "Last sequence number that this process has delivered")
CONNECTED = Gauge("chairtime_streams_connected", "1 where this process can read the event log")
SEQUENCED = Durations(
    "chairtime_event_sequenced_seconds", "From the change to its number in the log"
)
DELIVERED = Durations(
    "chairtime_event_delivered_seconds",
    "From the change to a stream's socket; the oldest event of each write",
)
EVENTS = EventCounts()
