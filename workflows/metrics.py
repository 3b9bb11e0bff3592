"""Metrics of dispatcher and reconciler."""

from prometheus_client import Counter, Gauge

DISPATCHER = Gauge(
    "chairtime_dispatcher_state",
    "1 for the state of this process's dispatcher: ok, or the service that is unavailable",
    ["state"],
)
IN_FLIGHT = Gauge("chairtime_dispatcher_in_flight", "Messages being sent to Temporal")
MESSAGES = Counter(
    "chairtime_dispatcher_messages", "Messages to Temporal, by the result of sending", ["result"]
)
REACHABLE = Gauge("chairtime_temporal_reachable", "1 if this worker reached Temporal recently")
RECONCILER_LEADER = Gauge(
    "chairtime_reconciler_leader", "1 where this process expires overdue holds and reconciles"
)
OVERDUE = Counter("chairtime_reconciler_overdue_holds", "Overdue holds that the reconciler expired")
MISSING = Counter(
    "chairtime_reconciler_missing_workflows", "Live bookings found without a workflow"
)
OUTDATED = Counter(
    "chairtime_reconciler_outdated_workflows",
    "Workflows found that do not agree with their booking, or have none",
)
FAILURES = Counter(
    "chairtime_reconciler_failures", "Comparisons of bookings and workflows that failed"
)
