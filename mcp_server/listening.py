"""Tells listening clients which bookings changed (`subscriptions/listen`, protocol 2026-07-28)."""

from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import aclosing
from typing import Any
from uuid import UUID

from mcp.server import ServerRequestContext
from mcp.server.subscriptions import SUBSCRIPTION_ID_META_KEY, ResourceUpdated
from mcp.shared.exceptions import MCPError
from mcp.shared.subscriptions import event_to_notification
from mcp_types import (
    INVALID_PARAMS,
    SubscriptionFilter,
    SubscriptionsAcknowledgedNotification,
    SubscriptionsAcknowledgedNotificationParams,
    SubscriptionsListenRequestParams,
    SubscriptionsListenResult,
)

from mcp_server.uris import booking_id

Context = ServerRequestContext[Any, Any]

Changes = AsyncGenerator[frozenset[UUID], None]
"""Bookings that changed, as the caller may see them. The first is empty: later changes will be
delivered.
"""

Handler = Callable[
    [Context, SubscriptionsListenRequestParams], Awaitable[SubscriptionsListenResult]
]

MOST = 50
"""Bookings that one request may listen to."""


def handler(changes_of: Callable[[Context, frozenset[UUID]], Changes]) -> Handler:
    """Notifies of each change until the client leaves or the changes end."""

    async def listen(
        ctx: Context, params: SubscriptionsListenRequestParams
    ) -> SubscriptionsListenResult:
        meta: dict[str, Any] = {SUBSCRIPTION_ID_META_KEY: ctx.request_id}
        by_id = _bookings(params.notifications)
        async with aclosing(changes_of(ctx, frozenset(by_id))) as changes:
            await anext(changes)
            acknowledged = _acknowledged(params.notifications, list(by_id.values()), meta)
            await ctx.session.send_notification(acknowledged, related_request_id=ctx.request_id)
            async for ids in changes:
                for id in ids:
                    update = event_to_notification(ResourceUpdated(by_id[id]), meta)
                    await ctx.session.send_notification(update, related_request_id=ctx.request_id)
        return SubscriptionsListenResult(_meta=meta)

    return listen


def _bookings(asked: SubscriptionFilter) -> dict[UUID, str]:
    """The bookings asked for, by id: also those that are missing or another's, which stay silent,
    so that nobody learns which bookings exist. Other addresses are left out.
    """
    found = {id: uri for uri in asked.resource_subscriptions or () if (id := booking_id(uri))}
    if len(found) > MOST:
        raise MCPError(INVALID_PARAMS, f"Listen to at most {MOST} bookings in one request.")
    return found


def _acknowledged(
    asked: SubscriptionFilter, uris: list[str], meta: dict[str, Any]
) -> SubscriptionsAcknowledgedNotification:
    """The lists are honoured too: they never change."""
    honoured = asked.model_copy(update={"resource_subscriptions": uris or None})
    return SubscriptionsAcknowledgedNotification(
        params=SubscriptionsAcknowledgedNotificationParams(notifications=honoured, _meta=meta)
    )
