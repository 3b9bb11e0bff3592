"""The arguments of each verb. The descriptions are written for a language model, and are part of
what the doors publish. A null counts as an absent argument, as strict schemas send all of them.
"""

from enum import StrEnum
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, StrictBool, StringConstraints, model_validator

from api.http.texts import Line, Note
from api.http.values import Day, Instant, Number, Slug, ZoneName
from domain.appointments import AgreedBy
from domain.booking import CancelReason
from domain.part_of_day import PartOfDay

LONGEST_WAIT = 25
"""Seconds that `get_booking` waits at most; many proxies cut a request after 30."""

MOST_DAYS = 31

ConversationId = Annotated[
    Annotated[Line, StringConstraints(min_length=1, max_length=128)],
    Field(
        description="An id of this conversation that you choose once and send with each call, for"
        " example a session id. Repeating a call with the same id is safe."
    ),
]
BookingId = Annotated[UUID, Field(description="The booking_id that hold_slot answered with.")]
Token = Annotated[
    Annotated[Line, StringConstraints(min_length=1, max_length=64)],
    Field(description="The hold_token that hold_slot answered with."),
]
Type = Annotated[
    Slug,
    Field(description="The code of the treatment, for example checkup, cleaning or filling."),
]


class Weekday(StrEnum):
    MONDAY = "monday"
    TUESDAY = "tuesday"
    WEDNESDAY = "wednesday"
    THURSDAY = "thursday"
    FRIDAY = "friday"
    SATURDAY = "saturday"
    SUNDAY = "sunday"


class Arguments(BaseModel):
    """What all verbs take."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    conversation_id: ConversationId | None = None
    language: Annotated[
        Literal["en", "de"] | None,
        Field(
            description="The language the person speaks: en or de. Default: that of the patient's"
            " profile, else English."
        ),
    ] = None
    time_zone: Annotated[
        ZoneName | None,
        Field(
            description="The person's time zone as an IANA name, for example Europe/Berlin."
            " Default: the clinic's."
        ),
    ] = None

    @model_validator(mode="before")
    @classmethod
    def _without_nulls(cls, given: Any) -> Any:
        if not isinstance(given, dict):
            return given
        return {name: value for name, value in given.items() if value is not None}


class FindSlots(Arguments):
    """Find free appointment times. Answers with at most ten, spread over days and dentists, each
    with a sentence to say.
    """

    appointment_type: Type
    dentist: Annotated[
        Annotated[Line, StringConstraints(min_length=1, max_length=200)] | None,
        Field(
            description="The dentist as the person says it, for example 'Dr. Fischer', or a"
            " dentist_id. Leave it out for any dentist."
        ),
    ] = None
    date: Annotated[
        Day | None, Field(description="The first day, as 2027-03-08. Default: today.")
    ] = None
    days: Annotated[
        Annotated[int, Field(ge=1, le=MOST_DAYS), Number] | None,
        Field(description="How many days to search, from date on. Default: 14; with date: 1."),
    ] = None
    not_before: Annotated[
        Annotated[str, StringConstraints(min_length=1, max_length=40)] | None,
        Field(
            description="The earliest start: a time of day (10:30), a date (2027-03-08), or a date"
            " and time (2027-03-08T10:30:00+01:00; without offset in the person's time zone)."
        ),
    ] = None
    not_after: Annotated[
        Annotated[str, StringConstraints(min_length=1, max_length=40)] | None,
        Field(description="The latest start, written like not_before. A date includes its day."),
    ] = None
    part_of_day: Annotated[
        PartOfDay | None,
        Field(
            description="When the visit starts, in the person's time zone. morning: before 12:00;"
            " afternoon: 12:00 to 17:00; evening: later."
        ),
    ] = None
    weekdays: Annotated[
        Annotated[list[Weekday], Field(min_length=1, max_length=7)] | None,
        Field(description="Only these weekdays. Default: all."),
    ] = None
    earliest: Annotated[
        StrictBool | None,
        Field(
            description="true if the person wants the earliest time: the first free times in order,"
            " not spread over days."
        ),
    ] = None


class HoldSlot(Arguments):
    """Hold one of the times that find_slots offered, for some minutes, while the person decides.
    The answer has read_back, the text to read to the person; expires_at; and hold_token and
    read_back_hash, which confirm_booking needs. Calling it again for the same time is safe.
    """

    conversation_id: ConversationId
    dentist_id: Annotated[UUID, Field(description="The dentist_id of the slot.")]
    starts_at: Annotated[Instant, Field(description="The starts_at of the slot, unchanged.")]
    appointment_type: Type
    patient_id: Annotated[
        UUID | None,
        Field(
            description="The patient to book for. Leave it out if the person is signed in as the"
            " patient."
        ),
    ] = None
    notes: Annotated[
        Note, Field(description="What the person wants to tell the clinic, in their words.")
    ] = None


class ConfirmBooking(Arguments):
    """Book a held time. Call it only after you have read read_back to the person and they agreed,
    and before expires_at.
    """

    booking_id: BookingId
    hold_token: Token
    read_back_hash: Annotated[
        Annotated[Line, StringConstraints(min_length=1, max_length=64)],
        Field(description="The read_back_hash that came with the text you read to the person."),
    ]
    agreed_by: Annotated[
        AgreedBy | None,
        Field(description="Who agreed: patient (default), guardian or representative."),
    ] = None


class CancelBooking(Arguments):
    """Cancel a booking, or give back a hold. Ask the person first."""

    booking_id: BookingId
    hold_token: Annotated[
        Token | None,
        Field(
            description="The hold_token that hold_slot answered with. Needed while the booking is"
            " held, and always for an agent."
        ),
    ] = None
    reason: Annotated[
        CancelReason | None, Field(description="Why, as a code, if the person says so.")
    ] = None


class RescheduleBooking(Arguments):
    """Move a confirmed booking to another time, and optionally to another dentist or treatment.
    Find the new time with find_slots first. If it fails, the booking stays as it is.
    """

    booking_id: BookingId
    starts_at: Annotated[Instant, Field(description="The starts_at of the new slot.")]
    dentist_id: Annotated[
        UUID | None, Field(description="The dentist_id of the new slot, if it changes.")
    ] = None
    appointment_type: Annotated[
        Slug | None, Field(description="The new treatment's code, if it changes.")
    ] = None
    hold_token: Annotated[
        Token | None,
        Field(
            description="The hold_token that hold_slot answered with. Always needed by an agent."
        ),
    ] = None


class GetBooking(Arguments):
    """Look up a booking: whether it is still held, booked or has expired, and for how long. With
    wait_seconds it answers as soon as something changes.
    """

    booking_id: BookingId
    wait_seconds: Annotated[
        Annotated[int, Field(ge=0, le=LONGEST_WAIT), Number] | None,
        Field(description="Wait up to this many seconds for a change. Default: 0."),
    ] = None
    known_version: Annotated[
        Annotated[int, Field(ge=1, le=2**31 - 1), Number] | None,
        Field(
            description="The version that you know. With wait_seconds: answer at once if the"
            " booking has another version already."
        ),
    ] = None
