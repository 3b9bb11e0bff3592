"""How a message of the inbox reaches its workflow, which it starts where none runs."""

import asyncio
import logging
from dataclasses import dataclass
from datetime import UTC, timedelta
from enum import Enum, auto
from typing import TypedDict

from temporalio.api.errordetails.v1 import NamespaceNotFoundFailure
from temporalio.client import Client
from temporalio.common import TypedSearchAttributes, WorkflowIDReusePolicy
from temporalio.exceptions import WorkflowAlreadyStartedError
from temporalio.service import RPCError, RPCStatusCode

from db.inbox import Message
from db.tracebacks import without_texts
from domain.messages import LOOK, Booking, Command
from workflows import search_attributes, workflow_id

WORKFLOW = "BookingWorkflow"

TASK_TIMEOUT = timedelta(seconds=5)
"""How long a booking waits for a worker that died in the middle of one of its tasks."""

RPC_TIMEOUT = timedelta(seconds=5)
"""Long enough for a busy server to answer: what is given up too early is done twice."""

CALL_TIMEOUT = 6.0
"""Seconds for one message. The client retries failed calls by itself; this bounds all of them."""

PLAIN_FOR = 60.0
"""Seconds without search attributes, once Temporal has refused them."""

REFUSALS = (
    RPCStatusCode.INVALID_ARGUMENT,
    RPCStatusCode.FAILED_PRECONDITION,
    RPCStatusCode.OUT_OF_RANGE,
)
"""Answers that concern one message. Others mean that Temporal is unavailable."""

log = logging.getLogger(__name__)


class Verdict(Enum):
    SENT = auto()
    REFUSED = auto()
    """Temporal refuses this message."""
    UNAVAILABLE = auto()
    """Temporal does not answer, or takes no messages now."""


@dataclass(frozen=True, slots=True)
class Delivery:
    """What became of a message, and why it was not sent."""

    message: Message
    began: float
    """When it was given to Temporal, by the event loop's clock."""
    verdict: Verdict = Verdict.SENT
    why: str = ""


class _Start(TypedDict):
    id: str
    task_queue: str
    id_reuse_policy: WorkflowIDReusePolicy
    task_timeout: timedelta
    rpc_timeout: timedelta
    static_summary: str
    search_attributes: TypedSearchAttributes | None


class Deliverer:
    """Sends messages over one client, to workflows on one task queue."""

    def __init__(self, client: Client, task_queue: str) -> None:
        self._client = client
        self._task_queue = task_queue
        self._plain_until = 0.0

    async def deliver(self, message: Message) -> Delivery:
        """Sends one message within CALL_TIMEOUT. Never raises."""
        began = asyncio.get_running_loop().time()
        try:
            async with asyncio.timeout(CALL_TIMEOUT):
                await self._call(message)
        except WorkflowAlreadyStartedError:
            pass  # the booking is over, and so is its workflow
        except RPCError as error:
            verdict = Verdict.REFUSED if _concerns_booking(error) else Verdict.UNAVAILABLE
            return Delivery(message, began, verdict, f"{error.status.name}: {error}")
        except (RuntimeError, OSError, TimeoutError) as error:  # RuntimeError: the lazy client's
            return Delivery(message, began, Verdict.UNAVAILABLE, repr(error))
        except Exception as error:
            why = without_texts(error)
            log.error("%s of %s cannot be sent: %s", message.verb, message.booking_id, why)
            return Delivery(message, began, Verdict.REFUSED, type(error).__name__)
        return Delivery(message, began)

    async def _call(self, message: Message) -> None:
        """Once with search attributes; where Temporal does not know them, once more without."""
        now = asyncio.get_running_loop().time()
        if now < self._plain_until:
            return await self._send(message, None)
        try:
            await self._send(message, _search_attributes(message))
        except RPCError as error:
            if error.status is not RPCStatusCode.INVALID_ARGUMENT:
                raise
            await self._send(message, None)
            if now >= self._plain_until:
                log.warning("search attributes are refused, workflows start without: %s", error)
            self._plain_until = now + PLAIN_FOR

    async def _send(self, message: Message, attributes: TypedSearchAttributes | None) -> None:
        """A start, where no workflow can be running yet, else a signal-with-start."""
        command = Command(message.verb, str(message.command_id or message.verb), message.actor)
        start = self._start(message, attributes)
        if message.is_new:
            try:
                return await self._start_eagerly(message, command, start)
            except WorkflowAlreadyStartedError:
                pass  # by a dispatcher that died before it could delete the row
        await self._client.start_workflow(
            WORKFLOW,
            Booking(str(message.booking_id)),
            start_signal=message.verb,
            start_signal_args=[] if message.verb == LOOK else [command],
            **start,
        )

    async def _start_eagerly(self, message: Message, command: Command, start: _Start) -> None:
        """The answer brings the first task, where a worker on this client has a free slot: neither
        the task queue nor a poll is needed (Temporal 14.7 ms of CPU in place of 20.8 per booking).
        """
        booking = Booking(str(message.booking_id), todo=[command])
        await self._client.start_workflow(WORKFLOW, booking, request_eager_start=True, **start)

    def _start(self, message: Message, attributes: TypedSearchAttributes | None) -> _Start:
        return _Start(
            id=workflow_id(message.booking_id),
            task_queue=self._task_queue,
            # A booking that is over keeps its closed workflow; a live one gets a new one, whatever
            # ended the last.
            id_reuse_policy=WorkflowIDReusePolicy.ALLOW_DUPLICATE
            if message.live
            else WorkflowIDReusePolicy.ALLOW_DUPLICATE_FAILED_ONLY,
            task_timeout=TASK_TIMEOUT,
            rpc_timeout=RPC_TIMEOUT,
            static_summary=_summary(message),
            search_attributes=attributes,
        )


def _search_attributes(message: Message) -> TypedSearchAttributes:
    return TypedSearchAttributes(
        search_attributes(message.status, message.clinic_id, message.dentist_id, message.starts_at)
    )


def _concerns_booking(error: RPCError) -> bool:
    """NOT_FOUND says in its details whether it is the namespace that is missing."""
    if error.status is RPCStatusCode.NOT_FOUND:
        return not any(
            detail.Is(NamespaceNotFoundFailure.DESCRIPTOR) for detail in error.grpc_status.details
        )
    return error.status in REFUSALS


def _summary(message: Message) -> str:
    """For the Web UI: what and when, without personal data."""
    starts_at = message.starts_at.astimezone(UTC)
    return f"{message.appointment_type} {starts_at:%Y-%m-%d %H:%M} UTC"
