"""Sends an inbox message to its workflow, which is started if none runs."""

import asyncio
import logging
from datetime import UTC, timedelta
from typing import TypedDict

from temporalio.api.errordetails.v1 import NamespaceNotFoundFailure
from temporalio.client import Client
from temporalio.common import TypedSearchAttributes, WorkflowIDReusePolicy
from temporalio.exceptions import WorkflowAlreadyStartedError
from temporalio.service import RPCError, RPCStatusCode

from db.inbox import Message
from db.log_context import log_context, one_request_id
from db.trace_context import continued
from db.tracebacks import without_texts
from domain.messages import LOOK, BookingInput, Command
from workflows import search_attributes, workflow_id
from workflows.delivery_results import Delivery, DeliveryLog, Verdict

WORKFLOW = "BookingWorkflow"

TASK_TIMEOUT = timedelta(seconds=5)
"""Workflow task time-out: after it, another worker takes over from one that died during a task."""

RPC_TIMEOUT = timedelta(seconds=5)
"""Long enough for a busy server to answer: a call given up too early is repeated."""

CALL_TIMEOUT = 6.0
"""Seconds for one message, including the client's own retries."""

WITHOUT_ATTRIBUTES = 60.0
"""Seconds during which messages are sent without search attributes after Temporal refused them."""

REFUSALS = (
    RPCStatusCode.INVALID_ARGUMENT,
    RPCStatusCode.FAILED_PRECONDITION,
    RPCStatusCode.OUT_OF_RANGE,
)
"""Status codes that concern one message. Others mean that Temporal is unavailable."""

log = logging.getLogger(__name__)


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
        self._without_attributes_until = 0.0
        self._log = DeliveryLog()

    async def deliver(self, message: Message) -> Delivery:
        """Sends one message within CALL_TIMEOUT. Never raises."""
        id = message.booking_id
        request = one_request_id([message.request_id])
        with (
            continued(message.traceparent),
            log_context(**request, booking_id=str(id), workflow_id=workflow_id(id)),
        ):
            delivery = await self._deliver(message)
            self._log.add(delivery)
            return delivery

    async def _deliver(self, message: Message) -> Delivery:
        began = asyncio.get_running_loop().time()
        try:
            async with asyncio.timeout(CALL_TIMEOUT):
                await self._call(message)
        except WorkflowAlreadyStartedError:
            pass  # the booking has ended, and its workflow is closed
        except RPCError as error:
            verdict = Verdict.REFUSED if _concerns_booking(error) else Verdict.UNAVAILABLE
            return Delivery(message, began, verdict, f"{error.status.name}: {error}")
        except (RuntimeError, OSError, TimeoutError) as error:  # RuntimeError: the lazy client's
            return Delivery(message, began, Verdict.UNAVAILABLE, repr(error))
        except Exception as error:
            why = without_texts(error)
            log.error("cannot send %s: %s", message.verb, why)
            return Delivery(message, began, Verdict.REFUSED, type(error).__name__)
        return Delivery(message, began)

    async def _call(self, message: Message) -> None:
        """Sends with search attributes; if Temporal does not know them, sends again without."""
        now = asyncio.get_running_loop().time()
        if now < self._without_attributes_until:
            return await self._send(message, None)
        try:
            await self._send(message, _search_attributes(message))
        except RPCError as error:
            if error.status is not RPCStatusCode.INVALID_ARGUMENT:
                raise
            await self._send(message, None)
            if now >= self._without_attributes_until:
                log.warning(
                    "Temporal refused the search attributes; workflows start without them: %s",
                    error,
                )
            self._without_attributes_until = now + WITHOUT_ATTRIBUTES

    async def _send(self, message: Message, attributes: TypedSearchAttributes | None) -> None:
        """Starts the workflow if none can be running yet, else uses signal-with-start."""
        command = Command(
            message.verb,
            str(message.command_id or message.verb),
            message.actor,
            request_id=message.request_id or "",
        )
        start = self._start(message, attributes)
        if message.is_new:
            try:
                return await self._start_eagerly(message, command, start)
            except WorkflowAlreadyStartedError:
                pass  # started by a dispatcher that died before deleting the row
        await self._client.start_workflow(
            WORKFLOW,
            BookingInput(str(message.booking_id)),
            start_signal=message.verb,
            start_signal_args=[] if message.verb == LOOK else [command],
            **start,
        )

    async def _start_eagerly(self, message: Message, command: Command, start: _Start) -> None:
        """Eager start: the answer contains the first workflow task if a worker on this client has a
        free slot, which saves the task queue and a poll (14.7 instead of 20.8 ms of Temporal's CPU
        per booking).
        """
        booking = BookingInput(str(message.booking_id), todo=[command])
        await self._client.start_workflow(WORKFLOW, booking, request_eager_start=True, **start)

    def _start(self, message: Message, attributes: TypedSearchAttributes | None) -> _Start:
        return _Start(
            id=workflow_id(message.booking_id),
            task_queue=self._task_queue,
            # A live booking gets a new workflow whatever ended the last one; an ended booking only
            # if its last workflow failed.
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
    """Whether an error concerns this booking only. For NOT_FOUND the details tell whether the whole
    namespace is missing.
    """
    if error.status is RPCStatusCode.NOT_FOUND:
        return not any(
            detail.Is(NamespaceNotFoundFailure.DESCRIPTOR) for detail in error.grpc_status.details
        )
    return error.status in REFUSALS


def _summary(message: Message) -> str:
    """Summary for the Web UI: appointment type and start, no personal data."""
    starts_at = message.starts_at.astimezone(UTC)
    return f"{message.appointment_type} {starts_at:%Y-%m-%d %H:%M} UTC"
