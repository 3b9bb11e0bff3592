"""The events that the docs promise, written by hand: nothing here is computed from the product."""

APPOINTMENT_KINDS: dict[tuple[str | None, str, str], str] = {
    # status before, verb, status after
    (None, "hold", "held"): "appointment.held",
    ("held", "confirm", "booked"): "appointment.booked",
    ("held", "confirm", "pending_approval"): "appointment.approval_requested",
    ("held", "extend", "held"): "appointment.extended",
    ("held", "release", "released"): "appointment.released",
    ("held", "expire", "expired"): "appointment.expired",
    ("held", "edit", "held"): "appointment.edited",
    ("held", "assign_chair", "held"): "appointment.chair_assigned",
    ("held", "cancel", "cancelled"): "appointment.cancelled",
    ("pending_approval", "approve", "booked"): "appointment.booked",
    ("pending_approval", "decline", "declined"): "appointment.declined",
    ("pending_approval", "expire", "declined"): "appointment.declined",
    ("pending_approval", "reschedule", "pending_approval"): "appointment.rescheduled",
    ("pending_approval", "reschedule", "booked"): "appointment.booked",
    ("pending_approval", "edit", "pending_approval"): "appointment.edited",
    ("pending_approval", "assign_chair", "pending_approval"): "appointment.chair_assigned",
    ("pending_approval", "cancel", "cancelled"): "appointment.cancelled",
    ("booked", "reschedule", "booked"): "appointment.rescheduled",
    ("booked", "reschedule", "pending_approval"): "appointment.approval_requested",
    ("booked", "edit", "booked"): "appointment.edited",
    ("booked", "assign_chair", "booked"): "appointment.chair_assigned",
    ("booked", "check_in", "checked_in"): "appointment.checked_in",
    ("booked", "no_show", "no_show"): "appointment.no_show",
    ("booked", "lapse", "booked"): "appointment.lapsed",
    ("booked", "cancel", "cancelled"): "appointment.cancelled",
    ("checked_in", "edit", "checked_in"): "appointment.edited",
    ("checked_in", "start", "in_treatment"): "appointment.started",
    ("checked_in", "lapse", "checked_in"): "appointment.lapsed",
    ("checked_in", "cancel", "cancelled"): "appointment.cancelled",
    ("in_treatment", "edit", "in_treatment"): "appointment.edited",
    ("in_treatment", "complete", "completed"): "appointment.completed",
    ("in_treatment", "lapse", "in_treatment"): "appointment.lapsed",
}

SLOT_KINDS = {
    "held": "slot.held",
    "pending_approval": "slot.booked",
    "booked": "slot.booked",
    "checked_in": "slot.booked",
    "in_treatment": "slot.booked",
    "completed": "slot.free",
    "no_show": "slot.free",
    "released": "slot.free",
    "expired": "slot.free",
    "declined": "slot.free",
    "cancelled": "slot.free",
}
"""By the booking's status: the kind of event that the board shows for its slot."""

OTHER_KINDS = {
    "appointment.removed": (
        "update appointments set dentist_id = '{lena}', version = 2, verb = 'reschedule',"
        " command_id = null"
    ),
    "schedule.changed": "update clinics set slot_grid_minutes = 20",
    "profile.created": (
        "insert into profiles (id, role, full_name) values (gen_random_uuid(), 'agent', 'A')"
    ),
    "profile.changed": "update profiles set locale = 'de' where role = 'patient'",
    "profile.erased": "select profile_erase(id, 'system') from profiles where full_name = 'A'",
    "webhook.disabled": (
        "insert into webhook_endpoints (id, owner_id, owner_role, url, topics, epoch, seq)"
        " select id, id, 'admin', 'https://bot.example', '{{availability}}', '', 0 from profiles"
        " limit 1; update webhook_endpoints set active = false"
    ),
    "webhook.enabled": "update webhook_endpoints set active = true",
}
"""Each with a statement that causes it, in this order; the first where there is a booking."""
