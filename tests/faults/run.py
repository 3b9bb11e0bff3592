"""One run: start everything, load and faults, healing, judgement, report."""

import asyncio
import secrets
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx2

from tests.faults import asking, clock, collect, readers, report, starvation, system
from tests.faults.asking import Asker
from tests.faults.callers import BRIEF, BRIEF_SECONDS, Load
from tests.faults.collect import Agreement
from tests.faults.disk import Disk
from tests.faults.evidence import Evidence
from tests.faults.history import Caller, Reader, Silence
from tests.faults.inject import Injector
from tests.faults.judge import judge
from tests.faults.plan import Fault
from tests.faults.pressure import Pressure
from tests.faults.system import APIS, WORKERS, System
from tests.rehearsal.practice import Practice

Say = Callable[[str], None]


@dataclass(frozen=True)
class Options:
    seed: int
    seconds: float
    callers: int
    faults: Sequence[Fault]
    keep: bool


@dataclass
class Scene:
    """The system with its practice and all who use it."""

    system: System
    practice: Practice
    asker: Asker
    readers: list[Reader]


async def run(options: Options, home: Path, data: Disk, say: Say) -> bool:
    """Whether no rule was violated."""
    worker_clock = clock.clock(home, WORKERS[-1])
    secret = secrets.token_hex(32)
    async with (
        system.running(home, data, worker_clock, secret) as parts,
        _opened(parts, secret) as scene,
    ):
        say("all parts are ready")
        caller = Caller("pressure")
        pressure = Pressure(scene.asker, scene.practice.headers("admin", "first"), caller)
        injector = Injector(parts, worker_clock, pressure, say)
        starved: list[Silence] = []
        callers = [*await _loaded(options, scene, injector, starved), caller]
        say("all faults are healed, all callers have their answers")
        evidence = Evidence(callers, scene.readers, [*parts.silences, *starved])
        evidence.unexpected = injector.unexpected
        agreed = await _read(scene, evidence)
    evidence.tracebacks = collect.tracebacks(home)
    for noted in callers:
        noted.write(home)
    for reader in scene.readers:
        reader.write(home)
    done = report.Run(options.seed, options.seconds, injector.done, injector.skipped, agreed)
    violations = judge(evidence)
    for line in report.lines(done, evidence, violations):
        say(line)
    return not violations


async def _read(scene: Scene, evidence: Evidence) -> Agreement:
    """Reads the evidence once everything agrees and no hold is left."""
    first = await collect.agreed(scene.system, scene.readers)
    await collect.holds_ended(scene.system)
    second = await collect.agreed(scene.system, scene.readers)
    evidence.disagreements = first.missing + second.missing
    await collect.read(scene.system, evidence)
    return first


@asynccontextmanager
async def _opened(parts: System, secret: str) -> AsyncIterator[Scene]:
    """The practice is set up, and readers hear what happens from now on."""
    urls = {name: parts.url(name) for name in APIS}
    async with (
        httpx2.AsyncClient(base_url=urls[APIS[0]], timeout=30, trust_env=False) as http,
        asking.client() as many,
    ):
        practice = Practice(http, secret)
        await practice.set_up()
        await practice.add_type(BRIEF, BRIEF_SECONDS)
        token = practice.token("admin", "first")
        found = [Reader(f"reader-{n + 1}", topics) for n, topics in enumerate(readers.TOPICS)]
        following = [
            asyncio.create_task(readers.follow(reader, urls[APIS[n % len(APIS)]], token))
            for n, reader in enumerate(found)
        ]
        try:
            await readers.ready(found)
            yield Scene(parts, practice, Asker(many, urls), found)
        finally:
            for task in following:
                task.cancel()
            await asyncio.gather(*following, return_exceptions=True)


async def _loaded(
    options: Options, scene: Scene, injector: Injector, starved: list[Silence]
) -> list[Caller]:
    """Load and faults; returns once all faults are healed and all callers have finished. Adds to
    `starved` when an API had no CPU.
    """
    load = Load(scene.practice, scene.asker, options.seed)
    watching = asyncio.create_task(starvation.watch(scene.system.api_pids, starved))
    async with asyncio.TaskGroup() as tasks:
        load.start(tasks, options.callers)
        try:
            await injector.run(options.faults, options.seconds)
        finally:
            load.stop()
    watching.cancel()
    return load.callers
