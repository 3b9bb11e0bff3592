"""What the rows say of those who call: read once, remembered, and forgotten when it changes."""

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
REMEMBERED = 10.0
"""Seconds for which a row is believed unseen, should the news of its change not come through."""

ATTEMPTS = 3
"""To check the rights of open streams; each waits for a connection as long as a request does."""

REMOTE = {
    "socket_timeout": 0.2,
    "socket_connect_timeout": 0.2,
    "wait_for_connection_timeout": 0.2,
    "max_connections": 50,
}
"""Seconds that a cache elsewhere has for each answer: Postgres has it too."""

logger = logging.getLogger(__name__)


class People:
    """The standing of everyone who calls, in this process or in a Redis of several; role and
    activity alone are kept there. The event log says what to forget, in every process; who writes
    calls `forget`, so as to read what was written.
    """

    def __init__(self, pool: Pool, hub: Hub, url: str | None = None) -> None:
        """`url`: `redis://…`; null keeps it in memory."""
        self._pool = pool
        self._hub = hub
        self._changes = 0
        self._forgetting: set[asyncio.Task[None]] = set()
        self._cache = Cache()
        # never pickles: who can write to the cache must not be able to run code here
        options: dict[str, Any] = {"suppress": False, "pickle_type": "json"} | REMOTE
        self._cache.setup(url or IN_MEMORY, **(options if url else {}))
        hub.subscribe(Topic.PROFILES, self._heard)

    async def standing(self, actor: Actor) -> AccountStatus | None:
        """What the row of this caller says; null without a row. Patients get theirs here. Raises
        db.pool.Unavailable.
        """
        key = _key(actor.id)
        if found := _unpacked(await self._get(key)):
            return found
        before = self._changes
        async with use(self._pool) as connection:
            found = await account_status.get_or_create(connection, actor)
        if found and before == self._changes:  # else it may have changed since it was read
            await self._set(key, _packed(found))
        return found

    async def forget(self, id: UUID) -> None:
        """To be called after a commit that changed this row."""
        self._changes += 1
        try:
            await self._cache.delete(_key(id))
        except CacheBackendInteractionError:
            logger.warning("the account cache cannot be invalidated")

    async def stop(self) -> None:
        await asyncio.gather(*self._forgetting)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)  # cashews closes by an old name
            await self._cache.close()

    def _heard(self, event: Event | None) -> None:
        """Called for each event of a profile; null where the log was lost for a while."""
        if event and event.kind == Kind.PROFILE_CREATED:
            return  # nothing is remembered of who was not there
        self._changes += 1
        if event is None:
            self._later(self._forget_all())
            self._later(self._judge_readers())
            return
        self._later(self.forget(event.entity_id))
        told = json.loads(event.payload)
        self._hub.revoke(event.entity_id, told["role"] if told["active"] else None)

    def _later(self, work: Coroutine[None, None, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._forgetting.add(task)
        task.add_done_callback(self._forgetting.discard)

    async def _judge_readers(self) -> None:
        """Ends the streams of those who lost their role by an event that was not heard."""
        for _ in range(ATTEMPTS):
            changes, readers = self._changes, self._hub.readers
            try:
                async with use(self._pool) as connection:
                    found = await account_status.of_people(
                        connection, {each.id for each in readers if each.id}
                    )
            except Unavailable:
                continue
            if changes == self._changes:  # else an event may know better
                for reader in readers:
                    row = found.get(reader.id) if reader.id else None
                    if reader.id and disagreement(reader, row):
                        self._hub.revoke(reader.id, row.role if row and row.active else None)
                return
        logger.warning("the accounts of open streams cannot be checked; the streams stay open")

    async def _forget_all(self) -> None:
        try:
            await self._cache.delete_match("standing:*")
        except CacheBackendInteractionError:
            logger.warning("the account cache cannot be invalidated")

    async def _get(self, key: str) -> object:
        try:
            return await self._cache.get(key)
        except CacheBackendInteractionError:
            return None

    async def _set(self, key: str, value: int) -> None:
        try:
            await self._cache.set(key, value, expire=REMEMBERED)
        except CacheBackendInteractionError:
            logger.warning("the account cache does not answer; reading from Postgres")


def _key(id: UUID | None) -> str:
    return f"standing:{id}"


def _packed(standing: AccountStatus) -> int:
    return 2 * ROLES.index(standing.role) + standing.active


def _unpacked(value: object) -> AccountStatus | None:
    if not isinstance(value, int) or not 0 <= value < 2 * len(ROLES):
        return None
    return AccountStatus(ROLES[value // 2], bool(value % 2))
