"""The day board of the front desk in Chromium: what one event costs, and many a second."""

import asyncio
import json
from uuid import UUID

from playwright.async_api import Browser, Page

from benchmarks import board_rows
from benchmarks.bench import Bench
from benchmarks.figures import Result, Row, Target, percentile
from benchmarks.load import arrivals
from realtime.waker import RelayWaker

FRAME_MS, TASK_MS = 16.0, 50.0
SINGLE = (100, 20)
RATE = 100.0
SECONDS = (10, 3)
WAIT_S = 10
PAUSE_S = 0.15
"""Between two single events, so that each is measured on its own."""

CHANGE = """
update appointments
   set status = case status when 'booked' then 'checked_in' else 'booked' end,
       verb = 'check_in', version = version + 1, updated_at = clock_timestamp(), via = 'sweep'
 where id = $1
"""
"""By SQL: at 100 a second the API's commands would take the time that the page is measured in."""

SIGN_IN = "sessionStorage.setItem('chairtime.session.development', %s)"

OBSERVE = """() => {
  const seen = window.seen = {arrived: 0, last: 0, events: 0, cards: 0, tasks: [], times: []};
  const read = ReadableStreamDefaultReader.prototype.read;
  ReadableStreamDefaultReader.prototype.read = async function () {
    const result = await read.call(this);
    if (String(result.value?.event).startsWith('appointment.')) {
      seen.arrived = performance.now();
      seen.events += 1;
    }
    return result;
  };
  const status = {subtree: true, attributes: true, attributeFilter: ['data-status']};
  new MutationObserver(changes => {
    seen.cards += changes.length;
    const {arrived, last} = seen;
    if (arrived === last) return;
    seen.last = arrived;
    const rendered = performance.now() - arrived;
    document.body.offsetHeight;
    const laidOut = performance.now() - arrived;
    requestAnimationFrame(() => setTimeout(() =>
      seen.times.push({rendered, laidOut, painted: performance.now() - arrived})));
  }).observe(document, status);
  new PerformanceObserver(list => seen.tasks.push(...list.getEntries().map(e => e.duration)))
    .observe({type: 'longtask'});
}"""
"""Notes when each event was read from the stream, when its card had changed in the document, when
that was laid out, and when the frame was over; and each task of more than 50 ms.
"""

TIMES = """([count, milliseconds]) => new Promise(resolve => {
  const until = Date.now() + milliseconds;
  const look = () => seen.times.length >= count || Date.now() > until
    ? resolve(seen.times) : setTimeout(look, 20);
  look();
})"""
"""What was noted, once that is `count` events or no more have come for too long."""


async def measure(bench: Bench, browser: Browser, result: Result) -> None:
    """One repetition."""
    single = result.row(
        "an event on a board of 12 dentists and 200 bookings", Target("p95_ms", "≤", FRAME_MS)
    )
    rush = result.row("the board under 100 events/s", Target("tasks_over_50_ms", "≤", 0))
    bookings = await board_rows.load(bench.admin)
    await bench.wait_until_idle()
    context = await browser.new_context(
        base_url=f"http://127.0.0.1:{bench.system.port}", viewport={"width": 1920, "height": 1080}
    )
    page = await context.new_page()
    await page.add_init_script(SIGN_IN % json.dumps(bench.world.desk))
    await page.add_init_script(f"({OBSERVE})()")
    with bench.without("worker"):
        await page.goto(f"/desk?clinic={board_rows.CLINIC}&date={board_rows.day()}")
        await page.locator("[data-booking]").nth(len(bookings) - 1).wait_for()
        await page.locator("[data-live=live]").wait_for()
        waker = RelayWaker(bench.pool)
        await waker.start()
        try:
            await _one_by_one(bench, page, waker, bookings[: bench.plan.count(*SINGLE)], single)
            await _many(bench, page, waker, bookings, rush)
        finally:
            await waker.stop()
    await context.close()
    result.note("an event: from its arrival in the page until its card is changed and laid out")


async def _one_by_one(
    bench: Bench, page: Page, waker: RelayWaker, ids: list[UUID], row: Row
) -> None:
    await asyncio.sleep(2)  # until what the page loads again after it joined is read
    for number, id in enumerate(ids, 1):
        await _change(bench, waker, id)
        shown = len(await page.evaluate(TIMES, [number, WAIT_S * 1000]))
        if shown < number:
            raise RuntimeError(f"{number - shown} of {number} events not shown in {WAIT_S} s")
        await asyncio.sleep(PAUSE_S)
    times = await page.evaluate("() => seen.times")
    laid_out = [each["laidOut"] for each in times]
    row.add(
        p50_ms=percentile(laid_out, 50),
        p95_ms=percentile(laid_out, 95),
        rendered_p50_ms=percentile([each["rendered"] for each in times], 50),
        painted_p50_ms=percentile([each["painted"] for each in times], 50),
    )


async def _many(bench: Bench, page: Page, waker: RelayWaker, ids: list[UUID], row: Row) -> None:
    seconds = bench.plan.count(*SECONDS)
    count = int(RATE * seconds)
    await page.evaluate("() => { seen.tasks = []; seen.events = 0; seen.cards = 0; }")
    failed = await arrivals(
        RATE, [ids[n % len(ids)] for n in range(count)], lambda id: _change(bench, waker, id)
    )
    assert not any(failed), failed[:3]
    await asyncio.sleep(2)  # tasks and loads that follow the last event count as well
    seen = await page.evaluate("() => ({...seen, times: null})")
    row.add(
        tasks_over_50_ms=len(seen["tasks"]),
        longest_ms=max(seen["tasks"], default=0.0),
        events_per_s=seen["events"] / seconds,
        cards_changed=seen["cards"],
    )


async def _change(bench: Bench, waker: RelayWaker, id: UUID) -> None:
    async with bench.pool.acquire() as connection:
        await connection.execute(CHANGE, id)
    waker.wake()
