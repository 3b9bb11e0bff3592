"""The terms that a booking keeps, whatever becomes of its appointment type."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from domain.appointments import Appointment
from domain.clinic import BookingTerms
from domain.schedules import Terms


@dataclass(frozen=True, slots=True)
class AppointmentWithPolicy:
    """A booking with the terms that it keeps as long as its type stays the same."""

    appointment: Appointment
    type_id: UUID
    policy: Mapping[str, Any]
    """Made by `policy`."""

    def terms_after_move(self, booking_terms: BookingTerms) -> BookingTerms:
        """The booking terms that apply if this booking moves there."""
        return replace(
            booking_terms,
            terms=self.kept_terms(booking_terms.terms),
            moved_id=self.appointment.id,
            kept_start=self.appointment.starts_at,
        )

    @property
    def notice_deadline(self) -> datetime:
        """The deadline for moves by patients and agents."""
        return self.appointment.starts_at - timedelta(seconds=self.policy["cancel_notice"])

    def is_with(self, booking_terms: BookingTerms) -> bool:
        """Whether it already has that dentist and type."""
        return (booking_terms.dentist_id, booking_terms.terms.type_id) == (
            self.appointment.dentist_id,
            self.type_id,
        )

    def kept_terms(self, terms: Terms) -> Terms:
        """The terms of the visit under `terms` of a type. If the type stays, it keeps its own terms
        except lead time and horizon, which are current.
        """
        if terms.type_id != self.type_id:
            return terms
        return replace(
            terms,
            duration=self.appointment.ends_at - self.appointment.starts_at,
            buffer_before=timedelta(seconds=self.policy["buffer_before"]),
            buffer_after=timedelta(seconds=self.policy["buffer_after"]),
            hold_for=timedelta(seconds=self.policy["hold_for"]),
            approval_for=timedelta(seconds=self.policy["approval_for"]),
            cancel_notice=timedelta(seconds=self.policy["cancel_notice"]),
            needs_chair=self.policy["needs_chair"],
            needs_approval=self.policy["needs_approval"],
        )


def policy(terms: Terms) -> dict[str, float | bool]:
    """The terms stored with a booking, which later changes of its type do not affect; durations in
    seconds.
    """
    second = timedelta(seconds=1)
    return {
        "buffer_before": terms.buffer_before / second,
        "buffer_after": terms.buffer_after / second,
        "hold_for": terms.hold_for / second,
        "approval_for": terms.approval_for / second,
        "cancel_notice": terms.cancel_notice / second,
        "needs_chair": terms.needs_chair,
        "needs_approval": terms.needs_approval,
    }
