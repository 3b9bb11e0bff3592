"""One call of a verb: who calls, in which language and zone the answer is spoken."""

from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from api.chatbot.models import Arguments
from api.chatbot.spoken import LANGUAGES, ForeignZone, Language
from api.http.context import actor_id
from api.state import AppState
from db import conversations
from db.pool import use
from domain.actors import VISITOR, Actor, Role


@dataclass(frozen=True, slots=True)
class Conversation:
    state: AppState
    caller: Actor
    language: Language
    zone: ZoneInfo | None = None
    """Null: the clinic's."""

    def zone_at(self, time_zone: str) -> ZoneInfo:
        """The zone in which times are spoken; `time_zone`: the clinic's."""
        if self.zone is None or self.zone.key == time_zone:
            return ZoneInfo(time_zone)
        return ForeignZone(self.zone.key)

    def local(self, at: datetime, time_zone: str) -> datetime:
        """The instant in the person's zone; `time_zone`: the clinic's."""
        return at.astimezone(self.zone_at(time_zone))


async def opened(state: AppState, caller: Actor, arguments: Arguments) -> Conversation:
    """Speaks the language asked for, else that of the patient's or the caller's profile, else
    English.
    """
    zone = ZoneInfo(arguments.time_zone) if arguments.time_zone else None
    if arguments.language or caller == VISITOR:
        return Conversation(state, caller, arguments.language or "en", zone)
    async with use(state.pool) as connection:
        locale = await conversations.locale(
            connection,
            actor_id(caller),
            of_agent=caller.role is Role.AGENT,
            patient_id=getattr(arguments, "patient_id", None),
            booking_id=getattr(arguments, "booking_id", None),
        )
    return Conversation(state, caller, spoken_language(locale), zone)


def spoken_language(locale: str | None) -> Language:
    """The language of a tag such as de-AT, if we speak it; else English."""
    base = (locale or "").partition("-")[0].lower()
    return next((each for each in LANGUAGES if each == base), "en")
