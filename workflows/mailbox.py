"""What a booking has been told and has not done yet, and who waits for an answer."""

import asyncio
from dataclasses import dataclass

from temporalio.exceptions import ApplicationError

from domain.messages import Answer, Command, Done


@dataclass
class Letter:
    """A command: told by a signal, asked by an update, or both."""

    command: Command
    signalled: bool = False
    reply: asyncio.Future[Answer] | None = None


class Mailbox:
    """Letters in the order they came. Until it is taken out, verb and id again are the same one."""

    def __init__(self, todo: list[Command]) -> None:
        self._letters: dict[tuple[str, str], Letter] = {}
        self.heard = 0
        """Messages so far, repeated ones included."""
        for command in todo:
            self.put(command)

    def __len__(self) -> int:
        return len(self._letters)

    @property
    def awaited(self) -> bool:
        """Somebody waits for an answer."""
        return any(letter.reply for letter in self._letters.values())

    @property
    def commands(self) -> list[Command]:
        return [letter.command for letter in self._letters.values()]

    def put(self, command: Command) -> None:
        self._letter(command).signalled = True

    async def ask(self, command: Command) -> Answer:
        """The answer to a command. Raises ApplicationError of type `unavailable`: send it again."""
        letter = self._letter(command)
        letter.reply = letter.reply or asyncio.Future()
        return await asyncio.shield(letter.reply)

    def take(self, limit: int) -> list[Letter]:
        """Takes out the next letters, no two with one id: outcomes are told apart by it."""
        batch: dict[str, Letter] = {}
        for letter in self._letters.values():
            if len(batch) == limit:
                break
            batch.setdefault(letter.command.id, letter)
        for letter in batch.values():
            del self._letters[_key(letter.command)]
        return list(batch.values())

    def put_back(self, batch: list[Letter]) -> None:
        """After a failure. Who waits is told, and may ask again; a signal has nobody to tell, so
        it is kept.
        """
        kept: dict[tuple[str, str], Letter] = {}
        for letter in batch:
            if letter.reply:
                text = "the database does not answer; repeat with the same command id"
                letter.reply.set_exception(ApplicationError(text, type="unavailable"))
            if letter.signalled:
                kept[_key(letter.command)] = Letter(letter.command, signalled=True)
        for key, newer in self._letters.items():
            older = kept.setdefault(key, newer)
            older.reply = newer.reply
        self._letters = kept

    def _letter(self, command: Command) -> Letter:
        self.heard += 1
        return self._letters.setdefault(_key(command), Letter(command))


def answer(batch: list[Letter], done: Done) -> None:
    """Gives each who waits the outcome of their command."""
    for letter in batch:
        if letter.reply:
            letter.reply.set_result(Answer(done.outcomes[letter.command.id], done.state))


def _key(command: Command) -> tuple[str, str]:
    return command.verb, command.id
