"""The state of a booking as its workflow sees it."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

from domain.booking import LAPSE_AFTER, LIVE, Status
from domain.messages import BookingState, Step


def state_of(
    *,
    id: UUID,
    status: Status,
    version: int,
    clinic_id: UUID,
    dentist_id: UUID,
    starts_at: datetime,
    ends_at: datetime,
    hold_expires_at: datetime | None,
    approval_expires_at: datetime | None,
    lapsed_at: datetime | None,
    recent: list[Step],
    now: datetime,
) -> BookingState:
    """The state of a booking for its workflow, with its next deadline."""
    due: tuple[str, datetime] | None = None
    if status is Status.HELD and hold_expires_at:
        due = ("hold", hold_expires_at)
    elif status is Status.PENDING_APPROVAL and approval_expires_at:
        due = ("approval", approval_expires_at)
    elif status in LIVE and lapsed_at is None:
        due = ("end of visit", ends_at + LAPSE_AFTER)
    return BookingState(
        str(id),
        status,
        version,
        due=due[0] if due else "",
        due_in=(due[1] - now) / timedelta(seconds=1) if due else None,
        over=due is None,
        clinic_id=str(clinic_id),
        dentist_id=str(dentist_id),
        starts_at=starts_at.astimezone(UTC).isoformat(),
        recent=recent,
    )
