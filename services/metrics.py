"""Metrics of commands."""

from prometheus_client import Counter, Histogram

from domain.appointments import Result, Via

COMMANDS = Counter(
    "chairtime_commands",
    "Commands on bookings, by verb, outcome and the component that carried them out",
    ["verb", "outcome", "via"],
)
HOLD_LATENESS = Histogram(
    "chairtime_hold_lateness_seconds",
    "From a hold's deadline to its expiry by workflow or reconciler; its slot is free at once",
    buckets=(0.05, 0.1, 0.25, 0.5, 1, 2, 5, 10, 30, 60, 300, 3600),
)


def count(verb: str, via: Via, result: Result) -> Result:
    """Counts a command by its outcome, and returns the result."""
    COMMANDS.labels(verb, result.outcome, via).inc()
    return result
