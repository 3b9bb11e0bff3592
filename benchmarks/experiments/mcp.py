"""The same verb through two doors: `hold_slot` over MCP beside `hold_slot` over REST."""

import time

from benchmarks.bench import Bench
from benchmarks.client import Connection, request
from benchmarks.figures import Result, Target, percentile
from benchmarks.world import PLAIN, Caller, Slot

NAME = "mcp"
ABOUT = "hold_slot over MCP (2025-11-25) and over REST in turns, one caller"
COUNT = (400, 100)
"""Holds through each door."""
WARM_UP = 20
RATIO = 1.3
REST, MCP = "hold_slot over REST", "hold_slot over MCP"
HEADERS = b"Accept: application/json, text/event-stream\r\nMCP-Protocol-Version: 2025-11-25\r\n"


async def run(bench: Bench) -> Result:
    result = Result(NAME, ABOUT)
    for _ in range(bench.plan.repetitions):
        await bench.clean()
        async with bench.connections(1) as [connection]:
            await _turns(bench, connection, WARM_UP)
            took = await _turns(bench, connection, bench.plan.count(*COUNT))
        for door, each in took.items():
            result.row(door).add(p50_ms=percentile(each, 50), p99_ms=percentile(each, 99))
        over_rest, over_mcp = (percentile(took[door], 50) for door in (REST, MCP))
        result.row("over MCP ÷ over REST, p50", Target("ratio", "≤", RATIO)).add(
            ratio=over_mcp / over_rest
        )
    await bench.clean()
    return result


async def _turns(bench: Bench, connection: Connection, count: int) -> dict[str, list[float]]:
    """Milliseconds of each hold by door. Which door is first alternates."""
    took: dict[str, list[float]] = {REST: [], MCP: []}
    pairs = zip(bench.world.slots(2 * count), bench.world.callers(2 * count), strict=True)
    for number, (slot, caller) in enumerate(pairs):
        door = (REST, MCP, MCP, REST)[number % 4]
        sent = _over_mcp(slot, caller) if door == MCP else _over_rest(slot, caller)
        began = time.perf_counter()
        answer = await connection.ask(sent)
        took[door].append((time.perf_counter() - began) * 1000)
        if b'"hold_token"' not in answer.body:
            raise ValueError(f"{answer.status} {answer.body[:300]!r}")
    return took


def _arguments(slot: Slot, caller: Caller) -> dict[str, str]:
    return {
        "conversation_id": f"{slot.dentist} {slot.starts_at}",
        "dentist_id": str(slot.dentist),
        "starts_at": slot.starts_at.isoformat(),
        "appointment_type": PLAIN,
        "patient_id": str(caller.id),
    }


def _over_rest(slot: Slot, caller: Caller) -> bytes:
    return request("POST", "/api/chatbot/hold_slot", caller.token, _arguments(slot, caller))


def _over_mcp(slot: Slot, caller: Caller) -> bytes:
    params = {"name": "hold_slot", "arguments": _arguments(slot, caller)}
    body = {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params}
    sent = request("POST", "/mcp", caller.token, body)
    line, rest = sent.split(b"\r\n", 1)
    return line + b"\r\n" + HEADERS + rest
