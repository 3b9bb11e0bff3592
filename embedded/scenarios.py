"""The demo's four booking scenarios. Each raises UnexpectedBehaviour if the system deviates."""

import asyncio
import random
from collections.abc import Callable
from datetime import datetime, timedelta

from rich.console import Console

from domain.booking import CancelReason
from embedded.demo_client import DemoClient, Json, at, expect
from embedded.event_waiter import EventWaiter, UnexpectedBehaviour
from embedded.welcome import DAYS_AHEAD
from embedded.welcome import TYPE as SHORT

TYPE = "checkup"
RESERVE, BOOKINGS = "/api/availability/reserve", "/api/appointments"
GRACE = 5.0
"""Seconds that an expiry may be late before its scenario fails."""


class Scenarios:
    """Run with two patients and one dentist. `watch` is called with each slot before it is used."""

    def __init__(
        self,
        patients: tuple[DemoClient, DemoClient],
        waiter: EventWaiter,
        watch: Callable[[Json], None],
        console: Console,
    ) -> None:
        self._one, self._other = patients
        self._waiter = waiter
        self._watch = watch
        self._console = console
        self._dentist: Json = {}
        self.bookings: list[tuple[str, Json]] = []
        """For the summary: the title of a scenario and its booking."""

    async def run(self) -> None:
        self._dentist = await self._dentist_with_free_slots()
        await self._hold_and_confirm()
        await self._hold_and_expire()
        await self._two_for_one_slot()
        await self._cancel()

    async def _hold_and_confirm(self) -> None:
        self._print_title("Hold, then confirm", "A slot is held for five minutes, then booked.")
        slot = await self._free_slot(TYPE)
        held = await self._held(slot, TYPE)
        self._print_note(f"held for {held['expires_in_seconds']:.0f} s")
        booked = await self._one.change("booked", "POST", f"{BOOKINGS}/{held['id']}/confirm")
        await self._waiter.wait_for("appointment.booked", held["id"])
        self.bookings.append(("confirmed", booked))

    async def _hold_and_expire(self) -> None:
        self._print_title(
            "Hold, then expire", "Nobody confirms the hold; its workflow's timer expires it."
        )
        slot = await self._free_slot(SHORT)
        held = await self._held(slot, SHORT)
        seconds = held["expires_in_seconds"]
        self._print_note(f"held for {seconds:.0f} s; waiting for it to expire …")
        over = await self._waiter.wait_for("appointment.expired", held["id"], seconds + GRACE)

        late = over.occurred_at - datetime.fromisoformat(held["hold_expires_at"])
        if late < timedelta():
            raise UnexpectedBehaviour(f"the hold expired {-late.total_seconds():.3f} s too early")
        await self._is_free(slot, SHORT)
        self._print_note(
            f"the slot is free again, {late.total_seconds() * 1000:.0f} ms after the deadline"
        )
        self.bookings.append(("expired", held))

    async def _two_for_one_slot(self) -> None:
        self._print_title("Two callers, one slot", "Both ask at the same moment; Postgres decides.")
        slot = await self._free_slot(TYPE)
        callers = (self._one, self._other)
        wanted = _wanted(slot, TYPE)
        answers = await asyncio.gather(*(each.send("POST", RESERVE, wanted) for each in callers))
        won, lost = (0, 1) if answers[0].status == 201 else (1, 0)
        held = expect(answers[won], 201, "held")
        refused = expect(answers[lost], 409, "slot_unavailable")

        await self._waiter.wait_for("appointment.held", held["id"])
        others = ", ".join(at(slot) for slot in refused["alternatives"])
        self._print_note(f"{callers[won].name} holds it; {callers[lost].name} is offered {others}")
        path = f"{RESERVE}/{held['id']}"
        released = await callers[won].change("released", "DELETE", path)
        await self._waiter.wait_for("appointment.released", held["id"])
        self.bookings.append(("won, then released", released))

    async def _cancel(self) -> None:
        self._print_title(
            "Booked at once, then cancelled",
            "The API decides and answers; the signal `cancel` informs the booking's workflow.",
        )
        slot = await self._free_slot(TYPE)
        booked = await self._one.change("booked", "POST", BOOKINGS, _wanted(slot, TYPE), 201)
        await self._waiter.wait_for("appointment.booked", booked["id"])
        path, reason = f"{BOOKINGS}/{booked['id']}/cancel", {"reason": CancelReason.PATIENT_REQUEST}
        cancelled = await self._one.change("cancelled", "POST", path, reason)
        await self._waiter.wait_for("appointment.cancelled", booked["id"])
        await self._is_free(slot, TYPE)
        self._print_note("the slot is free again")
        self.bookings.append(("cancelled by signal", cancelled))

    async def _held(self, slot: Json, appointment_type: str) -> Json:
        body = _wanted(slot, appointment_type)
        held = await self._one.change("held", "POST", RESERVE, body, 201)
        await self._waiter.wait_for("appointment.held", held["id"])
        return held

    async def _dentist_with_free_slots(self) -> Json:
        """A random dentist with enough free slots for all scenarios."""
        dentists: list[Json] = await self._one.read("/api/profiles/dentists")
        for dentist in random.sample(dentists, len(dentists)):
            if len(await self._slots(dentist, SHORT)) >= DAYS_AHEAD:
                return dentist
        raise UnexpectedBehaviour(
            f"no dentist has {DAYS_AHEAD} free slots in the next {DAYS_AHEAD} days;"
            " `chairtime dev --ephemeral` or `--reset` starts with an empty calendar"
        )

    async def _slots(self, dentist: Json, appointment_type: str) -> list[Json]:
        query = f"appointment_type={appointment_type}&days={DAYS_AHEAD}"
        slots: list[Json] = await self._one.read(f"/api/availability/{dentist['id']}/slots?{query}")
        return slots

    async def _free_slot(self, appointment_type: str) -> Json:
        """A random free slot, so that demos run side by side rarely conflict."""
        slots = await self._slots(self._dentist, appointment_type)
        slot = random.choice(slots)
        self._watch(slot)
        self._print_note(
            f"{at(slot)} with {self._dentist['full_name']}, one of {len(slots)} free slots of the "
            f"next {DAYS_AHEAD} days"
        )
        return slot

    async def _is_free(self, slot: Json, appointment_type: str) -> None:
        free = [s["starts_at"] for s in await self._slots(self._dentist, appointment_type)]
        if slot["starts_at"] not in free:
            raise UnexpectedBehaviour(f"the slot {at(slot)} should be free again, but is not")

    def _print_title(self, title: str, what: str) -> None:
        number = len(self.bookings) + 1
        self._console.print(f"\n[bold]{number}. {title}[/]\n   {what}", soft_wrap=True)

    def _print_note(self, text: str) -> None:
        self._console.print(f"     {text}", style="dim", markup=False, soft_wrap=True)


def _wanted(slot: Json, appointment_type: str) -> Json:
    return {
        "dentist_id": slot["dentist_id"],
        "starts_at": slot["starts_at"],
        "appointment_type": appointment_type,
    }
