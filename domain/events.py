"""Events: the closed list of kinds, who may see which event, and cursors."""

import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from math import inf
from typing import Self, assert_never
from uuid import UUID

from domain.actors import Actor, Role

CURSOR = re.compile(r"([0-9a-z]{1,32}):([0-9]{1,18})")
MAX_TOPICS = 50
"""Maximum number of topics of one stream."""


class Topic(StrEnum):
    """What a stream follows. `topic:<entity id>` narrows a topic to one entity, and
    `appointments:<clinic id>` to the bookings of one clinic.
    """

    APPOINTMENTS = "appointments"
    """Bookings: one's own; all of them for staff. An event's entity is the appointment."""
    AVAILABILITY = "availability"
    """Slots on the board: public, without patients. An event's entity is the dentist."""
    PROFILES = "profiles"
    """Profiles: one's own; for agents and dentists also those they created; all for admins. An
    event's entity is the profile.
    """
    WEBHOOKS = "webhooks"
    """Webhook endpoints: an agent's own; all for admins. An event's entity is the endpoint."""


SLOT_FIELDS = ("starts_at", "ends_at", "from", "until")
"""Payload fields that distinguish board events of the same dentist."""

CREATOR_ROLES = frozenset({Role.AGENT, Role.DENTIST, Role.DESK})
"""Roles that may see what they created."""

OF_CLINIC = "clinic:"
"""Distinguishes a clinic's topic from a booking's, as both are named by an id."""

PRIVATE = frozenset({Topic.APPOINTMENTS, Topic.PROFILES, Topic.WEBHOOKS})
"""Topics whose events are only visible to their audience."""


class Kind(StrEnum):
    """The kinds of events. The triggers in migrations/ write these and no others."""

    HELD = "appointment.held"
    """A slot is held for a patient until `hold_expires_at`."""
    EXTENDED = "appointment.extended"
    """The hold has a later `hold_expires_at`."""
    APPROVAL_REQUESTED = "appointment.approval_requested"
    """The patient confirmed it; the clinic must approve it."""
    BOOKED = "appointment.booked"
    """It was confirmed or approved: the visit will take place."""
    RESCHEDULED = "appointment.rescheduled"
    """It moved to another time, dentist or type."""
    EDITED = "appointment.edited"
    """Another field of it changed, such as the notes."""
    CHAIR_ASSIGNED = "appointment.chair_assigned"
    """The system moved it to another chair to make room; time and status are unchanged."""
    CHECKED_IN = "appointment.checked_in"
    """The patient has arrived."""
    STARTED = "appointment.started"
    """The treatment has begun."""
    COMPLETED = "appointment.completed"
    """The treatment is over. Terminal."""
    NO_SHOW = "appointment.no_show"
    """The patient did not come. Terminal."""
    RELEASED = "appointment.released"
    """The hold was released. Terminal."""
    EXPIRED = "appointment.expired"
    """The hold reached its deadline. Terminal."""
    DECLINED = "appointment.declined"
    """The clinic declined it, or did not approve it in time. Terminal."""
    CANCELLED = "appointment.cancelled"
    """It was cancelled by the side in `cancelled_by`. Terminal."""
    REMOVED = "appointment.removed"
    """It moved to another dentist; sent to the dentist who can no longer see it."""
    LAPSED = "appointment.lapsed"
    """It was not completed within a day of its end: staff must check it."""
    SLOT_FREE = "slot.free"
    """This time of a dentist became free."""
    SLOT_HELD = "slot.held"
    """This time of a dentist is held until `held_until`."""
    SLOT_BOOKED = "slot.booked"
    """This time of a dentist is booked."""
    SCHEDULE_CHANGED = "schedule.changed"
    """The dentist's slots may have changed: reload the starts in [`from`, `until`), or all if these
    are null.
    """
    PROFILE_CREATED = "profile.created"
    """A profile was created."""
    PROFILE_CHANGED = "profile.changed"
    """A profile changed: reload it."""
    PROFILE_ERASED = "profile.erased"
    """A profile's personal data was erased."""
    WEBHOOK_DISABLED = "webhook.disabled"
    """A webhook endpoint was switched off: by its owner, or by the system for `disabled_reason`."""
    WEBHOOK_ENABLED = "webhook.enabled"
    """A webhook endpoint was switched on again."""


@dataclass(frozen=True, slots=True)
class Event:
    """One event of the log. `seq` has no gaps, and follows the order of commits per entity."""

    seq: int
    topic: str
    kind: str
    entity_id: UUID
    version: int | None
    """The appointment's version, or the schedule's where hours changed; null otherwise."""
    audience: frozenset[UUID] | None
    """Who may see it besides admins; null: everyone."""
    payload: str
    """The entity as a JSON object: ids, codes and times, no text written by a person."""
    occurred_at: datetime
    """When the change was made, before its commit."""
    sequenced_at: datetime
    clinic_id: UUID | None = None
    """Of a booking; for `removed` the clinic that it left, null if it stayed there."""
    new_clinic_id: UUID | None = None
    """Where `removed` moved it to."""

    def replacement_key(self) -> object:
        """A key of board events: a later event with the same key replaces this one. Null for events
        that must not be replaced.
        """
        if self.topic != Topic.AVAILABILITY:
            return None
        payload = json.loads(self.payload)
        return self.entity_id, *(payload.get(name) for name in SLOT_FIELDS)

    def addresses(self) -> Iterator[str]:
        """The addresses that this event is delivered to."""
        yield f"{self.topic}:{self.entity_id}"
        yield self.topic
        if self.clinic_id:
            yield clinic_topic(self.clinic_id)
        for id_ in self.audience or ():
            yield f"{self.topic}@{id_}"


def may_see(actor: Actor, event: Event, clinic_ids: frozenset[UUID] = frozenset()) -> bool:
    """Whether an actor may see an event. Admins see all; others see public events, and those with
    them in the audience in their current role (access by an earlier role is lost). `removed` events
    are only for the dentist who lost the booking, and for readers of the clinic that it left (see
    `Reader.wants`). Receptionists see the bookings of their clinics, `clinic_ids`. Where
    `depends_on_rows`, current rows decide too.
    """
    if event.audience is None:
        return True
    if event.kind == Kind.REMOVED:
        return actor.role is Role.DENTIST and actor.id in event.audience
    if actor.sees_all:
        return True
    if actor.role is Role.DESK and event.topic == Topic.APPOINTMENTS:
        return event.clinic_id in clinic_ids
    if actor.id not in event.audience:
        return False
    if event.topic == Topic.PROFILES:
        return event.entity_id == actor.id or actor.role in CREATOR_ROLES
    if event.topic == Topic.WEBHOOKS:
        return actor.role is Role.AGENT
    payload = json.loads(event.payload)
    match actor.role:
        case Role.PATIENT:
            return True  # if it is a linked patient's, the rows decide
        case Role.DENTIST:
            return bool(payload.get("dentist_id") == str(actor.id))
        case Role.AGENT | Role.DESK | Role.ADMIN | Role.CLINIC | Role.SYSTEM:
            return True
        case _:
            assert_never(actor.role)


def depends_on_rows(actor: Actor, event: Event) -> bool:
    """Whether visibility also depends on rows that change without an event: an agent's grants, a
    patient's links, and the role in which somebody created a profile.
    """
    if event.audience and actor.role is Role.PATIENT and event.topic == Topic.APPOINTMENTS:
        return bool(json.loads(event.payload).get("patient_id") != str(actor.id))
    if event.audience is None or actor.role not in CREATOR_ROLES or event.entity_id == actor.id:
        return False
    if event.topic == Topic.WEBHOOKS:
        return False
    return actor.role is Role.AGENT or event.topic == Topic.PROFILES


@dataclass(frozen=True, slots=True)
class Reader:
    """A subscriber of topics (`appointments`, `availability:<id>` …)."""

    actor: Actor
    topics: frozenset[str]
    until: float = inf
    """When its token expires, in seconds since 1970."""
    clinic_ids: frozenset[UUID] = frozenset()
    """The clinics of a receptionist."""
    source: str | None = None
    """The network address of a visitor, whose streams are counted by it; null with a token."""

    def addresses(self) -> Iterator[str]:
        """The addresses to subscribe to, so that no visible event of these topics is missed."""
        for topic in self.topics:
            if self.actor.role is Role.DESK and topic.startswith(Topic.APPOINTMENTS):
                yield from map(clinic_topic, self.clinic_ids)
                continue
            base, _, narrowed = topic.partition(":")
            private = base in PRIVATE and not self.actor.sees_all
            by_clinic = narrowed.startswith(OF_CLINIC)
            yield f"{base}@{self.actor.id}" if private and (by_clinic or not narrowed) else topic

    def wants(self, event: Event) -> bool:
        """Whether to deliver it: the reader subscribes to it, and may see it now."""
        if event.kind == Kind.REMOVED and (self.actor.sees_all or self.actor.role is Role.DESK):
            before, after = event.clinic_id, event.new_clinic_id
            return self._follows_clinic(before) and not self._follows_clinic(after)
        followed = (
            f"{event.topic}:{event.entity_id}" in self.topics
            or event.topic in self.topics
            or (event.topic == Topic.APPOINTMENTS and self._follows_clinic(event.clinic_id))
        )
        return followed and may_see(self.actor, event, self.clinic_ids)

    def _follows_clinic(self, id: UUID | None) -> bool:
        """Whether the reader sees and follows the bookings of this clinic, alone or with others."""
        if id is None or (self.actor.role is Role.DESK and id not in self.clinic_ids):
            return False
        return Topic.APPOINTMENTS in self.topics or clinic_topic(id) in self.topics


def entity_topic(topic: Topic, entity_id: UUID) -> str:
    """The topic with the events of one entity."""
    return f"{topic}:{entity_id}"


def clinic_topic(id: UUID) -> str:
    """The topic of the bookings of one clinic; callers write `appointments:<clinic id>`."""
    return f"{Topic.APPOINTMENTS}:{OF_CLINIC}{id}"


def clinics_of(topics: Iterable[str]) -> frozenset[UUID]:
    """The clinics that these topics are narrowed to."""
    prefix = f"{Topic.APPOINTMENTS}:{OF_CLINIC}"
    return frozenset(UUID(t.removeprefix(prefix)) for t in topics if t.startswith(prefix))


def are_public(names: Iterable[str]) -> bool:
    """Whether all these names are of topics whose events everybody may see; false for no name."""
    bases = {name.strip().partition(":")[0] for name in names}
    return bool(bases) and bases <= set(Topic) - PRIVATE


def parse_topics(names: Iterable[str]) -> frozenset[str]:
    """Parses topic names, at most MAX_TOPICS. ValueError names an unknown one. Topics with
    an id are `availability:<dentist id>` and `appointments:<clinic id>`.
    """
    topics = frozenset(_topic(name.strip()) for name in names)
    if not 0 < len(topics) <= MAX_TOPICS:
        raise ValueError(f"must name between 1 and {MAX_TOPICS} topics")
    return topics


def _topic(name: str) -> str:
    topic, narrowed, id_ = name.partition(":")
    if topic in set(Topic) and not narrowed:
        return topic
    try:
        id = UUID(id_)
    except ValueError:
        raise ValueError(f"unknown topic {name!r}") from None
    if topic == Topic.APPOINTMENTS:
        return clinic_topic(id)
    if topic == Topic.AVAILABILITY:
        return entity_topic(Topic.AVAILABILITY, id)
    raise ValueError(f"unknown topic {name!r}")


@dataclass(frozen=True, slots=True)
class Cursor:
    """A position in the log, after event `seq`. Each epoch has its own sequence numbers."""

    epoch: str
    seq: int

    def __str__(self) -> str:
        """`epoch:seq`: the `id` of a stream's frames and the `Event-Cursor` of a list."""
        return f"{self.epoch}:{self.seq}"

    @classmethod
    def parse(cls, text: str) -> Self | None:
        """The cursor that `str()` wrote; null for any other text."""
        found = CURSOR.fullmatch(text)
        return cls(found[1], int(found[2])) if found else None
