"""Records the histories that tests/workflows/test_replay.py replays.

    python -m tests.workflows.record [NAME ...]

To be run after a change of the workflow that is *meant* to write other histories. What running
bookings have written stays: a change must be able to replay it, or be made with `workflow.patched`.
So raise VERSION before recording: the new histories stand beside the old.
"""

import asyncio
import json
import sys
from pathlib import Path
from typing import Any

from temporalio.client import Client

from db import demo
from db.migrate import migrate
from db.pool import connect, create_pool
from embedded import stack
from embedded.temporal import DYNAMIC_CONFIG
from tests.workflows.desk import Desk
from tests.workflows.paths import LONG, PATHS

HISTORIES = Path(__file__).with_name("histories")
VERSION = 1
"""Of the histories: raised whenever the workflow starts to write others than before."""

OURS = {"identity": "worker", "stackTrace": ""}
"""What would tell of the machine, and what stands in its place."""


def scrubbed(node: Any) -> Any:
    """The history without names of hosts and paths; replay asks for neither."""
    match node:
        case dict():
            return {key: OURS.get(key, scrubbed(value)) for key, value in node.items()}
        case list():
            return [scrubbed(value) for value in node]
        case _:
            return node


async def record(address: str, dsn: str, names: list[str]) -> None:
    await migrate(dsn)
    connection = await connect(dsn, "record")
    client = await Client.connect(address, identity="worker")
    async with await create_pool(dsn, 8) as pool:
        await demo.load(connection)
        desk = Desk(client, pool, "bookings")
        for path in PATHS:
            if names and path.__name__ not in names:
                continue
            await connection.execute(
                "update appointment_types set hold_for = '5 min', needs_approval = false"
            )
            history = await (await path(desk)).fetch_history()
            target = HISTORIES / f"{path.__name__}.v{VERSION}.json"
            target.write_text(json.dumps(scrubbed(history.to_json_dict()), indent=1) + "\n")
            print(f"{len(history.events):4} events  {target.name}")
    await connection.close()


if __name__ == "__main__":
    HISTORIES.mkdir(exist_ok=True)
    DYNAMIC_CONFIG["limit.historyCount.suggestContinueAsNew"] = LONG
    with stack.postgres() as postgres, stack.temporal() as temporal:
        asyncio.run(record(temporal.address, postgres.dsn(), sys.argv[1:]))
