"""Connections that look up the array types of Postgres once per process.

asyncpg looks up an array type before a connection's first query that uses it. The server needs up
to 25 ms of CPU to plan that lookup, more than for anything else that a new connection does.
"""

from collections.abc import Iterable
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import asyncpg

if TYPE_CHECKING:
    BaseConnection = asyncpg.Connection[asyncpg.Record]
else:
    BaseConnection = asyncpg.Connection  # cannot be subscripted when it runs

FIRST_ID_OF_A_DATABASE = 10_000
"""Ids of types below it are the same in every database and every version of Postgres."""

NO_STATEMENT = SimpleNamespace(name="cached")
"""In place of the statement of a lookup: its name says that it was no unnamed one."""

_found: dict[frozenset[int], list[asyncpg.Record]] = {}
"""The rows of each lookup so far, by the ids that were looked up."""


class CachingConnection(BaseConnection):
    """Overrides asyncpg's own lookup, which has no public setting (tests/db/test_builtin_types.py
    fails where a new version has another one).
    """

    async def _introspect_types(
        self, ids: Iterable[int], timeout: float | None
    ) -> tuple[list[asyncpg.Record], Any]:
        wanted = frozenset(ids)
        if wanted in _found:
            return _found[wanted], NO_STATEMENT
        rows, statement = await super()._introspect_types(wanted, timeout)  # type: ignore[misc]  # it is not in the stubs
        if max(wanted) < FIRST_ID_OF_A_DATABASE:
            _found[wanted] = rows
        return rows, statement
