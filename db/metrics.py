"""Metrics of the database as this process sees it."""

from prometheus_client import Counter, Gauge, Histogram

POOL_WAIT = Histogram(
    "chairtime_pool_wait_seconds",
    "Wait for a pooled connection, including those that were not got in time",
    buckets=(0.0005, 0.001, 0.005, 0.01, 0.05, 0.1, 0.25, 0.5, 1, 2),
)
POOL_TIMEOUTS = Counter("chairtime_pool_timeouts", "Calls that got no pooled connection in time")
POOL_CONNECTIONS = Gauge(
    "chairtime_pool_connections", "Open connections of the pool, by state", ["state"]
)
POOL_LIMIT = Gauge("chairtime_pool_limit", "Maximum number of connections of the pool")

UP = Gauge("chairtime_database_up", "1 if the last sample of the database succeeded")
HOLDS_OPEN = Gauge("chairtime_holds_open", "Holds before their deadline")
WORKERS = Gauge("chairtime_workers", "Workers with a recent heartbeat")
INBOX = Gauge("chairtime_inbox_messages", "Committed changes not yet sent to their workflow")
INBOX_OLDEST = Gauge(
    "chairtime_inbox_oldest_seconds", "Wait of the oldest message that Temporal has not refused"
)
INBOX_ATTEMPTS = Gauge(
    "chairtime_inbox_attempts", "Highest number of times that Temporal refused a waiting message"
)
OUTBOX = Gauge("chairtime_outbox_events", "Committed events without a sequence number, to 10,000")
OUTBOX_OLDEST = Gauge("chairtime_outbox_oldest_seconds", "Wait of the oldest of them")
LOG_HEAD = Gauge("chairtime_event_log_head", "Last sequence number of the event log")
