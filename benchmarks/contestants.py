"""Two ways to book: ours over HTTP, and the textbook's through Temporal alone."""

import asyncio
import math
import time
from abc import abstractmethod
from dataclasses import dataclass
from typing import Protocol

from uuid_utils.compat import uuid7

from benchmarks import calls, histories, textbook
from benchmarks.bench import Bench
from benchmarks.client import Answer, Connection
from benchmarks.world import PLAIN, Caller, Slot
from domain.messages import Booking, HoldRequest
from workflows import workflow_id

PAUSE = 1.0
"""Seconds between a hold and its confirm."""


@dataclass(frozen=True, slots=True)
class Booked:
    """A booking, and when its two commands were sent (seconds since the epoch)."""

    workflow: str
    held: float
    confirmed: float


class Contestant(Protocol):
    name: str
    parts: tuple[str, ...]
    """The processes that do it."""

    @abstractmethod
    async def open(self) -> None: ...

    @abstractmethod
    async def close(self) -> None: ...

    @abstractmethod
    async def book(self, pair: tuple[Slot, Caller]) -> Booked:
        """Holds, and confirms PAUSE later. Raises where either is refused."""

    @abstractmethod
    async def lags(self, booked: list[Booked]) -> list[float]:
        """For each command the seconds until its workflow had carried it out, or infinity."""


class Ours(Contestant):
    name = "ours"
    parts = ("api", "postgres", "temporal", "worker")

    def __init__(self, bench: Bench) -> None:
        self._bench = bench
        self._idle: list[Connection] = []

    async def open(self) -> None:
        """Connections are made as they are needed, and kept."""
        self._idle = [await Connection.open(self._bench.system.port) for _ in range(8)]

    async def close(self) -> None:
        while self._idle:
            self._idle.pop().close()

    async def book(self, pair: tuple[Slot, Caller]) -> Booked:
        slot, caller = pair
        held = time.time()
        id = calls.booked_id(await self._ask(calls.hold(slot, caller, PLAIN)))
        await asyncio.sleep(held + PAUSE - time.time())
        confirmed = time.time()
        calls.booked_id(await self._ask(calls.confirm(id, caller)))
        return Booked(workflow_id(id), held, confirmed)

    async def lags(self, booked: list[Booked]) -> list[float]:
        pairs = await histories.each(booked, self._lag)
        return [lag for pair in pairs for lag in pair]

    async def _lag(self, booked: Booked) -> tuple[float, float]:
        history = await histories.events(self._bench.temporal, booked.workflow)
        held, confirmed = histories.looked(history), histories.looked(history, "confirm")
        return _since(booked.held, held), _since(booked.confirmed, confirmed)

    async def _ask(self, request: bytes) -> Answer:
        connection = self._idle.pop() if self._idle else None
        connection = connection or await Connection.open(self._bench.system.port)
        try:
            return await connection.ask(request)
        finally:
            self._idle.append(connection)


class Textbook(Contestant):
    name = "textbook"
    parts = ("postgres", "temporal", "textbook")

    def __init__(self, bench: Bench) -> None:
        self._client = bench.temporal

    async def open(self) -> None: ...

    async def close(self) -> None: ...

    async def book(self, pair: tuple[Slot, Caller]) -> Booked:
        slot, caller = pair
        id, held = str(uuid7()), time.time()
        asked = HoldRequest(str(slot.dentist), str(caller.id), PLAIN, slot.starts_at.isoformat())
        handle = await self._client.start_workflow(
            textbook.TextbookBooking.run,
            Booking(id, asked),
            id=f"textbook-{id}",
            task_queue=textbook.TASK_QUEUE,
        )
        await asyncio.sleep(held + PAUSE - time.time())
        confirmed = time.time()
        outcome = await handle.execute_update(textbook.TextbookBooking.confirm)
        if outcome != "done":
            raise ValueError(outcome)
        return Booked(handle.id, held, confirmed)

    async def lags(self, booked: list[Booked]) -> list[float]:
        pairs = await histories.each(booked, self._lag)
        return [lag for pair in pairs for lag in pair]

    async def _lag(self, booked: Booked) -> tuple[float, float]:
        history = await histories.events(self._client, booked.workflow)
        held = histories.first(history, histories.ACTIVITY_DONE)
        confirmed = histories.first(history, histories.UPDATE_DONE)
        return _since(booked.held, held), _since(booked.confirmed, confirmed)


def _since(sent: float, done: float | None) -> float:
    return math.inf if done is None else done - sent
