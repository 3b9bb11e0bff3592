"""When the dispatcher goes on: in a pause of the commands, or when some have waited for long."""

import asyncio

from workflows.lull import Lull

FOR_EVER = 60.0


async def come(lull: Lull, times: int) -> None:
    """As many commands, one after another."""
    for _ in range(times):
        lull.heard()
        await asyncio.sleep(0.02)


async def first(*waits: asyncio.Task[None]) -> asyncio.Task[None]:
    done, others = await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED, timeout=20)
    for other in others:
        other.cancel()
    return done.pop()


async def test_while_commands_keep_coming_it_lasts():
    lull = Lull(quiet=2.0, patience=FOR_EVER)
    lull.heard()
    wait = asyncio.create_task(lull.wait())
    coming = asyncio.create_task(come(lull, 20))
    assert await first(wait, coming) is coming


async def test_a_pause_ends_it():
    lull = Lull(quiet=0.1, patience=FOR_EVER)
    lull.heard()
    async with asyncio.timeout(20):
        await lull.wait()


async def test_it_does_not_outlast_its_patience():
    lull = Lull(quiet=FOR_EVER, patience=0.2)
    lull.heard()
    async with asyncio.timeout(20):
        await lull.wait()


async def test_after_its_patience_it_is_short_until_nothing_is_left():
    behind, fresh = Lull(quiet=FOR_EVER, patience=1.0), Lull(quiet=FOR_EVER, patience=1.0)
    behind.heard()
    await behind.wait()
    behind.heard()
    fresh.heard()
    short, long = asyncio.create_task(behind.wait()), asyncio.create_task(fresh.wait())
    assert await first(short, long) is short


async def test_what_came_while_it_was_emptied_waits_since_then():
    caught_up, behind = Lull(quiet=FOR_EVER, patience=1.0), Lull(quiet=FOR_EVER, patience=1.0)
    for lull in (caught_up, behind):
        lull.heard()
        await lull.wait()
    caught_up.emptied(asyncio.get_running_loop().time())
    for lull in (caught_up, behind):
        lull.heard()
    long, short = asyncio.create_task(caught_up.wait()), asyncio.create_task(behind.wait())
    assert await first(short, long) is short
