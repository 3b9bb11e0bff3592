"""Caches role and active flag per caller; invalidated by profile events."""

import asyncio
import json
import logging
import warnings
from collections.abc import Coroutine
from typing import Any
from uuid import UUID

from cashews import Cache
from cashews.exceptions import CacheBackendInteractionError

from db import account_status
from db.pool import Pool, Unavailable, use
from domain.actors import Actor
from domain.events import Event, Kind, Topic
from domain.people import ROLES, AccountStatus, disagreement
from realtime.hub import Hub

IN_MEMORY = "mem://?size=20000&check_interval=60"
TTL = 10.0
"""Seconds for which an entry is used if the event that would invalidate it is lost."""

ATTEMPTS = 3
"""Attempts to check the accounts of open streams; each waits for a connection like a request."""

REMOTE = {
    "socket_timeout": 0.2,
    "socket_connect_timeout": 0.2,
    "wait_for_connection_timeout": 0.2,
    "max_connections": 50,
}
"""Time-outs of a Redis cache in seconds; without an answer the row is read from Postgres."""

logger = logging.getLogger(__name__)


class Accounts:
    """Cache of account status (role and active flag), in memory or in a shared Redis. Profile
    events invalidate it in every process. Code that changes a profile calls `invalidate` after its
    commit, so that the next request of this process reads the new row.
    """

    def __init__(self, pool: Pool, hub: Hub, url: str | None = None) -> None:
        """`url`: `redis://…`; null keeps it in memory."""
        self._pool = pool
        self._hub = hub
        self._changes = 0
        self._tasks: set[asyncio.Task[None]] = set()
        self._cache = Cache()
        # JSON, not pickle: whoever can write to the cache must not be able to run code here
        options: dict[str, Any] = {"suppress": False, "pickle_type": "json"} | REMOTE
        self._cache.setup(url or IN_MEMORY, **(options if url else {}))
        hub.subscribe(Topic.PROFILES, self._on_profile_event)

    async def status(self, actor: Actor) -> AccountStatus | None:
        """The account status of a caller; null without a profile. Creates a patient's profile on
        their first call. Raises db.pool.Unavailable.
        """
        key = _key(actor.id)
        if found := _unpacked(await self._get(key)):
            return found
        before = self._changes
        async with use(self._pool) as connection:
            found = await account_status.get_or_create(connection, actor)
        if found and before == self._changes:  # else the row may have changed since it was read
            await self._set(key, _packed(found))
        return found

    async def invalidate(self, id: UUID) -> None:
        """Drops the cached entry; call it after a commit that changed this profile."""
        self._changes += 1
        try:
            await self._cache.delete(_key(id))
        except CacheBackendInteractionError:
            logger.warning("the account cache cannot be invalidated")

    async def stop(self) -> None:
        await asyncio.gather(*self._tasks)
        with warnings.catch_warnings():
            warnings.simplefilter(
                "ignore", DeprecationWarning
            )  # cashews itself calls a deprecated method
            await self._cache.close()

    def _on_profile_event(self, event: Event | None) -> None:
        """Handles one profile event; null means that events may have been missed."""
        if event and event.kind == Kind.PROFILE_CREATED:
            return  # a profile that did not exist is not cached
        self._changes += 1
        if event is None:
            self._in_background(self._invalidate_all())
            self._in_background(self._revoke_stale_streams())
            return
        self._in_background(self.invalidate(event.entity_id))
        payload = json.loads(event.payload)
        self._hub.revoke(event.entity_id, payload["role"] if payload["active"] else None)

    def _in_background(self, work: Coroutine[None, None, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _revoke_stale_streams(self) -> None:
        """Revokes streams whose account changed in an event that was missed."""
        for _ in range(ATTEMPTS):
            changes, readers = self._changes, self._hub.readers
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
                    if reader.id and disagreement(reader, row):
                        self._hub.revoke(reader.id, row.role if row and row.active else None)
                return
        logger.warning("the accounts of open streams cannot be checked; the streams stay open")

    async def _invalidate_all(self) -> None:
        try:
            await self._cache.delete_match("account_status:*")
        except CacheBackendInteractionError:
            logger.warning("the account cache cannot be invalidated")

    async def _get(self, key: str) -> object:
        try:
            return await self._cache.get(key)
        except CacheBackendInteractionError:
            return None

    async def _set(self, key: str, value: int) -> None:
        try:
            await self._cache.set(key, value, expire=TTL)
        except CacheBackendInteractionError:
            logger.warning("the account cache does not answer; reading from Postgres")


def _key(id: UUID | None) -> str:
    return f"account_status:{id}"


def _packed(status: AccountStatus) -> int:
    return 2 * ROLES.index(status.role) + status.active


def _unpacked(value: object) -> AccountStatus | None:
    if not isinstance(value, int) or not 0 <= value < 2 * len(ROLES):
        return None
    return AccountStatus(ROLES[value // 2], bool(value % 2))
