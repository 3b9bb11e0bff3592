"""The patient's page in Chromium: what it loads, when one can use it, and how quickly a slot that
somebody else takes is shown as taken.
"""

import asyncio
import json
import shutil
import time
from datetime import datetime
from typing import Any, NamedTuple

from playwright.async_api import Browser, BrowserContext, Page, Response, async_playwright

from benchmarks import board, calls
from benchmarks.bench import Bench
from benchmarks.client import Answer, Connection
from benchmarks.figures import Result, Row, Target, percentile
from benchmarks.world import DENTISTS, PLAIN, ZONE, Slot, named, resource
from embedded import web_app

NAME = "web"
ABOUT = "the patient's page in Chromium, a slot that flips on it, and the day board"
SCRIPT_KB, READY_MS, FLIP_MS = 200.0, 1500.0, 150.0
FLIPS = (60, 10)
WAIT_S = 10
"""The longest wait for an answer or a change; afterwards the run fails."""
PAGE = "/?clinic={clinic}&type={type}&dentist={dentist}&day={day}"
FREE = "[data-at][data-state=free]"

WATCH = """() => {
  window.flips = {};
  window.arrived = {};
  const read = ReadableStreamDefaultReader.prototype.read;
  ReadableStreamDefaultReader.prototype.read = async function () {
    const result = await read.call(this);
    if (result.value?.event === 'slot.held') {
      const {starts_at} = JSON.parse(result.value.data);
      window.arrived[Date.parse(starts_at)] ??= Date.now();
    }
    return result;
  };
  const look = () => requestAnimationFrame(() => {
    for (const each of document.querySelectorAll('[data-at]:not([data-state=free])'))
      window.flips[each.dataset.at] ??= Date.now();
  });
  new MutationObserver(look).observe(document, {
    subtree: true, childList: true, attributes: true, attributeFilter: ['data-state'],
  });
}"""

SEEN = """([at, milliseconds]) => new Promise(resolve => {
  const until = Date.now() + milliseconds;
  const look = () => {
    if (!window.flips[at] && Date.now() < until) return setTimeout(look, 20);
    resolve({
      arrived: window.arrived[Date.parse(at)] ?? null,
      shown: window.flips[at] ?? null,
      state: document.querySelector(`[data-at="${at}"]`)?.dataset.state ?? 'not shown',
      stream: document.querySelector('[data-live]')?.dataset.live ?? 'not shown',
    });
  };
  look();
})"""
"""When that start's event was read from the stream, and when it was first shown as not free; null
if not in time. (Playwright's own wait needs `unsafe-eval`.)
"""


class Flip(NamedTuple):
    """Milliseconds after the beginning of the change's transaction."""

    answered: float
    """The command's answer has come."""
    arrived: float
    """Its event is in the page."""
    shown: float


async def run(bench: Bench) -> Result:
    result = Result(NAME, ABOUT)
    chromium = shutil.which("chromium")
    if chromium is None or not web_app.is_built():
        result.note("not measured: it needs Chromium and the built web app")
        return result
    first = result.row(
        "first page, cold cache",
        Target("script_kb", "≤", SCRIPT_KB),
        Target("ready_ms", "≤", READY_MS),
    )
    flip = result.row("a slot is held by somebody else", Target("p95_ms", "≤", FLIP_MS))
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        for _ in range(bench.plan.repetitions):
            await bench.clean()
            bench.say("the first page")
            await _load(bench, browser, first)
            bench.say("flips of slots")
            await _flip(bench, browser, flip, bench.plan.count(*FLIPS))
            bench.say("the day board")
            await board.measure(bench, browser, result)
        await browser.close()
    result.note("ready: the first choice can be made; script: gzip, as sent")
    result.note("a flip counts from the change's transaction to the frame that shows it")
    return result


async def _load(bench: Bench, browser: Browser, row: Row) -> None:
    context = await _context(bench, browser)
    page = await context.new_page()
    sizes: list[Response] = []
    page.on("response", lambda response: sizes.append(response))
    began = time.perf_counter()
    await page.goto("/")
    await page.locator("main button:enabled, main a").first.wait_for()
    ready = (time.perf_counter() - began) * 1000
    await page.locator("[data-live=live]").wait_for()  # a stream is open: the page is never idle
    scripts = [each for each in sizes if each.url.endswith(".js")]
    sent = [(await each.request.sizes())["responseBodySize"] for each in scripts]
    row.add(script_kb=sum(sent) / 1000, ready_ms=ready)
    await context.close()


async def _flip(bench: Bench, browser: Browser, row: Row, count: int) -> None:
    context = await _context(bench, browser)
    await context.add_init_script(board.SIGN_IN % json.dumps(bench.world.readers(1)[0].token))
    await context.add_init_script(f"({WATCH})()")
    page = await context.new_page()
    flips: list[Flip] = []
    async with bench.connections(1) as (connection,):
        for slot in bench.world.slots(count):  # each day has several
            flips += await _flip_day(bench, page, connection, slot, count - len(flips))
            if len(flips) >= count:
                break
    await context.close()
    if len(flips) < count:
        raise RuntimeError(f"only {len(flips)} of {count} slots could be held")
    for name in Flip._fields:
        times = [getattr(each, name) for each in flips]
        prefix = "" if name == "shown" else f"{name}_"
        row.add(
            **{f"{prefix}p50_ms": percentile(times, 50), f"{prefix}p95_ms": percentile(times, 95)}
        )
    row.add(flips=len(flips))


async def _flip_day(
    bench: Bench, page: Page, connection: Connection, slot: Slot, most: int
) -> list[Flip]:
    """Holds one time after the other of that dentist's day, each seen before the next."""
    day = slot.starts_at.astimezone(ZONE).date()
    clinic = named("clinic", (slot.resource_no - resource("dentist", 0)) // DENTISTS)
    await page.goto(PAGE.format(clinic=clinic, type=PLAIN, dentist=slot.dentist, day=day))
    await page.locator(FREE).first.wait_for()
    await page.locator("[data-live=live]").wait_for()
    starts: list[str] = await page.eval_on_selector_all(FREE, "all => all.map(e => e.dataset.at)")
    flips: list[Flip] = []
    for start in starts[:: len(starts) // 5 or 1][:most]:  # far apart: none rules out the next
        wanted = Slot(slot.dentist, slot.resource_no, datetime.fromisoformat(start))
        (caller,) = bench.world.callers(1)
        answer = await asyncio.wait_for(connection.ask(calls.hold(wanted, caller)), WAIT_S)
        answered = time.time() * 1000
        if answer.status == 409:
            continue
        if answer.status >= 300:
            raise RuntimeError(f"a hold was refused: {answer.status} {answer.body[:300]!r}")
        made = _made(answer)
        seen = await page.evaluate(SEEN, [start, WAIT_S * 1000])
        if seen["shown"] is None:
            raise RuntimeError(f"{start} was held and not shown as taken in {WAIT_S} s: {seen}")
        flips.append(Flip(answered - made, seen["arrived"] - made, seen["shown"] - made))
    return flips


async def _context(bench: Bench, browser: Browser) -> BrowserContext:
    return await browser.new_context(base_url=f"http://127.0.0.1:{bench.system.port}")


def _made(answer: Answer) -> float:
    """When the held appointment's transaction began, in milliseconds since 1970."""
    made: dict[str, Any] = json.loads(answer.body)
    return datetime.fromisoformat(made["created_at"]).timestamp() * 1000
