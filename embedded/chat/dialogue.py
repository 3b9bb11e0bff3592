"""The scripted demo bot: what it answers to a sentence, and what it does meanwhile."""

from collections.abc import Awaitable, Callable, Mapping
from datetime import date
from typing import Any

from embedded.chat.understanding import Language, Understood, sentences, understood

Tool = Callable[..., Awaitable[dict[str, Any]]]
"""Runs a verb of a conversation, as `Conversation.tool` does."""

OFFERED = 3
"""Times that are offered at once."""

OF_SLOT = ("dentist_id", "starts_at", "appointment_type")


class Dialogue:
    """`hear` and `expired` do what follows, and return what the bot says, line by line."""

    def __init__(self, tool: Tool, language: Language, patient: Mapping[str, str]) -> None:
        """`patient`: the arguments of `hold_slot` that say for whom; empty for one's own token."""
        self._tool, self._language, self._patient = tool, language, patient
        self._says: Mapping[str, str] = sentences(language)["says"]
        self._wishes: dict[str, Any] = {}
        self._offers: list[dict[str, Any]] = []
        self._moving = False
        self.hold: dict[str, Any] | None = None
        self.booking: dict[str, Any] | None = None
        self.over = False

    def greeting(self) -> list[str]:
        return [self._says["greeting"]]

    async def hear(self, text: str, today: date) -> list[str]:
        meant = understood(text, self._language, today)
        match meant.intent:
            case "stop":
                self.over = True
                return [*await self._give_back(), self._says["bye"]]
            case "help":
                return [self._says["help"]]
        if self.hold:
            return await self._of_hold(self.hold, meant)
        return await self._of_search(meant)

    async def expired(self) -> list[str]:
        """The held time has run out: offers anew."""
        self.hold = None
        return [self._says["expired"], *await self._search()]

    async def _of_hold(self, hold: dict[str, Any], meant: Understood) -> list[str]:
        """The person was asked whether to book what is held."""
        if meant.intent == "yes":
            names = ("booking_id", "hold_token", "read_back_hash")
            answer = await self._tool("confirm_booking", **{name: hold[name] for name in names})
            self.hold = None
            if answer["ok"]:
                self.booking = answer | {"hold_token": hold["hold_token"]}
                return [answer["say"]]
            return self._instead(answer)
        if meant.intent is None and not meant.wishes:
            return [self._says["unclear"], self._says["book"]]
        given_back = await self._give_back()
        if meant.intent in ("no", "cancel"):
            return [*given_back, self._says["other"]]
        return [*given_back, *await self._of_search(meant)]

    async def _of_search(self, meant: Understood) -> list[str]:
        if meant.intent in ("cancel", "move") and not self.booking:
            return [self._says["none"]]
        if meant.intent == "cancel" and self.booking:
            return await self._cancel(self.booking)
        if meant.intent == "move":
            self._moving = True
        chosen = meant.choice or (1 if meant.intent == "yes" else None)
        if chosen and not meant.wishes and chosen <= len(self._offers):
            return await self._take(self._offers[chosen - 1])
        if meant.intent == "no":
            return [self._says["other"]]
        if not meant.wishes and meant.intent not in ("later", "move"):
            return [self._says["unclear"]]
        self._wishes |= {"not_before": None, "earliest": None} | dict(meant.wishes or {})
        if meant.intent == "later" and self._offers:
            self._wishes["not_before"] = self._offers[-1]["starts_at"]
        return await self._search()

    async def _search(self) -> list[str]:
        if "appointment_type" not in self._wishes:
            return [self._says["treatment"]]
        asked = {name: each for name, each in self._wishes.items() if each is not None}
        answer = await self._tool("find_slots", **asked)
        if not answer["ok"]:
            return [answer["say"]]
        after = [each for each in answer["slots"] if each["starts_at"] != asked.get("not_before")]
        next_available = answer.get("next_available")
        return self._offer(after or ([next_available] if next_available else []), answer["say"])

    def _offer(self, offers: list[dict[str, Any]], said: str) -> list[str]:
        self._offers = offers[:OFFERED]
        lines = [f"{n}. {each['say']}" for n, each in enumerate(self._offers, 1)]
        return [said, *lines, self._says["choose" if lines else "other"]]

    async def _take(self, offer: dict[str, Any]) -> list[str]:
        slot = {name: offer[name] for name in OF_SLOT}
        if self._moving and self.booking:
            proof = {name: self.booking[name] for name in ("booking_id", "hold_token")}
            answer = await self._tool("reschedule_booking", **proof, **slot)
            if answer["ok"]:
                self._moving, self._offers = False, []
                self.booking |= answer
                return [answer["say"]]
            return self._instead(answer)
        answer = await self._tool("hold_slot", **slot, **self._patient)
        if not answer["ok"]:
            return self._instead(answer)
        self.hold = answer
        return [answer["say"], answer["read_back"], self._says["book"]]

    def _instead(self, refusal: dict[str, Any]) -> list[str]:
        return self._offer(refusal["alternatives"], refusal["say"])

    async def _cancel(self, booking: dict[str, Any]) -> list[str]:
        proof = {name: booking[name] for name in ("booking_id", "hold_token")}
        answer = await self._tool("cancel_booking", **proof)
        if answer["ok"]:
            self.booking, self._moving = None, False
        return [answer["say"]]

    async def _give_back(self) -> list[str]:
        """Releases what is held, if anything is."""
        if not self.hold:
            return []
        proof = {name: self.hold[name] for name in ("booking_id", "hold_token")}
        self.hold = None
        return [(await self._tool("cancel_booking", **proof))["say"]]
