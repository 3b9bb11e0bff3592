"""The received commands of a booking that are not carried out yet, and the updates that wait."""

import asyncio
from dataclasses import dataclass

from temporalio.exceptions import ApplicationError

from domain.messages import AdvanceResult, Answer, Command

Key = tuple[str, str]
"""Verb and id."""


@dataclass
class PendingCommand:
    """A command: sent by a signal, by an update, or by both."""

    command: Command
    signalled: bool = False
    reply: asyncio.Future[Answer] | None = None


class PendingCommands:
    """In order of arrival. If a command with the same verb and id is pending, both are one."""

    def __init__(self, todo: list[Command]) -> None:
        self._pending: dict[Key, PendingCommand] = {}
        self.received = 0
        """Number of messages received, repeats included."""
        for command in todo:
            self.signal(command)

    def __len__(self) -> int:
        return len(self._pending)

    @property
    def awaited(self) -> bool:
        """Whether an update waits for its answer."""
        return any(pending.reply for pending in self._pending.values())

    @property
    def commands(self) -> list[Command]:
        return [pending.command for pending in self._pending.values()]

    def signal(self, command: Command) -> None:
        self._add(command).signalled = True

    async def update(self, command: Command) -> Answer:
        """Adds a command and waits for its answer. Raises ApplicationError of type `unavailable` if
        the database does not answer; the caller may send it again.
        """
        pending = self._add(command)
        pending.reply = pending.reply or asyncio.Future()
        return await asyncio.shield(pending.reply)

    def take(self, limit: int) -> list[PendingCommand]:
        """Removes and returns the oldest commands. The same command received later is a new one."""
        batch = list(self._pending.values())[:limit]
        for pending in batch:
            del self._pending[_key(pending.command)]
        return batch

    def put_back(self, batch: list[PendingCommand]) -> None:
        """Puts a batch back after a failure. Updates fail, as their callers can retry; signals have
        no caller that would, so they are kept.
        """
        kept: dict[Key, PendingCommand] = {}
        for pending in batch:
            if pending.reply:
                text = "the database does not answer; repeat with the same command id"
                pending.reply.set_exception(ApplicationError(text, type="unavailable"))
            if pending.signalled:
                kept[_key(pending.command)] = PendingCommand(pending.command, signalled=True)
        for key, newer in self._pending.items():  # received while the batch was running
            if key in kept:
                kept[key].reply = newer.reply
            else:
                kept[key] = newer
        self._pending = kept

    def _add(self, command: Command) -> PendingCommand:
        self.received += 1
        return self._pending.setdefault(_key(command), PendingCommand(command))


def answer(batch: list[PendingCommand], result: AdvanceResult) -> None:
    """Answers the updates of this batch."""
    for pending, outcome in zip(batch, result.outcomes, strict=True):
        if pending.reply:
            pending.reply.set_result(Answer(outcome, result.state))


def _key(command: Command) -> Key:
    return command.verb, command.id
