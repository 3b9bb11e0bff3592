"""Webhook endpoints: create, list, change, rotate the secret, delete."""

from dataclasses import asdict, dataclass
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Response
from uuid_utils.compat import uuid7

from api.events.topics import named_topics
from api.http import cursors
from api.http.answers import check_version, etag, existing
from api.http.context import Caller, Creation, IfMatch, State
from api.http.cursors import PageCursor
from api.http.errors import Problem, invalid, not_found
from api.http.idempotency import claim_idempotency_key
from api.http.strict import StrictRoute
from api.http.values import Digits
from api.state import AppState
from api.webhooks.bodies import EditWebhook, NewWebhook, Rotation, stored
from db import webhooks
from db.pool import Connection, use
from domain.actors import Actor
from domain.events import OF_CLINIC
from domain.webhooks import ENDPOINTS_PER_OWNER, Webhook, check_url
from webhooks.secrets import NoServerSecret

router = APIRouter(route_class=StrictRoute, prefix="/api/webhooks", tags=["webhooks"])


@dataclass(frozen=True, slots=True)
class Webhooks:
    items: list[Webhook]
    next_cursor: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class WebhookWithSecret(Webhook):
    secret: str
    """Verifies signatures. No other answer has it: keep it."""


@router.get("", response_model_exclude_none=True)
async def list_webhooks(
    caller: Caller,
    state: State,
    disabled: Annotated[
        bool | None,
        Query(description="Only endpoints that the system has switched off, or only others."),
    ] = None,
    limit: Annotated[int, Query(ge=1, le=200), Digits] = 50,
    cursor: PageCursor = None,
) -> Webhooks:
    """Webhook endpoints, the newest first: an agent's own; all for admins."""
    after = cursors.decode_instant(cursor) if cursor else None
    async with use(state.pool) as connection:
        items = await webhooks.page(
            connection, caller, disabled=disabled, after=after, limit=limit + 1
        )
    last = items[limit - 1] if len(items) > limit else None
    following = cursors.encode(last.created_at.isoformat(), last.id) if last else None
    return Webhooks(items[:limit], following)


@router.post("", status_code=201, response_model_exclude_none=True)
async def create_webhook(
    body: NewWebhook, response: Response, context: Creation, state: State
) -> WebhookWithSecret:
    """Sends the events from now on to this URL, with the caller's rights. Only this answer, and its
    repeat with the same key, has the secret.
    """
    caller, id, key = context.actor, uuid7(), context.idempotency_key(body)
    _check_url(state, body.url)
    fields = stored(body.model_dump(), await _topics(state, body.topics))
    async with use(state.pool) as connection, connection.transaction():
        if earlier := await claim_idempotency_key(connection, response, key, str(id)):
            id = UUID(earlier)
        elif not await webhooks.add(connection, id, caller, fields):
            raise Problem(
                "forbidden",
                f"You have {ENDPOINTS_PER_OWNER} webhook endpoints, which is the limit;"
                " delete one first.",
            )
        created = existing(await webhooks.get(connection, id, caller))
        secret = await _secret(connection, state, id)
    response.headers["Location"] = f"/api/webhooks/{id}"
    return etag(response, WebhookWithSecret(**asdict(created), secret=secret))


@router.get("/{id}", response_model_exclude_none=True)
async def get_webhook(id: UUID, response: Response, caller: Caller, state: State) -> Webhook:
    """One endpoint, with its version as ETag."""
    async with use(state.pool) as connection:
        return etag(response, existing(await webhooks.get(connection, id, caller)))


@router.put("/{id}", response_model_exclude_none=True)
async def update_webhook(
    id: UUID,
    body: EditWebhook,
    response: Response,
    caller: Caller,
    state: State,
    versions: IfMatch = None,
) -> Webhook:
    """Changes the fields in the body. `active: true` also clears `disabled_reason`, and sends what
    waits at once.
    """
    if body.url is not None:
        _check_url(state, body.url)
    topics = None if body.topics is None else await _topics(state, body.topics)
    async with use(state.pool) as connection, connection.transaction():
        before = existing(await webhooks.get(connection, id, caller, locked=True))
        check_version(versions, before.version)
        body.check(before)
        if body.active and not await webhooks.owner_has_access(connection, id):
            raise Problem(
                "forbidden",
                "The owner of this endpoint was deactivated or has another role; delete it, and"
                " create a new one.",
            )
        await webhooks.change(connection, id, stored(body.given(), topics))
        after = existing(await webhooks.get(connection, id, caller))
    state.committed()
    return etag(response, after)


@router.delete("/{id}", status_code=204)
async def delete_webhook(id: UUID, caller: Caller, state: State) -> None:
    """Deletes the endpoint and its deliveries. A delivery that is being sent may still arrive."""
    async with use(state.pool) as connection:
        if not await webhooks.remove(connection, id, caller):
            raise not_found()


@router.post("/{id}/rotate-secret", response_model_exclude_none=True)
async def rotate_webhook_secret(
    id: UUID,
    response: Response,
    context: Creation,
    state: State,
    body: Rotation | None = None,
) -> WebhookWithSecret:
    """A new secret. For `overlap_hours` each delivery has signatures of both secrets. The body
    is optional.
    """
    caller, key = context.actor, context.idempotency_key(body)
    async with use(state.pool) as connection, connection.transaction():
        existing(await webhooks.get(connection, id, caller, locked=True))
        if not await claim_idempotency_key(connection, response, key, str(id)):
            await webhooks.rotate(connection, id, (body or Rotation()).overlap_hours)
        rotated = existing(await webhooks.get(connection, id, caller))
        secret = await _secret(connection, state, id)
    return etag(response, WebhookWithSecret(**asdict(rotated), secret=secret))


async def endpoint(connection: Connection, id: UUID, caller: Actor) -> Webhook:
    """An endpoint that the caller may see. Raises `not_found`."""
    return existing(await webhooks.get(connection, id, caller))


def _check_url(state: AppState, url: str) -> None:
    """Raises `validation_failed` for a URL that events are not sent to."""
    try:
        check_url(url, allow_http=state.settings.webhooks_by_http)
        state.webhook_addresses.check_literal(url)
    except ValueError as error:
        raise invalid("url", str(error)) from None


async def _topics(state: AppState, names: list[str]) -> list[str]:
    """The topics as callers write them. Raises `validation_failed`."""
    return sorted(topic.replace(OF_CLINIC, "") for topic in await named_topics(state, names))


async def _secret(connection: Connection, state: AppState, id: UUID) -> str:
    """The present secret. Raises `forbidden` if the server has none to derive it from."""
    try:
        return state.webhook_secrets.of(id, await webhooks.secret_number(connection, id))
    except NoServerSecret:
        raise Problem(
            "forbidden",
            "Webhooks are not available on this server; its operator must set WEBHOOK_SECRET.",
        ) from None
