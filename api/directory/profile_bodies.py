"""Request bodies of profiles, and who may set which field."""

from collections.abc import Set
from typing import Annotated, ClassVar, Literal, Self
from uuid import UUID

from pydantic import AfterValidator, Field, StrictBool, StringConstraints, model_validator
from pydantic_core import PydanticCustomError

from api.http.body import EMPTIED, MAY_BE_EMPTY, Body, Edit
from api.http.errors import Problem, invalid
from api.http.texts import Email, Name, Note, Phone
from api.http.values import Locale, ZoneName
from domain.actors import Actor, Role
from domain.people import PERSONAL, Profile

PersonRole = Literal[Role.ADMIN, Role.DENTIST, Role.DESK, Role.PATIENT, Role.AGENT]
Specialty = Annotated[Name, StringConstraints(max_length=100)]

ClinicIds = Annotated[
    list[UUID],
    Field(min_length=1, max_length=50, description="The clinics of a receptionist."),
    AfterValidator(lambda ids: sorted(set(ids))),
]

INVITED = (Role.ADMIN, Role.DENTIST, Role.DESK)
"""Roles of people with a login whom an admin invites by e-mail."""

FOR_DENTISTS = ("clinic_id", "specialty", "bio", "bookable")


class EditMe(Edit):
    SHAPE = Profile
    CAN_BE_EMPTY: ClassVar[frozenset[str]] = frozenset({"email", "phone", "time_zone", "locale"})

    full_name: Name | None = None
    email: Annotated[Email | None, EMPTIED, MAY_BE_EMPTY] = None
    phone: Annotated[Phone | None, EMPTIED, MAY_BE_EMPTY] = None
    time_zone: Annotated[ZoneName | None, EMPTIED, MAY_BE_EMPTY] = None
    locale: Annotated[Locale | None, EMPTIED, MAY_BE_EMPTY] = None


class EditProfile(EditMe):
    """Only admins can set `role` and the fields after it. A new dentist requires `clinic_id` and
    `specialty`, a new receptionist `clinic_ids`.
    """

    CAN_BE_EMPTY: ClassVar[frozenset[str]] = EditMe.CAN_BE_EMPTY | {"bio"}

    role: PersonRole | None = None
    active: StrictBool | None = None
    clinic_id: UUID | None = None
    specialty: Specialty | None = None
    bio: Note = None
    bookable: StrictBool | None = None
    clinic_ids: ClinicIds | None = None


class NewProfile(Body):
    """A patient by default; only admins can create other roles. Admins can set `id` to the `sub` of
    an existing login.
    """

    CAN_BE_EMPTY: ClassVar[frozenset[str]] = EditProfile.CAN_BE_EMPTY

    full_name: Name
    role: PersonRole = Role.PATIENT
    email: Annotated[Email | None, EMPTIED, MAY_BE_EMPTY] = None
    phone: Annotated[Phone | None, EMPTIED, MAY_BE_EMPTY] = None
    time_zone: Annotated[ZoneName | None, EMPTIED, MAY_BE_EMPTY] = None
    locale: Annotated[Locale | None, EMPTIED, MAY_BE_EMPTY] = None
    id: UUID | None = None
    active: StrictBool = True
    clinic_id: UUID | None = None
    specialty: Specialty | None = None
    bio: Note = None
    bookable: StrictBool = True
    clinic_ids: ClinicIds | None = None

    @property
    def invites(self) -> bool:
        """Whether the profile waits for the first sign-in with its e-mail address."""
        return self.role in INVITED and self.id is None and self.email is not None

    @model_validator(mode="after")
    def _fits_role(self) -> Self:
        named = self.model_fields_set & set(FOR_DENTISTS)
        if self.role is Role.DENTIST and not {"clinic_id", "specialty"} <= named:
            raise PydanticCustomError(
                "needed_for_role", "a dentist requires clinic_id and specialty"
            )
        if self.role is not Role.DENTIST and named:
            raise PydanticCustomError("not_for_role", f"{min(named)} is only for dentists")
        if self.role is Role.DESK and self.clinic_ids is None:
            raise PydanticCustomError("needed_for_role", "a receptionist requires clinic_ids")
        if self.role is not Role.DESK and self.clinic_ids is not None:
            raise PydanticCustomError(
                "not_for_role", "clinic_ids is only for receptionists; leave it out"
            )
        return self


def check_fields(
    actor: Actor, body: NewProfile | EditProfile, named: Set[str] | None = None
) -> None:
    """Raises `forbidden` if a non-admin sets a field that only admins can set. `named`: the fields
    that count; by default all that were sent.
    """
    beyond = (body.model_fields_set if named is None else named) - PERSONAL
    if isinstance(body, NewProfile) and body.role is Role.PATIENT:
        beyond = beyond - {"role"}
    if beyond and actor.role is not Role.ADMIN:
        raise Problem("forbidden", f"Only admins can set {min(beyond)}; leave it out.")


def check_change(actor: Actor, before: Profile, body: EditProfile) -> None:
    """Raises `validation_failed` for a change that this profile does not allow, and `forbidden` for
    an agent who did not create the profile: patients who granted it access edit their own.
    """
    named = body.changed(before)
    check_fields(actor, body, named)
    if actor.role is Role.AGENT and actor.id not in (before.id, before.created_by):
        raise Problem(
            "forbidden", "Agents can change only their own profile and those they created."
        )
    if before.id == actor.id and named & {"role", "active"}:
        raise invalid(
            "role" if "role" in named else "active",
            "you cannot change your own; ask another admin",
            "own_account",
        )
    becomes = body.role if body.role is not before.role else None
    if becomes and before.role is Role.DENTIST:
        raise invalid(
            "role",
            "a dentist's role cannot change; set active or bookable instead",
            "cannot_change",
        )
    if becomes is Role.DENTIST:
        if not {"clinic_id", "specialty"} <= named:
            raise invalid("role", "a dentist requires clinic_id and specialty", "needed_for_role")
    elif before.role is not Role.DENTIST and named & set(FOR_DENTISTS):
        raise invalid(min(named & set(FOR_DENTISTS)), "is only for dentists", "not_for_role")
    elif "clinic_id" in named and body.clinic_id != before.clinic_id:
        raise invalid(
            "clinic_id", "a dentist's clinic cannot change; create another profile", "cannot_change"
        )
    _check_desk(before, becomes, named)


def _check_desk(before: Profile, becomes: Role | None, named: Set[str]) -> None:
    """Raises `validation_failed` where a receptionist would have no clinics, or others would."""
    if becomes is Role.DESK and "clinic_ids" not in named:
        raise invalid("role", "a receptionist requires clinic_ids", "needed_for_role")
    if "clinic_ids" in named and (becomes or before.role) is not Role.DESK:
        raise invalid("clinic_ids", "is only for receptionists", "not_for_role")
