"""Metrics of webhooks."""

from prometheus_client import Counter

from domain.webhooks import AttemptOutcome

ATTEMPTS = Counter(
    "chairtime_webhook_attempts", "Attempts at webhook deliveries, by outcome", ["outcome"]
)
QUEUED = Counter("chairtime_webhook_queued", "Webhook deliveries added to the queue")
for _outcome in AttemptOutcome:
    ATTEMPTS.labels(_outcome)
