"""Bodies of booking requests, checked for shape only; services decide what is possible."""

from typing import Annotated, ClassVar, Self
from uuid import UUID

from pydantic import AliasChoices, ConfigDict, Field, StrictBool, model_validator
from pydantic_core import PydanticCustomError

from api.http.body import Body, describe_edit
from api.http.read_only import AcceptsReadOnly
from api.http.texts import Note
from api.http.values import Instant, Slug
from domain.appointments import Appointment, Texts
from domain.booking import CancelReason

START = AliasChoices("starts_at", "appointment_date")
START_DESCRIPTION = "With a UTC offset. `appointment_date` is accepted as an alias."

Override = Annotated[
    StrictBool, Field(description="Staff: book outside the hours and off the grid.")
]


class Reserve(Body):
    """A slot to hold. Patients may leave out `patient_id`; all others must send it."""

    CAN_BE_EMPTY: ClassVar[frozenset[str]] = frozenset({"notes"})

    dentist_id: UUID
    starts_at: Instant = Field(validation_alias=START, description=START_DESCRIPTION)
    appointment_type: Slug
    patient_id: UUID | None = None
    notes: Note = None
    override: Override = False


class Create(Body):
    """A slot to book directly, or a hold (`reservation_id`) to confirm. With `reservation_id`, the
    other fields must equal those of the hold; only `notes` are written.
    """

    CAN_BE_EMPTY: ClassVar[frozenset[str]] = frozenset({"notes"})

    reservation_id: UUID | None = None
    dentist_id: UUID | None = None
    starts_at: Instant | None = Field(None, validation_alias=START, description=START_DESCRIPTION)
    appointment_type: Slug | None = None
    patient_id: UUID | None = None
    notes: Note = None
    override: Override = False


class Confirm(Body):
    """Notes to write with the confirmation."""

    CAN_BE_EMPTY: ClassVar[frozenset[str]] = frozenset({"notes"})

    notes: Note = None


class Update(AcceptsReadOnly, Body):
    """The fields to change; absent fields stay as they are. Null or a blank text empties a text.
    Only staff can write and read `staff_notes`.
    """

    CAN_BE_EMPTY: ClassVar[frozenset[str]] = frozenset({"notes", "staff_notes"})
    SHAPE = Appointment
    VOLATILE = frozenset({"server_time", "expires_in_seconds", "hold_token", "allowed"})
    model_config = ConfigDict(json_schema_extra=describe_edit)

    starts_at: Instant | None = Field(None, validation_alias=START, description=START_DESCRIPTION)
    dentist_id: UUID | None = None
    appointment_type: Slug | None = None
    notes: Note = None
    staff_notes: Note = None
    override: Override = False

    @model_validator(mode="after")
    def _names_a_field(self) -> Self:
        if not self.model_fields_set - {"override"}:
            raise PydanticCustomError("empty", "name at least one field to change")
        if self.override and not self.moves:
            raise PydanticCustomError(
                "combination", "override requires a new starts_at, dentist_id or appointment_type"
            )
        return self

    def narrowed(self, names: set[str]) -> "Update":
        """This body with only these fields."""
        kept = self.model_fields_set & names
        return Update.model_construct(kept, **{name: getattr(self, name) for name in kept})

    @property
    def moves(self) -> bool:
        """Whether it names a time, dentist or type; otherwise it only edits texts."""
        return bool(self.starts_at or self.dentist_id or self.appointment_type)

    @property
    def texts(self) -> Texts:
        """The texts that it names."""
        return self.model_dump(include=self.model_fields_set & {"notes", "staff_notes"})


class Cancel(Body):
    """The reason as a code, and a free text that only the clinic can read."""

    CAN_BE_EMPTY: ClassVar[frozenset[str]] = frozenset({"reason", "note"})

    reason: CancelReason | None = None
    note: Note = None
