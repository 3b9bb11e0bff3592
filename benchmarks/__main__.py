"""`python -m benchmarks`: runs the experiments on a system of its own, prints their figures, and
saves them in benchmarks/results/.
"""

import argparse
import asyncio
import contextlib
import resource
import signal
import sys
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import uvloop
from rich.console import Console

from benchmarks import bench, machine, peer, report, rows, slots, system
from benchmarks.bench import Bench
from benchmarks.experiments import (
    event_cost,
    expiry_delay,
    many_streams,
    mcp,
    outage,
    restore,
    storm,
    streams,
    sustained,
    tailing,
    web,
    webhooks,
)
from benchmarks.figures import Result
from benchmarks.world import World
from settings import Settings


@dataclass(frozen=True)
class Experiment:
    name: str
    about: str
    run: Callable[[Bench], Awaitable[Result]]


EXPERIMENTS = [
    Experiment(module.NAME, module.ABOUT, module.run)
    for module in (
        sustained,
        storm,
        expiry_delay,
        streams,
        many_streams,
        event_cost,
        tailing,
        mcp,
        web,
        webhooks,
        restore,
        outage,
    )
]


def main() -> None:
    arguments = _arguments()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # so that all processes are stopped
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))  # for thousands of streams
    plan = bench.Plan(1 if arguments.quick else arguments.repetitions, arguments.quick)
    chosen = [e for e in EXPERIMENTS if not arguments.only or e.name in arguments.only]
    if chosen:
        _measure(chosen, plan, arguments.peer)
    if not arguments.only or slots.NAME in arguments.only:
        uvloop.run(_measure_slots(plan))


def _measure(chosen: Sequence[Experiment], plan: bench.Plan, checkout: Path | None) -> None:
    """Starts the system, and the peer if its checkout is given."""
    worlds: list[World] = []

    def fill(dsn: str, settings: Settings) -> None:
        worlds.append(World(settings))
        asyncio.run(rows.load(dsn, worlds[0]))

    with contextlib.ExitStack() as started:
        running = started.enter_context(system.running(fill))
        other = None
        if checkout:
            other = started.enter_context(peer.running(checkout, running.directory))
        uvloop.run(_run(chosen, plan, running, worlds[0], other))


async def _run(
    chosen: Sequence[Experiment],
    plan: bench.Plan,
    running: system.System,
    world: World,
    other: peer.Peer | None,
) -> None:
    console = _console()
    async with bench.over(running, world, plan, other) as ready:
        for number, experiment in enumerate(chosen, 1):
            console.print(f"{number} of {len(chosen)}: {experiment.name}: {experiment.about} …")
            before = machine.load()
            context: dict[str, Any] = {
                "machine": machine.facts(),
                "postgres": await machine.postgres(ready.admin),
                "fsync": machine.fsync(running.directory),
                "table_rows": await rows.sizes(ready.admin),
            }
            result = await experiment.run(ready)
            _report(result, context, plan, before, console)


async def _measure_slots(plan: bench.Plan) -> None:
    before = machine.load()
    result, sizes = await slots.measure(plan)
    _report(result, {"machine": machine.facts(), **sizes}, plan, before, _console())


def _report(
    result: Result,
    context: dict[str, Any],
    plan: bench.Plan,
    load_before: list[float],
    console: Console,
) -> None:
    after = machine.load()
    result.note(f"load average before and after: {load_before[0]}, {after[0]}")
    report.show(result, console)
    context |= {"load_before": load_before, "load_after": after}
    context |= {"repetitions": plan.repetitions, "quick": plan.quick}
    report.save(result, context)


def _console() -> Console:
    return Console(width=None if Console().is_terminal else 200)


def _arguments() -> argparse.Namespace:
    names = [experiment.name for experiment in EXPERIMENTS] + [slots.NAME]
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="short runs, rough figures")
    parser.add_argument("--only", type=lambda text: text.split(","), help=",".join(names))
    parser.add_argument("--repetitions", type=int, default=3)
    parser.add_argument("--peer", type=Path, help="checkout to compare with: benchmarks/peer.py")
    return parser.parse_args()


if __name__ == "__main__":
    main()
