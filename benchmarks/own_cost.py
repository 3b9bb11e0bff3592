"""What the load generator itself costs, beside the client that an application would use."""

import time

import httpx2

from benchmarks.bench import Bench
from benchmarks.client import request

COUNT = 200
PATH = "/livez"


async def note(bench: Bench) -> str:
    """CPU microseconds per request, of ours and of httpx2."""
    async with bench.connections(1) as (connection,):
        asked, began = request("GET", PATH, bench.world.desk), time.process_time()
        for _ in range(COUNT):
            await connection.ask(asked)
        ours = time.process_time() - began

    async with httpx2.AsyncClient(base_url=f"http://127.0.0.1:{bench.system.port}") as client:
        began = time.process_time()
        for _ in range(COUNT):
            await client.get(PATH)
        theirs = time.process_time() - began
    each = [f"{spent / COUNT * 1e6:.0f} µs" for spent in (ours, theirs)]
    return f"the client costs {each[0]} of CPU per request; httpx2 would cost {each[1]}"
