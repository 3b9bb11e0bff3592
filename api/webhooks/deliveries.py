"""The delivery log of a webhook endpoint, replays, and test messages."""

from dataclasses import dataclass
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Response
from uuid_utils.compat import uuid7

from api.http import cursors
from api.http.answers import existing
from api.http.context import Caller, Creation, State
from api.http.cursors import PageCursor
from api.http.errors import Problem
from api.http.idempotency import claim_idempotency_key
from api.http.strict import StrictRoute
from api.http.values import Digits
from api.webhooks.endpoints import endpoint
from db import events, webhook_deliveries
from db.pool import Connection, use
from domain.webhooks import Delivery, DeliveryStatus, Webhook
from webhooks.queueing import ping

router = APIRouter(route_class=StrictRoute, prefix="/api/webhooks/{id}", tags=["webhooks"])


@dataclass(frozen=True, slots=True)
class Deliveries:
    items: list[Delivery]
    next_cursor: str | None = None


@router.get("/deliveries", response_model_exclude_none=True)
async def list_webhook_deliveries(
    id: UUID,
    caller: Caller,
    state: State,
    status: Annotated[DeliveryStatus | None, Query()] = None,
    limit: Annotated[int, Query(ge=1, le=200), Digits] = 50,
    cursor: PageCursor = None,
) -> Deliveries:
    """The deliveries to this endpoint, the newest first."""
    before = cursors.decode_instant(cursor) if cursor else None
    async with use(state.pool) as connection:
        await endpoint(connection, id, caller)
        items = await webhook_deliveries.page(
            connection, id, status=status, before=before, limit=limit + 1
        )
    last = items[limit - 1] if len(items) > limit else None
    following = cursors.encode(last.queued_at.isoformat(), last.id) if last else None
    return Deliveries(items[:limit], following)


@router.post("/deliveries/{delivery_id}/replay", response_model_exclude_none=True)
async def replay_webhook_delivery(
    id: UUID, delivery_id: UUID, response: Response, context: Creation, state: State
) -> Delivery:
    """Sends a delivery once more, under the same `webhook-id`. An event that the endpoint's owner
    may not see any more is not sent.
    """
    key = context.idempotency_key()
    async with use(state.pool) as connection, connection.transaction():
        _check_active(await endpoint(connection, id, context.actor))
        existing(await webhook_deliveries.get(connection, id, delivery_id))
        if not await claim_idempotency_key(connection, response, key, str(delivery_id)):
            await webhook_deliveries.replay(connection, delivery_id)
        return existing(await webhook_deliveries.get(connection, id, delivery_id))


@router.post("/test", status_code=201, response_model_exclude_none=True)
async def ping_webhook(id: UUID, response: Response, context: Creation, state: State) -> Delivery:
    """Queues a message of kind `webhook.ping` for this endpoint. The delivery log shows what came
    of it.
    """
    key, delivery_id = context.idempotency_key(), uuid7()
    async with use(state.pool) as connection, connection.transaction():
        webhook = await endpoint(connection, id, context.actor)
        _check_active(webhook)
        if earlier := await claim_idempotency_key(connection, response, key, str(delivery_id)):
            delivery_id = UUID(earlier)
        else:
            await _check_room(connection, id)
            message = ping(webhook, await events.position(connection))
            await webhook_deliveries.queue(connection, id, [(delivery_id, message)])
        return existing(await webhook_deliveries.get(connection, id, delivery_id))


async def _check_room(connection: Connection, endpoint_id: UUID) -> None:
    """Raises `rate_limited` if so many deliveries wait that no event would be queued either."""
    if not await webhook_deliveries.has_room(connection, endpoint_id):
        raise Problem(
            "rate_limited",
            "Too many deliveries wait for this endpoint; answer them first, or delete it.",
            headers={"Retry-After": "60"},
        )


def _check_active(webhook: Webhook) -> None:
    if not webhook.active:
        raise Problem("forbidden", "This endpoint is off; switch it on first: PUT active=true.")
