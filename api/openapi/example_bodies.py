"""Examples for the OpenAPI document: each body by the name of its schema, and the frames of a
stream. They show Ana Torres and a check-up; she and her dentist are in the demo data, so that the
requests can be tried.
"""

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from db import demo
from domain.events import Cursor
from realtime import frames

Json = dict[str, Any]

CLINIC = str(demo.CLINIC)
DENTIST = str(demo.person_id("dentist", "amara"))
PATIENT = str(demo.person_id("patient", "ana"))
CHILD = "0192e4a0-0000-7000-8000-00000000c001"
BOOKING = "0192e4a0-0000-7000-8000-00000000b001"
NOW = "2027-03-01T10:00:00Z"
UNTIL = "2027-03-01T10:05:00Z"

ROW: Json = {"version": 1, "updated_at": NOW}
OF_DAY: Json = {"clinic_id": CLINIC, "day": "2027-03-08"}
SLOT: Json = {
    "dentist_id": DENTIST,
    "starts_at": "2027-03-08T09:00:00+01:00",
    "ends_at": "2027-03-08T09:30:00+01:00",
    "time_zone": "Europe/Berlin",
    "state": "free",
}
BOOKED: Json = {
    "id": BOOKING,
    "clinic_id": CLINIC,
    "dentist_id": DENTIST,
    "patient_id": PATIENT,
    "appointment_type": "checkup",
    "status": "booked",
    "starts_at": "2027-03-08T08:00:00Z",
    "ends_at": "2027-03-08T08:30:00Z",
    "time_zone": "Europe/Berlin",
    "version": 2,
    "created_at": NOW,
    "updated_at": "2027-03-01T10:02:00Z",
    "allowed": ["reschedule", "edit", "cancel"],
    "cancel_until": "2027-03-07T08:00:00Z",
}
HELD = BOOKED | {
    "status": "held",
    "version": 1,
    "updated_at": NOW,
    "hold_expires_at": UNTIL,
    "server_time": NOW,
    "expires_in_seconds": 300.0,
    "allowed": ["confirm", "extend", "release", "edit", "cancel"],
    "extensions_left": 2,
}
TO_LOAD = ("created_at", "allowed", "cancel_until")
"""Fields of an appointment that no event has."""
WANTED: Json = {
    "dentist_id": DENTIST,
    "starts_at": "2027-03-08T09:00:00+01:00",
    "appointment_type": "checkup",
}
PLACE: Json = {"name": "Riverside Dental", "time_zone": "Europe/Berlin", "slot_grid_minutes": 15}
TERMS: Json = {
    "clinic_id": CLINIC,
    "slug": "checkup",
    "name": "Check-up",
    "duration_minutes": 30,
    "buffer_before_minutes": 0,
    "buffer_after_minutes": 5,
    "lead_time_minutes": 60,
    "horizon_days": 90,
    "hold_seconds": 300,
    "approval_minutes": 1440,
    "cancel_notice_minutes": 1440,
    "needs_chair": True,
    "needs_approval": False,
    "bookable_online": True,
}
PERSONAL: Json = {
    "full_name": "Ana Torres",
    "email": "ana@example.org",
    "phone": "+49 30 1234567",
    "time_zone": "Europe/Berlin",
    "locale": "de",
}
NEW_DENTIST: Json = {
    "full_name": "Dr. Amara Okafor",
    "role": "dentist",
    "clinic_id": CLINIC,
    "specialty": "General dentistry",
}
ANA: Json = PERSONAL | ROW | {"id": PATIENT, "role": "patient"}
ANA |= {"active": True, "created_at": NOW}
WINDOW: Json = {"weekday": 0, "starts": "08:00", "ends": "12:00"}
HOLIDAY: Json = {"on_date": "2027-12-24", "kind": "closed", "reason": "Christmas Eve"}
COURSE: Json = {"on_date": "2027-03-09", "kind": "closed", "starts": "10:00", "ends": "12:00"}
PROPOSED: Json = {"weekly": [WINDOW], "exceptions": [COURSE]}
SCHEDULE: Json = PROPOSED | ROW | {"dentist_id": DENTIST, "clinic_id": CLINIC}
SCHEDULE |= {"time_zone": "Europe/Berlin", "slot_grid_minutes": 15}
SCHEDULE |= {"clinic_exceptions": [HOLIDAY]}
HOLIDAYS: Json = {"clinic_id": CLINIC, "exceptions": [HOLIDAY], "version": 2}
CHAIR: Json = {"clinic_id": CLINIC, "name": "Chair 1"}

HAPPENED: Json = {"seq": 58, "kind": "appointment.booked", "entity_id": BOOKING, "version": 2}
HAPPENED |= {"occurred_at": BOOKED["updated_at"], "server_time": BOOKED["updated_at"]}
HAPPENED |= {name: BOOKED[name] for name in BOOKED if name not in (*ROW, *TO_LOAD)}

LOG: Json = {"items": [{"id": "3f9a:58", "event": "appointment.booked", "data": HAPPENED}]}
LOG |= {"next": "3f9a:58", "more": False, "reset": None}

MINUTE: Json = {"at": NOW, "count": 720, "p50_ms": 2.4, "p95_ms": 4.1, "p99_ms": 7.3}
FIGURES: Json = {
    "log": {"epoch": "3f9a", "head": 5810, "oldest": 1, "waiting": 0, "waiting_seconds": 0.0}
    | {"kinds": {"appointment.held": 12, "appointment.booked": 9}, "sequenced": [MINUTE]},
    "process": {"name": "api-1:7", "started_at": NOW, "leader": True, "connected": True}
    | {"behind": 0, "streams": 212, "evicted": {"stalled": 1}, "delivered": [MINUTE]},
}

FRAMES = (
    frames.ready(Cursor("3f9a", 57), datetime.fromisoformat(NOW))
    + frames.frame("appointment.booked", json.dumps(HAPPENED), Cursor("3f9a", 58))
    + b": hb\n\n"
).decode()

ENDPOINT: Json = {
    "url": "https://bot.example/chairtime",
    "topics": ["appointments"],
    "kinds": ["appointment.booked", "appointment.expired"],
    "description": "Production",
    "active": True,
}
WEBHOOK = (
    ENDPOINT
    | ROW
    | {"id": "0192e4a0-0000-7000-8000-00000000d001", "created_at": NOW, "owner_role": "agent"}
    | {"owner_id": str(demo.person_id("agent", "chatbot"))}
)
DELIVERY: Json = {
    "id": "6f1c9d0e-5f0b-5e9e-8f0a-2b6d3c1e7a55",
    "kind": "appointment.booked",
    "entity_id": BOOKING,
    "seq": 58,
    "occurred_at": NOW,
    "status": "delivered",
    "attempts": 1,
    "queued_at": NOW,
    "outcome": "delivered",
    "http_status": 204,
    "duration_ms": 87,
    "last_attempt_at": NOW,
}

EXAMPLES: Mapping[str, list[Json]] = {
    # bookings and their events
    "Event": [HAPPENED],
    "EventLog": [LOG],
    "Realtime": [FIGURES],
    "Reserve": [WANTED, WANTED | {"patient_id": PATIENT, "notes": "Sensitive tooth."}],
    "Create": [WANTED, {"reservation_id": BOOKING}],
    "Update": [{"starts_at": "2027-03-09T11:00:00+01:00"}, {"notes": "Will bring the X-ray."}],
    "Confirm": [{"notes": "Will bring the X-ray."}, {}],
    "Cancel": [{"reason": "ill", "note": "Fever since last night."}, {}],
    "Appointment": [HELD, BOOKED],
    "Page": [{"items": [BOOKED], "next_cursor": "MjAyNy0wMy0wOHwwMTky"}],
    "Transition": [
        {"version": 2, "verb": "confirm", "from_status": "held", "to_status": "booked"}
        | {"actor": f"patient:{PATIENT}", "via": "api", "reason": None, "at": NOW}
        | {"actor_name": "Ana Torres"}
    ],
    "Wanted": [{"topics": ["appointments", "availability"]}, {"appointment_id": BOOKING}, {}],
    "Ticket": [{"ticket": "rG1lZ0J5S2pQ5mV3c8ZkT2R4bW9n7W1vYQ9hX0tUfLs", "expires_at": UNTIL}],
    # slots and schedules
    "BoardSlot": [SLOT, SLOT | {"state": "held", "held_until": UNTIL}],
    "BoardPage": [{"items": [SLOT], "next_cursor": None, "next_available": None}],
    "Explanation": [
        {k: v for k, v in SLOT.items() if k != "state"}
        | {"appointment_type": "checkup", "offered": False}
        | {"reasons": [{"reason": "booked", "detail": "This time is booked."}]}
    ],
    "WeeklyHours": [WINDOW],
    "DateException": [COURSE, HOLIDAY],
    "ProposedSchedule": [PROPOSED],
    "ProposedExceptions": [{"exceptions": [HOLIDAY]}],
    "ShownSchedule": [SCHEDULE],
    "ScheduleReplaced": [
        {"schedule": SCHEDULE, "conflicts": [BOOKED], "conflicts_total": 1} | {"dry_run": True}
    ],
    "ClinicExceptions": [HOLIDAYS],
    "ExceptionsReplaced": [HOLIDAYS | {"conflicts": [], "conflicts_total": 0, "dry_run": False}],
    # people
    "Profile": [ANA],
    "People": [{"items": [ANA], "next_cursor": None}],
    "GrantedAgent": [
        {"id": str(demo.person_id("agent", "chatbot")), "full_name": "Chatbot", "granted_at": NOW}
    ],
    "LinkedPatient": [{"id": CHILD, "full_name": "Eva Torres", "linked_at": NOW}],
    "LinkedPatientName": [{"full_name": "Eva Torres"}],
    "NewProfile": [PERSONAL, NEW_DENTIST],
    "EditMe": [{"phone": "+49 30 7654321"}],
    "EditProfile": [{"phone": None}, {"active": False}],
    "Erased": [
        {
            "profile": 1,
            "notes": 2,
            "cancel_notes": 0,
            "staff_notes": 1,
            "schedule_reasons": 0,
            "live_appointments": 1,
        }
    ],
    "Dentist": [
        {k: v for k, v in NEW_DENTIST.items() if k != "role"}
        | {"id": DENTIST, "time_zone": "Europe/Berlin", "next_free_at": SLOT["starts_at"]}
    ],
    # webhooks
    "NewWebhook": [ENDPOINT],
    "EditWebhook": [{"active": True}, {"kinds": None}],
    "Rotation": [{"overlap_hours": 24}, {}],
    "Webhook": [WEBHOOK],
    "WebhookWithSecret": [WEBHOOK | {"secret": "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"}],
    "Webhooks": [{"items": [WEBHOOK], "next_cursor": None}],
    "Delivery": [DELIVERY],
    "Deliveries": [{"items": [DELIVERY], "next_cursor": None}],
    # places
    "NewClinic": [PLACE],
    "EditClinic": [{"slot_grid_minutes": 10}],
    "Clinic": [PLACE | ROW | {"id": CLINIC}],
    "ClinicChanged": [
        PLACE | ROW | {"id": CLINIC, "conflicts": [], "conflicts_total": 0, "dry_run": True}
    ],
    "NewType": [TERMS],
    "EditType": [{"bookable_online": False}],
    "AppointmentType": [TERMS | ROW | {"id": "0192e4a0-0000-7000-8000-00000000e001"}],
    "NewChair": [CHAIR],
    "EditChair": [{"active": False}],
    "Resource": [CHAIR | ROW | {"no": 4, "kind": "chair", "active": True}],
    # figures
    "UtilisationDay": [
        OF_DAY
        | {"dentist_id": DENTIST, "visits": 7, "booked_minutes": 270, "no_show_minutes": 30}
        | {"offered_minutes": 540, "utilisation": 0.5}
    ],
    "HoldsDay": [
        OF_DAY
        | {"holds": 10, "booked": 6, "expired": 2, "given_up": 0, "declined": 0, "open": 2}
        | {"conversion_rate": 0.75, "expiry_rate": 0.25}
    ],
    "VisitsDay": [
        OF_DAY | {"attended": 9, "no_shows": 1, "cancelled": 2, "open": 0, "no_show_rate": 0.1}
    ],
    "LeadTimes": [
        OF_DAY | {"visits": 3, "mean_hours": 52.0, "median_hours": 48.0, "p90_hours": 84.0}
    ],
    "LatencyHour": [
        {"hour": NOW, "events": 120, "p50_ms": 4.2, "p95_ms": 9.1, "p99_ms": 14.5, "max_ms": 21.0}
    ],
    "Health": [
        {"status": "degraded", "database": "ok", "temporal": "degraded", "workers": "ok"}
        | {"relay": "ok", "dispatcher": "ok"}
    ],
    "WebConfig": [
        {"environment": "production", "sign_in": "supabase"}
        | {"supabase_url": "https://ref.supabase.co", "supabase_anon_key": "sb_publishable_1"}
        | {"temporal_ui_url": "https://temporal.example", "metrics_url": None}
    ],
}
