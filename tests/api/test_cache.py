"""The cache of a process: one read at a time per key, and nothing outdated after `drop`."""

import asyncio

import pytest

from services.cache import Cache


async def test_concurrent_callers_share_one_read_and_later_ones_its_value():
    cache, reads = Cache[str, int](60), []

    async def read() -> int:
        reads.append(1)
        await asyncio.sleep(0)
        return 7

    assert await asyncio.gather(*(cache.get("k", read) for _ in range(20))) == [7] * 20
    assert await cache.get("k", read) == 7
    assert len(reads) == 1


async def test_errors_and_null_are_not_cached():
    cache = Cache[str, int | None](60)
    answers = iter([OSError("lost"), None, 7])

    async def read() -> int | None:
        answer = next(answers)
        if isinstance(answer, OSError):
            raise answer
        return answer

    with pytest.raises(OSError, match="lost"):
        await cache.get("k", read)
    assert await cache.get("k", read) is None
    assert await cache.get("k", read) == 7


@pytest.mark.parametrize(
    "forget", [lambda cache: cache.drop("k"), lambda cache: cache.clear()], ids=["drop", "clear"]
)
async def test_a_value_that_was_dropped_while_it_was_read_is_not_cached(forget):
    cache, go_on = Cache[str, int](60), asyncio.Event()

    async def old() -> int:
        await go_on.wait()
        return 1

    async def new() -> int:
        return 2

    reading = asyncio.create_task(cache.get("k", old))
    await asyncio.sleep(0)
    forget(cache)
    assert await cache.get("k", new) == 2
    go_on.set()
    assert await reading == 1
    assert await cache.get("k", old) == 2


async def test_a_cancelled_caller_leaves_the_read_to_the_others():
    cache, go_on = Cache[str, int](60), asyncio.Event()

    async def read() -> int:
        await go_on.wait()
        return 7

    first, second = (asyncio.create_task(cache.get("k", read)) for _ in "12")
    await asyncio.sleep(0)
    first.cancel()
    go_on.set()
    assert await second == 7


def test_the_oldest_values_go_first_and_expired_ones_are_not_returned():
    cache = Cache[int, int](60, most=2)
    for key in range(3):
        cache.put(key, key)
    assert [cache.peek(key) for key in range(3)] == [None, 1, 2]
    expired = Cache[int, int](0)
    expired.put(1, 1)
    assert expired.peek(1) is None
