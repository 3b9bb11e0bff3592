"""`python -m benchmarks`: measures, prints a table per experiment, writes benchmarks/results/."""

import argparse
import asyncio
import resource
import signal
import sys
from typing import Any

import uvloop
from rich.console import Console

from benchmarks import bench, machine, report, rows, slots, system
from benchmarks.experiments import (
    burst,
    crowd,
    latency,
    lateness,
    lifecycles,
    steady,
    storm,
    streams,
    sustained,
    tailing,
    tax,
)
from benchmarks.world import World
from settings import Settings

EXPERIMENTS = (
    sustained,
    latency,
    lifecycles,
    burst,
    storm,
    lateness,
    streams,
    tax,
    tailing,
    crowd,
    steady,
)


def main() -> None:
    arguments = _arguments()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # so that what was started is ended
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))  # thousands of streams, at both ends
    plan = bench.Plan(1 if arguments.quick else arguments.repetitions, arguments.quick)
    chosen = [e for e in EXPERIMENTS if not arguments.only or e.NAME in arguments.only]
    worlds: list[World] = []

    def bring_in(dsn: str, settings: Settings) -> None:
        worlds.append(World(settings))
        asyncio.run(rows.bring_in(dsn, worlds[0]))

    if chosen:
        with system.running(bring_in) as running:
            uvloop.run(_measure(running, worlds[0], plan, chosen))
    if not arguments.only or slots.NAME in arguments.only:
        uvloop.run(_reads(plan))


async def _measure(running: system.System, world: World, plan: bench.Plan, chosen: Any) -> None:
    console = _console()
    async with bench.over(running, world, plan) as ready:
        for experiment in chosen:
            before = machine.load()
            context: dict[str, Any] = {
                "machine": machine.facts(),
                "postgres": await machine.postgres(ready.admin),
                "fsync": machine.fsync(running.directory),
                "table_rows": await rows.sizes(ready.admin),
            }
            result = await experiment.run(ready)
            context |= {"load_before": before, "load_after": machine.load()}
            context |= {"repetitions": plan.repetitions, "quick": plan.quick}
            report.show(result, console)
            report.keep(result, context)


async def _reads(plan: bench.Plan) -> None:
    before = machine.load()
    result, sizes = await slots.measure(plan)
    context = {"machine": machine.facts(), "load_before": before, "load_after": machine.load()}
    report.show(result, _console())
    report.keep(result, context | sizes | {"repetitions": plan.repetitions, "quick": plan.quick})


def _console() -> Console:
    return Console(width=None if Console().is_terminal else 200)


def _arguments() -> argparse.Namespace:
    names = [experiment.NAME for experiment in EXPERIMENTS] + [slots.NAME]
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="about two minutes; rough figures")
    parser.add_argument("--only", type=lambda text: text.split(","), help=",".join(names))
    parser.add_argument("--repetitions", type=int, default=3)
    return parser.parse_args()


if __name__ == "__main__":
    main()
