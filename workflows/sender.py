"""How a booking's inbox rows become messages to its workflow, which they start if need be."""

import asyncio
import logging
from dataclasses import dataclass
from datetime import UTC, timedelta
from enum import Enum, auto

from temporalio.api.errordetails.v1 import NamespaceNotFoundFailure
from temporalio.client import Client
from temporalio.common import TypedSearchAttributes, WorkflowIDReusePolicy
from temporalio.exceptions import WorkflowAlreadyStartedError
from temporalio.service import RPCError, RPCStatusCode

from db.inbox import LOOK, Parcel, Row
from domain.booking import Verb
from domain.messages import Booking, Command
from workflows import search_attributes, workflow_id

WORKFLOW = "BookingWorkflow"

TASK_TIMEOUT = timedelta(seconds=5)
"""How long a booking waits for a worker that died in the middle of one of its tasks."""

RPC_TIMEOUT = timedelta(seconds=5)
"""Long enough for a busy server to answer: what is given up too early is done twice."""

CALL_TIMEOUT = 6.0
"""Seconds for one message. The client repeats failed calls on its own; this bounds all of it."""

PLAIN_FOR = 60.0
"""Seconds without search attributes, once Temporal has refused them."""

REFUSALS = (
    RPCStatusCode.INVALID_ARGUMENT,
    RPCStatusCode.FAILED_PRECONDITION,
    RPCStatusCode.OUT_OF_RANGE,
)
"""Answers that concern one message. Others say that Temporal is not to be had just now."""

log = logging.getLogger(__name__)


class Verdict(Enum):
    SENT = auto()
    REFUSED = auto()
    AWAY = auto()


@dataclass(frozen=True, slots=True)
class Delivery:
    """What became of one booking's rows: those that arrived, and why the next one did not."""

    sent: list[int]
    verdict: Verdict = Verdict.SENT
    failed: int = 0
    why: str = ""


class Sender:
    def __init__(self, client: Client, task_queue: str) -> None:
        self._client = client
        self._task_queue = task_queue
        self._plain_until = 0.0

    async def deliver(self, parcel: Parcel) -> Delivery:
        """Sends the rows one after another, up to the first that fails. Never raises."""
        sent: list[int] = []
        passed: list[int] = []
        for row in parcel.rows:
            passed.append(row.id)
            # A hold is a plain start. A signal that follows starts the workflow too, which then
            # looks at the booking as it is by now.
            if row.verb == Verb.HOLD and row is not parcel.rows[-1]:
                continue
            verdict, why = await self._send(parcel, row)
            if verdict is not Verdict.SENT:
                return Delivery(sent, verdict, row.id, why)
            sent += passed
            passed = []
        return Delivery(sent)

    async def _send(self, parcel: Parcel, row: Row) -> tuple[Verdict, str]:
        try:
            async with asyncio.timeout(CALL_TIMEOUT):
                await self._call(parcel, row)
        except WorkflowAlreadyStartedError:
            # It runs, or has run to the end of a booking that is over: either way, nothing to do.
            return Verdict.SENT, ""
        except RPCError as error:
            why = f"{error.status.name}: {error}"
            return Verdict.REFUSED if _concerns_booking(error) else Verdict.AWAY, why
        except (RuntimeError, OSError, TimeoutError) as error:  # RuntimeError: the lazy client's
            return Verdict.AWAY, repr(error)
        except Exception as error:
            log.exception("%s of %s cannot be sent", row.verb, parcel.booking_id)
            return Verdict.REFUSED, repr(error)
        return Verdict.SENT, ""

    async def _call(self, parcel: Parcel, row: Row) -> None:
        """Once with search attributes; where Temporal does not know them, once more without."""
        now = asyncio.get_running_loop().time()
        if now < self._plain_until:
            return await self._start(parcel, row, None)
        try:
            attributes = TypedSearchAttributes(list(search_attributes(parcel.seen.state)))
            await self._start(parcel, row, attributes)
        except RPCError as error:
            if error.status is not RPCStatusCode.INVALID_ARGUMENT:
                raise
            await self._start(parcel, row, None)
            if now >= self._plain_until:
                log.warning("search attributes are refused, workflows start without: %s", error)
            self._plain_until = now + PLAIN_FOR

    async def _start(
        self, parcel: Parcel, row: Row, attributes: TypedSearchAttributes | None
    ) -> None:
        command = Command(row.verb, str(row.command_id or ""), row.actor, seen=parcel.seen)
        placed = row.verb == Verb.HOLD
        await self._client.start_workflow(
            WORKFLOW,
            Booking(str(parcel.booking_id), todo=[command] if placed else []),
            id=workflow_id(parcel.booking_id),
            task_queue=self._task_queue,
            # A booking that is over keeps its closed workflow; a live one gets a new one, whatever
            # ended the last. A hold never follows a workflow that has seen the booking's end.
            id_reuse_policy=WorkflowIDReusePolicy.ALLOW_DUPLICATE
            if parcel.live and not placed
            else WorkflowIDReusePolicy.ALLOW_DUPLICATE_FAILED_ONLY,
            task_timeout=TASK_TIMEOUT,
            search_attributes=attributes,
            static_summary=_summary(parcel),
            start_signal=None if placed else row.verb,
            start_signal_args=[] if placed or row.verb == LOOK else [command],
            rpc_timeout=RPC_TIMEOUT,
            # With a worker on this very client the answer brings the first task: no wait, no poll.
            request_eager_start=placed,
        )


def _concerns_booking(error: RPCError) -> bool:
    """NOT_FOUND says in its details whether it is the namespace that is missing."""
    if error.status is RPCStatusCode.NOT_FOUND:
        return not any(
            detail.Is(NamespaceNotFoundFailure.DESCRIPTOR) for detail in error.grpc_status.details
        )
    return error.status in REFUSALS


def _summary(parcel: Parcel) -> str:
    """For the Web UI: what and when, nothing of whom."""
    return f"{parcel.appointment_type} {parcel.starts_at.astimezone(UTC):%Y-%m-%d %H:%M} UTC"
