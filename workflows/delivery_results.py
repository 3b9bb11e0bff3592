"""The results of sending inbox messages, counted and logged: an outage in a few lines."""

import logging
from dataclasses import dataclass
from enum import Enum, auto
from typing import assert_never

from db.inbox import Message
from db.outages import OutageLog
from workflows import metrics

log = logging.getLogger(__name__)


class Verdict(Enum):
    SENT = auto()
    REFUSED = auto()
    """Temporal refused this message."""
    UNAVAILABLE = auto()
    """Temporal did not answer, or accepts no messages now."""


@dataclass(frozen=True, slots=True)
class Delivery:
    """The result of sending a message; `why` explains a failure."""

    message: Message
    began: float
    """When sending began, by the event loop's clock."""
    verdict: Verdict = Verdict.SENT
    why: str = ""


class DeliveryLog:
    """To be used by one deliverer."""

    def __init__(self) -> None:
        self._outage = OutageLog(log, "Temporal is unavailable, messages are sent again")
        self._refusals = OutageLog(log, "Temporal refuses messages")
        for verdict in Verdict:
            metrics.MESSAGES.labels(verdict.name.lower())

    def add(self, delivery: Delivery) -> None:
        metrics.MESSAGES.labels(delivery.verdict.name.lower()).inc()
        match delivery.verdict:
            case Verdict.SENT:
                self._outage.worked()
                self._refusals.worked()
                log.info("sent %s to the workflow", delivery.message.verb)
            case Verdict.REFUSED:
                self._refusals.failed(delivery.why)
            case Verdict.UNAVAILABLE:
                self._outage.failed(delivery.why)
            case _:
                assert_never(delivery.verdict)
