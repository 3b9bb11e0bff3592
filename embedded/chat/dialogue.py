"""The scripted demo bot: what it answers to a sentence, and what it does meanwhile."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import date
from typing import Any, Literal

from embedded.chat.understanding import Language, Understood, sentences, understood

Tool = Callable[..., Awaitable[dict[str, Any]]]
"""Runs a verb of a conversation, as `Conversation.tool` does."""

Bookings = Callable[[], Awaitable[Sequence[str]]]
"""The ids of the person's bookings that are ahead, the soonest first."""

Aim = Literal["cancel", "move"]

OFFERED = 3
"""Times or bookings that are offered at once."""

OF_SLOT = ("dentist_id", "starts_at", "appointment_type")
OF_BOOKING = ("booking_id", "hold_token")


class Dialogue:
    """`hear` and `expired` do what follows, and return what the bot says, line by line."""

    def __init__(
        self, tool: Tool, bookings: Bookings, language: Language, patient: Mapping[str, str]
    ) -> None:
        """`patient`: the arguments of `hold_slot` that say for whom; empty for one's own token."""
        self._tool, self._bookings = tool, bookings
        self._language, self._patient = language, patient
        self._says: Mapping[str, str] = sentences(language)["says"]
        self._wishes: dict[str, Any] = {}
        self._offers: list[dict[str, Any]] = []
        self._rejected = False
        """Whether the person said no to them: one may still be chosen, but not by a plain “yes”."""
        self._asked: tuple[Aim, list[dict[str, Any]]] | None = None
        """The bookings of which one is to be chosen, and for what."""
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
            case "hello" if not meant.wishes:
                return self.greeting()
            case "list":
                return [each["say"] for each in await self._ahead()] or [self._says["none"]]
        if self.hold:
            return await self._of_hold(self.hold, meant)
        asked, self._asked = self._asked, None
        if asked and (answered := await self._of_asked(*asked, meant)):
            return answered
        match meant.intent:
            case "cancel" | "move" as aim:
                return await self._of_booking(aim, meant)
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
                self.booking, self._offers = answer | {"hold_token": hold["hold_token"]}, []
                return [answer["say"]]
            return self._instead(answer)
        if meant.intent is None and not meant.wishes:
            return [self._says["unclear"], self._says["book"]]
        given_back = await self._give_back()
        if meant.intent in ("no", "cancel", "move") and not (meant.wishes or meant.choice):
            return [*given_back, *self._none_of_these()]
        return [*given_back, *await self._of_search(meant)]

    async def _of_booking(self, aim: Aim, meant: Understood) -> list[str]:
        """The person wants to cancel or move the booking of this conversation, else another one."""
        if self.booking:
            return await self._act(aim, self.booking, meant)
        ahead = await self._ahead()
        if not ahead:
            return [self._says["none"]]
        if len(ahead) == 1 and aim == "move":
            return [ahead[0]["say"], *await self._act(aim, ahead[0], meant)]
        self._asked = aim, ahead
        if len(ahead) == 1:
            return [ahead[0]["say"], self._says["cancel"]]
        lines = [f"{n}. {each['say']}" for n, each in enumerate(ahead, 1)]
        return [*lines, self._says["choose"]]

    async def _ahead(self) -> list[dict[str, Any]]:
        found = [await self._tool("get_booking", booking_id=id) for id in await self._bookings()]
        return [each for each in found if each["ok"]][:OFFERED]

    async def _of_asked(
        self, aim: Aim, bookings: list[dict[str, Any]], meant: Understood
    ) -> list[str] | None:
        """The person was asked which booking, or whether this one; null for another answer."""
        if meant.intent == "no":
            return [self._says["kept"]]
        chosen = meant.choice or (1 if meant.intent == "yes" and len(bookings) == 1 else None)
        if chosen and chosen <= len(bookings):
            return await self._act(aim, bookings[chosen - 1], meant)
        return None

    async def _act(self, aim: Aim, booking: dict[str, Any], meant: Understood) -> list[str]:
        if aim == "cancel":
            return await self._cancel(booking)
        self.booking, self._moving, self._offers = booking, True, []
        slot = booking["slot"]
        self._wishes = {
            "appointment_type": slot["appointment_type"],
            "dentist": slot["dentist_id"],
        }
        return await self._of_search(meant) if meant.wishes else [self._says["other"]]

    async def _of_search(self, meant: Understood) -> list[str]:
        wishes = dict(meant.wishes or {})
        agreed = meant.intent == "yes" and not self._rejected
        chosen = meant.choice or (1 if agreed else None)
        if chosen and not wishes and chosen <= len(self._offers):
            return await self._take(self._offers[chosen - 1])
        if meant.intent == "no" and not wishes:
            self._moving = False
            return self._none_of_these()
        if not wishes and meant.intent != "later":
            return [self._says["unclear"]]
        if "appointment_type" in wishes and meant.intent != "move":
            self._moving = False
        self._wishes |= {"not_before": None, "earliest": None} | wishes
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
        self._offers, self._rejected = offers[:OFFERED], False
        lines = [f"{n}. {each['say']}" for n, each in enumerate(self._offers, 1)]
        return [said, *lines, self._says["choose" if lines else "other"]]

    async def _take(self, offer: dict[str, Any]) -> list[str]:
        slot = {name: offer[name] for name in OF_SLOT}
        if self._moving and self.booking:
            answer = await self._tool("reschedule_booking", **_named(self.booking), **slot)
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

    def _none_of_these(self) -> list[str]:
        self._rejected = True
        return [self._says["other"]]

    def _instead(self, refusal: dict[str, Any]) -> list[str]:
        if refusal["alternatives"]:
            return self._offer(refusal["alternatives"], refusal["say"])
        self._offers = []
        return [refusal["say"]]

    async def _cancel(self, booking: dict[str, Any]) -> list[str]:
        answer = await self._tool("cancel_booking", **_named(booking))
        if answer["ok"]:
            self.booking, self._moving = None, False
        return [answer["say"]]

    async def _give_back(self) -> list[str]:
        """Releases what is held, if anything is."""
        if not self.hold:
            return []
        named, self.hold = _named(self.hold), None
        return [(await self._tool("cancel_booking", **named))["say"]]


def _named(booking: dict[str, Any]) -> dict[str, Any]:
    """Its id, with its hold token if this conversation made it."""
    return {name: booking[name] for name in OF_BOOKING if name in booking}
