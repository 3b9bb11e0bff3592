"""The steps of a rehearsal, in order. Each returns its figures, or raises."""

import asyncio
import json
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from subprocess import CalledProcessError
from typing import Any

import httpx2

from tests.rehearsal import acceptance, load
from tests.rehearsal.acceptance import JUDGE
from tests.rehearsal.load import History
from tests.rehearsal.practice import Practice
from tests.rehearsal.stack import CHECKOUT, ONE_SHOT, URL, Stack

CALLERS = 6
LOADED_SECONDS = 20
DOWN_SECONDS = 4


class Failed(Exception):
    """Something that must be true is not; the message says what."""


@dataclass
class Rehearsal:
    stack: Stack
    practice: Practice
    say: Any
    """Prints a line."""

    async def acceptance(self) -> None:
        for check in acceptance.CHECKS:
            self.say(
                f"  {check.__name__.replace('_', ' ')}: {await check(self.practice, self.stack)}"
            )

    async def kill(self) -> None:
        """Kills one container of each service in turn, under load, and starts it again."""
        history = History()
        async with load.running(self.practice, history, CALLERS):
            await asyncio.sleep(5)
            for service in self._servers():
                before = sum(history.repeated.values())
                victim = self.stack.of(service)[0]
                await _thread(self.stack.engine.docker, "kill", victim.id)
                await asyncio.sleep(DOWN_SECONDS)
                await _thread(self.stack.engine.docker, "start", victim.id)
                began = time.monotonic()
                await _thread(self.stack.healthy, 120)
                healthy = time.monotonic() - began
                repeated = sum(history.repeated.values()) - before
                self.say(
                    f"  {service}: healthy {healthy:.1f} s after its start; {repeated} repeats"
                )
        await self._judge(history)

    async def roll(self) -> None:
        """Replaces worker and API by new processes under load; no request may fail."""
        before = {each.id for name in ("api", "worker") for each in self.stack.of(name)}
        history = History()
        async with load.running(self.practice, history, CALLERS):
            await asyncio.sleep(3)
            await _thread(self.stack.script, "roll.sh")
            await asyncio.sleep(3)
        after = {each.id for name in ("api", "worker") for each in self.stack.of(name)}
        if before & after or len(before) != len(after):
            raise Failed(f"replaced {len(before - after)} of {len(before)} processes")
        self.say(f"  {len(after)} processes replaced; repeats: {dict(history.repeated) or 'none'}")
        await self._judge(history)
        if history.repeated:
            raise Failed(f"requests failed during the update: {dict(history.repeated)}")

    async def restart(self) -> None:
        """Stops and removes all containers, then starts them again; everything is as before."""
        history = History()
        async with load.running(self.practice, history, CALLERS):
            await asyncio.sleep(5)
        before = self.stack.python(JUDGE, history.ended)["versions"]
        began = time.monotonic()
        await _thread(self.stack.down)
        stopped = time.monotonic() - began
        started = await _thread(self.stack.up)
        after = self.stack.python(JUDGE, history.ended)["versions"]
        if any(after.get(id, 0) < version for id, version in before.items()):
            raise Failed("bookings are missing after the restart")
        self.say(
            f"  stopped in {stopped:.1f} s, healthy in {started:.1f} s; {len(before)} bookings kept"
        )
        await self._judge(history)

    async def backup(self) -> None:
        """Dumps under load, loses what comes after, and restores."""
        with tempfile.TemporaryDirectory(prefix="chairtime-backup-") as directory:
            history, later = History(), History()
            async with load.running(self.practice, history, CALLERS):
                await asyncio.sleep(5)
            kept = dict(history.ended)
            async with load.running(self.practice, later, CALLERS):
                began = time.monotonic()
                await _thread(self.stack.script, "backup.sh", directory)
                dumped = time.monotonic() - began
            sizes = await _thread(_size, Path(directory))
            began = time.monotonic()
            await _thread(self.stack.script, "restore.sh", directory)
            await _thread(self.stack.healthy)
            restored = time.monotonic() - began
        lost = await self._judge(History(ended=kept), events=False)
        self.say(
            f"  backup {dumped:.1f} s, {sizes / 1e6:.1f} MB; restore {restored:.1f} s;"
            f" {len(kept)} bookings from before it are there, {lost} in all"
        )

    async def figures(self) -> None:
        """Hold and confirm by 8 callers, beside what `make bench` measured of the dev stack."""
        history = History()
        began = time.monotonic()
        async with load.running(self.practice, history, 8):
            await asyncio.sleep(LOADED_SECONDS)
            seconds = time.monotonic() - began
            booked = len(history.ended)
        await self._judge(history)
        mine = {
            f"{kind}_p{share}_ms": history.quantile(kind, share / 100) * 1000
            for kind in ("hold", "confirm")
            for share in (50, 99)
        } | {"per_s": booked / seconds}
        results = json.loads((CHECKOUT / "benchmarks/results/sustained.json").read_text())
        (row,) = [each for each in results["rows"] if each["what"] == "hold and confirm, 8"]
        for name, value in mine.items():
            bench = row["figures"][name]["median"]
            self.say(f"  {name}: {value:.1f} through the proxy; {bench:.1f} in make bench")

    async def _judge(self, history: History, *, events: bool = True) -> int:
        if not history.ended:
            raise Failed("no visit was booked")
        verdict = await _thread(self.stack.python, JUDGE, history.ended)
        versions = verdict.pop("versions")
        unheard = [id for id in history.ended if history.heard.get(id) != versions.get(id)]
        wrong = {
            "final refusals": dict(history.refused),
            "no answer in time": history.lost,
            "events missed": history.missed if events else [],
            "last event not heard": unheard[:5] if events else [],
            **{name: value for name, value in verdict.items() if name not in INFORMATION},
        }
        if found := {name: value for name, value in wrong.items() if value}:
            raise Failed(json.dumps(found))
        self.say(
            f"  judge: {len(history.ended)} visits, {verdict['bookings']} rows and workflows agree;"
            f" latest expiry {verdict['latest_expiry_s']} s; longest wait for an answer"
            f" {history.slowest_outage:.1f} s; repeats {dict(history.repeated) or 'none'}"
        )
        return int(verdict["bookings"])

    def _servers(self) -> list[str]:
        found = dict.fromkeys(each.service for each in self.stack.containers())
        return [name for name in found if name not in ONE_SHOT]


INFORMATION = {"bookings", "latest_expiry_s"}
STEPS = ("acceptance", "kill", "roll", "restart", "backup", "figures")


async def run(stack: Stack, secret: str, names: list[str], say: Any) -> bool:
    """Runs these steps; whether all went well."""
    limits = httpx2.Limits(max_connections=None, max_keepalive_connections=50)
    well = True
    async with httpx2.AsyncClient(
        base_url=URL, verify=stack.tls(), timeout=10, limits=limits
    ) as http:
        rehearsal = Rehearsal(stack, Practice(http, secret), say)
        await rehearsal.practice.set_up()
        for name in names:
            say(f"{name}")
            began = time.monotonic()
            try:
                await getattr(rehearsal, name)()
                say(f"{name}: ok, {time.monotonic() - began:.0f} s")
            except (Failed, AssertionError, TimeoutError, CalledProcessError) as failed:
                well = False
                say(f"{name}: FAILED: {failed!r} {getattr(failed, 'stderr', '')}")
    return well


def _size(directory: Path) -> int:
    return sum(path.stat().st_size for path in directory.iterdir())


async def _thread(function: Any, *arguments: Any) -> Any:
    return await asyncio.to_thread(function, *arguments)
