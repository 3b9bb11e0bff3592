"""Retries of commands that another transaction got ahead of."""

from collections.abc import Awaitable, Callable

import asyncpg

from domain.appointments import Result

RETRIED_ERRORS = (asyncpg.SerializationError, asyncpg.DeadlockDetectedError)
"""SQLSTATE 40001 and 40P01: nothing was written, and a retry may succeed."""

ATTEMPTS = 4


class TermsChanged(asyncpg.SerializationError):
    """The booking terms changed between reading them and running the command."""


async def retried(run: Callable[[], Awaitable[Result]], attempts: int = ATTEMPTS) -> Result:
    """Runs a command, at most `attempts` times, until no other transaction gets ahead of it."""
    for _ in range(attempts - 1):
        try:
            return await run()
        except RETRIED_ERRORS:
            continue
    return await run()
