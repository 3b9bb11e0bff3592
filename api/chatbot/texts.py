"""The sentences that a bot says, in English and German."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from api.chatbot.spoken import Language, clock, duration, moment, plain, quoted
from db.conversations import BookingNames
from domain.booking import Status

NEXT_STEPS: Mapping[Status, str] = {
    Status.HELD: "Read read_back to the person and ask whether to book it. If they agree, call"
    " confirm_booking with booking_id, hold_token and read_back_hash before expires_at; if not,"
    " call cancel_booking.",
    Status.PENDING_APPROVAL: "The clinic must approve it. Call get_booking to see whether it has.",
    Status.BOOKED: "It is booked. To change it, call reschedule_booking or cancel_booking.",
    Status.EXPIRED: "Call find_slots, offer another time, and call hold_slot again.",
    Status.RELEASED: "Call find_slots to offer another time.",
    Status.DECLINED: "Call find_slots to offer another time.",
    Status.CANCELLED: "It is cancelled. Call find_slots if the person wants another time.",
    Status.CHECKED_IN: "Nothing to do: the patient has arrived.",
    Status.IN_TREATMENT: "Nothing to do: the treatment has begun.",
    Status.COMPLETED: "Nothing to do: the visit is over.",
    Status.NO_SHOW: "Call find_slots if the person wants another time.",
}
"""What the model should do next, by the status of the booking."""

STATUS: Mapping[Language, Mapping[Status, str]] = {
    "en": {
        Status.HELD: "The time on {when} with {dentist} is held until {deadline}.",
        Status.PENDING_APPROVAL: "Your request for {when} with {dentist} is with the clinic, which"
        " will approve or decline it.",
        Status.BOOKED: "Your appointment on {when} with {dentist} is booked.",
        Status.EXPIRED: "The held time on {when} has expired and is free again.",
        Status.RELEASED: "The held time on {when} was given back.",
        Status.DECLINED: "The clinic did not approve the request for {when}.",
        Status.CANCELLED: "The appointment on {when} is cancelled.",
        Status.CHECKED_IN: "You are checked in for {when}.",
        Status.IN_TREATMENT: "The visit of {when} is in progress.",
        Status.COMPLETED: "The visit of {when} is over.",
        Status.NO_SHOW: "The visit of {when} was missed.",
    },
    "de": {
        Status.HELD: "Der Termin am {when} bei {dentist} ist bis {deadline} reserviert.",
        Status.PENDING_APPROVAL: "Ihre Anfrage für {when} bei {dentist} liegt der Praxis vor, die"
        " sie annimmt oder ablehnt.",
        Status.BOOKED: "Ihr Termin am {when} bei {dentist} ist gebucht.",
        Status.EXPIRED: "Die Reservierung für {when} ist abgelaufen, der Termin ist wieder frei.",
        Status.RELEASED: "Die Reservierung für {when} wurde zurückgegeben.",
        Status.DECLINED: "Die Praxis hat die Anfrage für {when} nicht angenommen.",
        Status.CANCELLED: "Der Termin am {when} ist abgesagt.",
        Status.CHECKED_IN: "Sie sind für {when} angemeldet.",
        Status.IN_TREATMENT: "Der Besuch vom {when} läuft gerade.",
        Status.COMPLETED: "Der Besuch vom {when} ist abgeschlossen.",
        Status.NO_SHOW: "Der Termin am {when} wurde versäumt.",
    },
}

READ_BACK: Mapping[Language, str] = {
    "en": "{treatment} for {patient} with {dentist} at {clinic}, on {when}, {duration}.",
    "de": "{treatment} für {patient} bei {dentist}, {clinic}, am {when}, {duration}.",
}
TERMS: Mapping[Language, str] = {
    "en": "You can cancel or move it until {until}.",
    "de": "Sie können bis {until} absagen oder verschieben.",
}
APPROVAL: Mapping[Language, str] = {
    "en": "The clinic must approve it first.",
    "de": "Die Praxis muss den Termin noch bestätigen.",
}

OFFER: Mapping[Language, str] = {"en": "{when} with {dentist}", "de": "{when} bei {dentist}"}
FOUND: Mapping[Language, tuple[str, str, str]] = {
    "en": (
        "I found no free time for that.",
        "I found one free time: {first}.",
        "Here are {count} free times, such as {first}.",
    ),
    "de": (
        "Dafür habe ich keinen freien Termin gefunden.",
        "Ich habe einen freien Termin gefunden: {first}.",
        "Hier sind {count} freie Termine, zum Beispiel {first}.",
    ),
}
NEXT_FREE: Mapping[Language, str] = {
    "en": "The next free time is {first}.",
    "de": "Der nächste freie Termin ist am {first}.",
}

REFUSALS: Mapping[Language, Mapping[str, str]] = {
    "en": {
        "slot_unavailable": "That time has just been taken.",
        "yours": "That time is already held or booked for you.",
        "slot_not_offered": "The clinic does not offer that time.",
        "not_online": "Only the clinic itself books this treatment; please call the clinic.",
        "patient_overlap": "There is already another appointment at that time.",
        "hold_expired": "The held time has expired and is free again.",
        "too_late_to_cancel": "It is too late to change this appointment here; please call the"
        " clinic.",
        "hold_quota": "There are too many held times; please confirm or give back one first.",
        "booking_quota": "There are already as many appointments as the clinic allows at a time;"
        " please cancel one first, or call the clinic.",
        "conversation_quota": "There are too many held times; please confirm or give back one"
        " first.",
        "agent_quota": "I cannot hold more times at the moment; please try again in some minutes.",
        "dentist_day_quota": "Many times of that day are held at the moment; please choose another"
        " day or dentist.",
        "hold_cooldown": "That time was held and given back repeatedly; please choose another one.",
        "invalid_transition": "That is no longer possible for this appointment.",
        "version_conflict": "The appointment has just changed; let me look again.",
        "read_back_changed": "The details have changed; let me read them to you again.",
        "not_found": "I cannot find this appointment.",
        "unknown_dentist": "I know no dentist by that name.",
        "ambiguous_dentist": "Which dentist do you mean: {candidates}?",
        "forbidden": "I am not allowed to do that.",
        "unavailable": "Booking does not work at the moment; please try again shortly.",
        "rate_limited": "That was a lot at once; please try again shortly.",
        "validation_failed": "I did not get that right; let me try again.",
    },
    "de": {
        "slot_unavailable": "Dieser Termin ist gerade vergeben worden.",
        "yours": "Diese Zeit ist für Sie schon reserviert oder gebucht.",
        "slot_not_offered": "Die Praxis bietet diesen Termin nicht an.",
        "not_online": "Diese Behandlung vergibt nur die Praxis selbst; bitte rufen Sie dort an.",
        "patient_overlap": "Zu dieser Zeit gibt es schon einen anderen Termin.",
        "hold_expired": "Die Reservierung ist abgelaufen, der Termin ist wieder frei.",
        "too_late_to_cancel": "Dieser Termin lässt sich hier nicht mehr ändern; bitte rufen Sie die"
        " Praxis an.",
        "hold_quota": "Es sind zu viele Termine reserviert; bitte bestätigen Sie einen, oder geben"
        " Sie einen zurück.",
        "booking_quota": "Es gibt schon so viele Termine, wie die Praxis gleichzeitig zulässt;"
        " bitte sagen Sie zuerst einen ab, oder rufen Sie die Praxis an.",
        "conversation_quota": "Es sind zu viele Termine reserviert; bitte bestätigen Sie einen,"
        " oder geben Sie einen zurück.",
        "agent_quota": "Ich kann gerade keine weiteren Termine reservieren; bitte versuchen Sie es"
        " in einigen Minuten noch einmal.",
        "dentist_day_quota": "An diesem Tag sind gerade viele Termine reserviert; bitte wählen Sie"
        " einen anderen Tag oder jemand anderen in der Praxis.",
        "hold_cooldown": "Dieser Termin wurde mehrmals reserviert und zurückgegeben; bitte wählen"
        " Sie einen anderen.",
        "invalid_transition": "Das ist bei diesem Termin nicht mehr möglich.",
        "version_conflict": "Der Termin hat sich gerade geändert; ich sehe noch einmal nach.",
        "read_back_changed": "Die Angaben haben sich geändert; ich lese sie Ihnen noch einmal vor.",
        "not_found": "Ich finde diesen Termin nicht.",
        "unknown_dentist": "Ich kenne niemanden mit diesem Namen in der Praxis.",
        "ambiguous_dentist": "Wen meinen Sie: {candidates}?",
        "forbidden": "Das darf ich nicht tun.",
        "unavailable": "Die Buchung geht gerade nicht; bitte versuchen Sie es gleich noch einmal.",
        "rate_limited": "Das war zu viel auf einmal; bitte versuchen Sie es gleich noch einmal.",
        "validation_failed": "Das habe ich nicht richtig verstanden; ich versuche es noch einmal.",
    },
}
OFFERS: Mapping[Language, str] = {
    "en": "Free instead: {offers}.",
    "de": "Stattdessen frei: {offers}.",
}
OR: Mapping[Language, str] = {"en": " or ", "de": " oder "}


def offer(language: Language, starts_at: datetime, dentist: str) -> str:
    return OFFER[language].format(when=moment(starts_at, language), dentist=plain(dentist))


def found(language: Language, offers: list[str]) -> str:
    """How many free times are offered, and one of them."""
    none, one, many = FOUND[language]
    if not offers:
        return none
    return (one if len(offers) == 1 else many).format(count=len(offers), first=offers[0])


def next_free(language: Language, offer: str) -> str:
    return NEXT_FREE[language].format(first=offer)


def status(
    language: Language,
    status: Status,
    names: BookingNames,
    starts_at: datetime,
    deadline: datetime | None,
) -> str:
    """`deadline`: of the hold, in the same zone."""
    return STATUS[language][status].format(
        when=moment(starts_at, language),
        dentist=plain(names.dentist),
        deadline=clock(deadline, language) if deadline else "",
    )


def read_back(
    language: Language,
    names: BookingNames,
    starts_at: datetime,
    lasts: timedelta,
    cancel_until: datetime | None,
) -> str:
    """What the person agrees to: what, who, where, when, and the terms."""
    parts = [
        READ_BACK[language].format(
            treatment=plain(names.treatment),
            patient=quoted(names.patient, language),
            dentist=plain(names.dentist),
            clinic=plain(names.clinic),
            when=moment(starts_at, language),
            duration=duration(lasts, language),
        )
    ]
    if names.needs_approval:
        parts.append(APPROVAL[language])
    if cancel_until:
        parts.append(TERMS[language].format(until=moment(cancel_until, language)))
    return " ".join(parts)


def refusal(language: Language, code: str, offers: list[str], **facts: Any) -> str:
    """What to say about a refusal, with up to three times that are free instead."""
    known = REFUSALS[language]
    sentence = known.get(code, known["validation_failed"]).format(**facts)
    return f"{sentence} {instead(language, offers)}".rstrip()


def instead(language: Language, offers: list[str]) -> str:
    """Which times are free instead; empty if none is."""
    if not offers:
        return ""
    return OFFERS[language].format(offers=OR[language].join(offers))


def either(language: Language, names: list[str]) -> str:
    """`A, B or C`."""
    *before, last = [plain(name) for name in names]
    return OR[language].join([", ".join(before), last]) if before else last
