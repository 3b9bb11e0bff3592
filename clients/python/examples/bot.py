"""A bot that holds a time, reads it back, and books it when the person agrees. If the hold expires
first, it hears of that by the event stream and offers another time.

CHAIRTIME_URL=… CHAIRTIME_TOKEN=… .venv/bin/python clients/python/examples/bot.py PATIENT_ID checkup
"""

import asyncio
import os
import sys
from contextlib import aclosing
from typing import Any
from uuid import uuid4

from chairtime_client import Conversation, Event, Snapshot, SupabaseToken, Token, booking_events

URL = os.environ["CHAIRTIME_URL"]


def agents_token() -> Token:
    """Development: of the local issuer. Production: of a Supabase user whose role is agent."""
    names = "SUPABASE_URL", "SUPABASE_KEY", "AGENT_EMAIL", "AGENT_PASSWORD"
    given = os.environ.get("CHAIRTIME_TOKEN")
    return given or SupabaseToken(*(os.environ[name] for name in names))


async def hold(bot: Conversation, patient: str, treatment: str, tried: set[str]) -> dict[str, Any]:
    """Holds a time that was not tried before: one that is found, or that a refusal offers."""
    offers: list[dict[str, Any]] = []
    while True:
        found = offers or (await bot.tool("find_slots", appointment_type=treatment))["slots"]
        new = [each for each in found if each["starts_at"] not in tried]
        if not new:
            sys.exit("Bot: I found no free time.")
        tried.add(new[0]["starts_at"])
        slot = {name: new[0][name] for name in ("dentist_id", "starts_at", "appointment_type")}
        held = await bot.tool("hold_slot", **slot, patient_id=patient)
        if held["ok"]:
            return held
        print("Bot:", held["say"], flush=True)
        offers = held["alternatives"]


async def expired(token: Token, booking_id: str) -> None:
    """Returns when the hold has expired."""
    async with aclosing(booking_events(URL, token, booking_id)) as items:
        async for item in items:
            match item:
                case Event(kind="appointment.expired") | Snapshot(booking={"status": "expired"}):
                    return


async def main(patient: str, treatment: str) -> None:
    token, tried = agents_token(), set[str]()
    answer: asyncio.Task[str] | None = None
    async with Conversation(URL, token, str(uuid4()), language="en") as bot:
        while not answer or not answer.done():
            held = await hold(bot, patient, treatment, tried)
            print("Bot:", held["read_back"], "Shall I book it?", flush=True)
            expiry = asyncio.create_task(expired(token, held["booking_id"]))
            answer = answer or asyncio.create_task(asyncio.to_thread(sys.stdin.readline))
            await asyncio.wait({expiry, answer}, return_when=asyncio.FIRST_COMPLETED)
            if not answer.done():
                print("Bot: The held time has expired. I look for another.", flush=True)
        proof = {name: held[name] for name in ("booking_id", "hold_token")}
        if answer.result().strip().lower() == "yes":
            proof["read_back_hash"] = held["read_back_hash"]
            done = await bot.tool("confirm_booking", **proof)
        else:
            done = await bot.tool("cancel_booking", **proof)
        print("Bot:", done["say"], flush=True)
        expiry.cancel()


asyncio.run(main(*sys.argv[1:]))
