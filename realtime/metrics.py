"""Figures of this process, for /metrics."""

from prometheus_client import Counter, Gauge, Histogram

BUCKETS = (0.001, 0.002, 0.003, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)

STREAMS = Gauge("chairtime_streams_open", "Open event streams")
SENT = Counter("chairtime_events_sent", "Events written to streams")
EVICTED = Counter(
    "chairtime_streams_evicted", "Streams cut off because their reader was too slow", ["reason"]
)
REFUSED = Counter(
    "chairtime_streams_refused",
    "Streams not opened as there were too many, of the caller's or of all",
    ["reason"],
)
LEADER = Gauge("chairtime_relay_leader", "1 where this process moves the outbox into the log")
SEQUENCED = Histogram(
    "chairtime_event_sequenced_seconds", "From the change to its number in the log", buckets=BUCKETS
)
DELIVERED = Histogram(
    "chairtime_event_delivered_seconds",
    "From the number in the log to a stream's socket; the oldest event of each write",
    buckets=BUCKETS,
)
