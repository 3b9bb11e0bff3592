"""Steps of upkeep: rolling update, restart of the whole, backup and restore."""

import asyncio
import tempfile
from pathlib import Path

from tests.rehearsal import load
from tests.rehearsal.load import History
from tests.rehearsal.rehearsal import CALLERS, Failed, Rehearsal, Watch, thread
from tests.rehearsal.stack import Stack


async def roll(rehearsal: Rehearsal) -> str:
    """Replaces worker and API by new processes under load; no request may fail."""
    before = _processes(rehearsal.stack)
    history = History()
    async with load.running(rehearsal.practice, history, CALLERS):
        await asyncio.sleep(3)
        await thread(rehearsal.stack.script, "roll.sh")
        await asyncio.sleep(3)
    after = _processes(rehearsal.stack)
    rehearsal.say(f"  repeats {dict(history.repeated) or 'none'}")
    if before & after or len(before) != len(after):
        raise Failed(f"replaced {len(before - after)} of {len(before)} processes")
    await rehearsal.judge(history)
    if history.repeated:
        raise Failed(f"requests failed during the update: {dict(history.repeated)}")
    requests = sum(map(len, history.seconds.values()))
    return (
        f"{len(after)} processes replaced, none of {requests} requests failed,"
        f" slowest answer {history.slowest_outage:.1f} s"
    )


async def restart(rehearsal: Rehearsal) -> str:
    """Stops and removes all containers, then starts them again; everything is as before."""
    history, stack = History(), rehearsal.stack
    async with load.running(rehearsal.practice, history, CALLERS):
        await asyncio.sleep(5)
    before = (await rehearsal.look(history))["versions"]
    watch = Watch()
    await thread(stack.down)
    stopped = watch.seconds
    started = await thread(stack.up)
    after = (await rehearsal.look(history))["versions"]
    if any(after.get(id, 0) < version for id, version in before.items()):
        raise Failed("bookings are missing after the restart")
    await rehearsal.judge(history)
    return f"stopped in {stopped:.0f} s, healthy in {started:.0f} s, {len(before)} bookings kept"


async def backup(rehearsal: Rehearsal) -> str:
    """Dumps under load, loses what comes after, and restores."""
    stack, history, later = rehearsal.stack, History(), History()
    with tempfile.TemporaryDirectory(prefix="chairtime-backup-") as directory:
        async with load.running(rehearsal.practice, history, CALLERS):
            await asyncio.sleep(5)
        async with load.running(rehearsal.practice, later, CALLERS):
            watch = Watch()
            await thread(stack.script, "backup.sh", directory)
            dumped = watch.seconds
        size = await thread(_size, Path(directory))
        watch = Watch()
        await thread(stack.script, "restore.sh", directory)
        await thread(stack.healthy)
        restored = watch.seconds
    verdict = await rehearsal.judge(History(ended=history.ended), restored=True)
    return (
        f"backup {dumped:.0f} s, {size / 1e6:.1f} MB; restore {restored:.0f} s;"
        f" all {len(history.ended)} bookings from before it are there, {verdict.bookings} in all"
    )


def _processes(stack: Stack) -> set[str]:
    return {each.id for name in ("api", "worker") for each in stack.of(name)}


def _size(directory: Path) -> int:
    return sum(path.stat().st_size for path in directory.iterdir())
