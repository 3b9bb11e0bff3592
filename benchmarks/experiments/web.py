"""The patient's page in Chromium: what it loads, when one can use it, and how quickly a slot that
somebody else takes is shown as taken.
"""

import json
import shutil
import time
from datetime import datetime
from typing import Any

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
PAGE = "/?clinic={clinic}&type={type}&dentist={dentist}&day={day}"
FREE = "[data-at][data-state=free]"

WATCH = """() => {
  window.flips = {};
  const look = () => requestAnimationFrame(() => {
    for (const each of document.querySelectorAll('[data-at]:not([data-state=free])'))
      window.flips[each.dataset.at] ??= Date.now();
  });
  new MutationObserver(look).observe(document.body,
    {subtree: true, childList: true, attributes: true});
}"""

SEEN = """at => new Promise(resolve => {
  const look = () => window.flips[at] ? resolve(window.flips[at]) : setTimeout(look, 20);
  look();
})"""
"""When that start was first shown as not free. (Playwright's own wait needs `unsafe-eval`.)"""


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
            await _load(bench, browser, first)
            await _flip(bench, browser, flip, bench.plan.count(*FLIPS))
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
    await page.wait_for_load_state("networkidle")
    scripts = [each for each in sizes if each.url.endswith(".js")]
    sent = [(await each.request.sizes())["responseBodySize"] for each in scripts]
    row.add(script_kb=sum(sent) / 1000, ready_ms=ready)
    await context.close()


async def _flip(bench: Bench, browser: Browser, row: Row, count: int) -> None:
    context = await _context(bench, browser)
    await context.add_init_script(board.SIGN_IN % json.dumps(bench.world.patients[0].token))
    page = await context.new_page()
    waits: list[float] = []
    async with bench.connections(1) as (connection,):
        for slot in bench.world.slots(20 * count):
            waits += await _flip_day(bench, page, connection, slot, count - len(waits))
            if len(waits) >= count:
                break
    await context.close()
    row.add(p50_ms=percentile(waits, 50), p95_ms=percentile(waits, 95), flips=len(waits))


async def _flip_day(
    bench: Bench, page: Page, connection: Connection, slot: Slot, most: int
) -> list[float]:
    """Holds one time after the other of that dentist's day, each seen before the next."""
    day = slot.starts_at.astimezone(ZONE).date()
    clinic = named("clinic", (slot.resource_no - resource("dentist", 0)) // DENTISTS)
    await page.goto(PAGE.format(clinic=clinic, type=PLAIN, dentist=slot.dentist, day=day))
    await page.locator(FREE).first.wait_for()
    await page.locator("[data-live=live]").wait_for()
    await page.evaluate(WATCH)
    starts: list[str] = await page.eval_on_selector_all(FREE, "all => all.map(e => e.dataset.at)")
    waits: list[float] = []
    for start in starts[:: len(starts) // 5 or 1][:most]:  # far apart: none rules out the next
        wanted = Slot(slot.dentist, slot.resource_no, datetime.fromisoformat(start))
        (caller,) = bench.world.callers(1)
        answer = await connection.ask(calls.hold(wanted, caller))
        if answer.status >= 300:
            continue
        waits.append(await page.evaluate(SEEN, start) - _made(answer))
    return waits


async def _context(bench: Bench, browser: Browser) -> BrowserContext:
    return await browser.new_context(base_url=f"http://127.0.0.1:{bench.system.port}")


def _made(answer: Answer) -> float:
    """When the held appointment's transaction began, in milliseconds since 1970."""
    made: dict[str, Any] = json.loads(answer.body)
    return datetime.fromisoformat(made["created_at"]).timestamp() * 1000
