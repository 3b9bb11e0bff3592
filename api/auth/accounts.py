"""Caches role and active flag per caller; invalidated by profile events."""

import asyncio
import json
import logging
from functools import partial
from uuid import UUID

from db import account_status
from db.pool import Pool, Unavailable, use
from domain.actors import Actor, Role
from domain.events import Event, Kind, Topic
from domain.people import AccountStatus, disagreement
from realtime.hub import Hub
from services.cache import Cache

TTL = 10.0
"""Seconds for which an entry is used if the event that would invalidate it is lost."""

ATTEMPTS = 3
"""Attempts to check the accounts of open streams; each waits for a connection like a request."""

logger = logging.getLogger(__name__)


class Accounts:
    """Cache of account status (role and active flag). Profile events invalidate it in every
    process. Code that changes a profile calls `invalidate` after its commit, so that the next
    request of this process reads the new row.
    """

    def __init__(self, pool: Pool, hub: Hub) -> None:
        self._pool = pool
        self._hub = hub
        self._changes = 0
        self._checks: set[asyncio.Task[None]] = set()
        self._logins: dict[UUID, UUID] = {}
        """The login of each claimed profile whose status was read."""
        self._cache = Cache[Actor, AccountStatus | None](TTL)
        hub.subscribe(Topic.PROFILES, self._on_profile_event)

    async def status(self, actor: Actor, email: str | None = None) -> AccountStatus | None:
        """The account status of a caller; null without a profile. Creates a patient's profile on
        their first call, unless a profile with this verified `email` waits for them. Raises
        db.pool.Unavailable.
        """
        return await self._cache.get(actor, partial(self._read, actor, email))

    def invalidate(self, id: UUID) -> None:
        """Drops the cached entries of this profile; call it after a commit that changed it."""
        self._changes += 1
        for role in Role:
            self._cache.drop(Actor(role, id))
            self._cache.drop(Actor(role, self._logins.get(id)))

    async def stop(self) -> None:
        await asyncio.gather(*self._checks)

    async def _read(self, actor: Actor, email: str | None) -> AccountStatus | None:
        async with use(self._pool) as connection:
            if email and actor.id:
                await account_status.claim_invitation(connection, actor.id, email)
            status = await account_status.get_or_create(connection, actor)
        if status and status.claimed and actor.id:
            self._logins[status.claimed] = actor.id
        return status

    def _on_profile_event(self, event: Event | None) -> None:
        """Handles one profile event; null means that events may have been missed."""
        if event and event.kind == Kind.PROFILE_CREATED:
            return  # a profile that did not exist is not cached
        if event is None:
            self._changes += 1
            self._cache.clear()
            check = asyncio.create_task(self._revoke_stale_streams())
            self._checks.add(check)
            check.add_done_callback(self._checks.discard)
            return
        self.invalidate(event.entity_id)
        payload = json.loads(event.payload)
        clinic_ids = frozenset(UUID(id) for id in payload.get("clinic_ids", ()))
        role = payload["role"] if payload["active"] else None
        self._hub.streams.revoke(event.entity_id, role, clinic_ids)

    async def _revoke_stale_streams(self) -> None:
        """Revokes streams whose account changed in an event that was missed."""
        for _ in range(ATTEMPTS):
            changes, readers = self._changes, self._hub.streams.readers()
            try:
                async with use(self._pool) as connection:
                    found = await account_status.of_people(
                        connection, {each.id for each in readers if each.id}
                    )
            except Unavailable:
                continue
            if changes == self._changes:  # else a newer event has already been handled
                for reader in readers:
                    row = found.get(reader.id) if reader.id else None
                    if reader.id and (disagreement(reader, row) or reader.role is Role.DESK):
                        role = row.role if row and row.active else None
                        clinic_ids = row.clinic_ids if row else frozenset()
                        self._hub.streams.revoke(reader.id, role, clinic_ids)
                return
        logger.warning("the accounts of open streams cannot be checked; the streams stay open")
