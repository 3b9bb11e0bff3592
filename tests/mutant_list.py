"""The mistakes that the tests must notice, each with the smallest selection that must fail."""

from dataclasses import dataclass
from pathlib import Path

APPOINTMENTS = "migrations/20261123080500_appointments.sql"
INBOX = "migrations/20261123080600_workflow_inbox.sql"
LIMITS = "migrations/20261123080800_patient_limits.sql"
CLAIMS = "migrations/20261123080900_claims.sql"
HOLDS = "migrations/20261123081000_holds.sql"
CHANGES = "migrations/20261123081100_changes.sql"
ERASURE = "migrations/20261123081300_erasure.sql"
EVENT_LOG = "migrations/20261123081400_event_log.sql"
EVENTS = "migrations/20261123081500_appointment_events.sql"


class PatchMismatch(Exception):
    """The text to change does not stand in its file exactly once."""


@dataclass(frozen=True)
class Patch:
    file: str
    old: str
    """Stands in the file exactly once."""
    new: str

    def apply(self, tree: Path) -> None:
        path = tree / self.file
        text = path.read_text()
        if text.count(self.old) != 1:
            raise PatchMismatch(f"{self.file} has {text.count(self.old)} times:\n{self.old}")
        path.write_text(text.replace(self.old, self.new))


@dataclass(frozen=True)
class Mutant:
    name: str
    tests: tuple[str, ...]
    """At least one of them must fail; paths below tests/."""
    patches: tuple[Patch, ...]

    @property
    def uses_temporal(self) -> bool:
        return any(test.startswith(("workflows/", "webhooks/")) for test in self.tests)


def _mutant(name: str, test: str, file: str, old: str, new: str) -> Mutant:
    return Mutant(name, (test,), (Patch(file, old, new),))


MUTANTS = (
    _mutant(
        "no exclusion constraint",
        "db/test_storms.py::test_without_the_function_the_constraint_still_refuses_a_second_claim",
        APPOINTMENTS,
        "exclude using gist (int4range(resource_no, resource_no, '[]') with &&,"
        " during with &&) where (active)",
        "check (true)",
    ),
    _mutant(
        "buffers of a visit are not claimed",
        "db/test_commands.py::test_buffers_count_for_dentist_and_chair_but_not_for_the_patient",
        APPOINTMENTS,
        "p_ends_at + make_interval(secs => (p_policy ->> 'buffer_after')::float8))",
        "p_ends_at)",
    ),
    _mutant(
        "a hold outlives the start of its visit",
        "db/test_time_runs_out.py::test_hold_and_request_end_at_the_start_of_the_visit",
        APPOINTMENTS,
        "case when not a.walk_in then a.starts_at end) end",
        "null) end",
    ),
    _mutant(
        "a booking that ends keeps its slot",
        "db/test_commands.py::test_any_end_of_a_booking_frees_its_slot",
        INBOX,
        "s.active and not is_live(n.status)",
        "s.active and n.status = 'cancelled'",
    ),
    _mutant(
        "a later change restarts the wait of its row",
        "workflows/test_dispatch.py::"
        "test_a_later_change_keeps_the_waiting_time_and_the_lease_of_its_row",
        INBOX,
        "actor = excluded.actor, version = excluded.version;",
        "actor = excluded.actor, version = excluded.version,"
        " waiting_since = excluded.waiting_since;",
    ),
    _mutant(
        "a row is deleted though the booking changed again",
        "workflows/test_dispatch.py::"
        "test_a_later_change_keeps_the_waiting_time_and_the_lease_of_its_row",
        "db/inbox.py",
        "{LEASED} where o.version = m.version {LOCKED}",
        "{LEASED} {LOCKED}",
    ),
    _mutant(
        "look replaces a verb",
        "workflows/test_dispatch.py::test_look_never_replaces_a_verb_and_a_verb_replaces_look",
        "db/inbox.py",
        "on conflict (appointment_id) do nothing",
        "on conflict (appointment_id) do update set verb = excluded.verb",
    ),
    _mutant(
        "workflow trusts its memory",
        "workflows/test_life.py::test_an_extended_hold_outlives_its_first_deadline",
        "workflows/booking_loop.py",
        "            batch, received = self._pending.take(BATCH), self._pending.received\n",
        "            batch, received = self._pending.take(BATCH), self._pending.received\n"
        "            if self.state and self.state.due == 'hold' and not batch:\n"
        "                return replace(self.state, status='expired', over=True)\n",
    ),
    _mutant(
        "verbs for staff are open to all at Temporal",
        "workflows/test_advance.py::"
        "test_a_verb_for_staff_is_refused_to_patients_and_agents_at_temporal",
        "activities/parsing.py",
        "    if not may_use(verb, staff=actor.is_staff):",
        "    if False:",
    ),
    _mutant(
        "a late confirm wins",
        "db/test_commands.py::test_hold_is_over_at_its_deadline_swept_or_not",
        CHANGES,
        "            when p_deadline_rule = 'before' and deadline <= server_time then 'expired'\n",
        "",
    ),
    _mutant(
        "no compare-and-set",
        "db/test_races.py::test_commands_that_read_the_same_version_are_not_both_carried_out",
        CHANGES,
        " where a.id = p_id and a.status = before.status and a.version = before.version\n",
        " where a.id = p_id\n",
    ),
    _mutant(
        "an agent changes a hold without its token",
        "api/test_hold_tokens.py::test_hold_of_an_agent_is_changed_only_with_its_token",
        CHANGES,
        "and (p_scope ->> 'agent_id' is not null\n",
        "and (false\n",
    ),
    _mutant(
        "an agent without a grant confirms",
        "api/test_agents.py::test_agent_without_grant_may_only_release_or_cancel",
        CHANGES,
        "p_verb not in ('cancel', 'release') or exists",
        "exists",
    ),
    _mutant(
        "a no-show is possible before the start",
        "db/test_time_runs_out.py::test_no_show_is_possible_from_the_start_on",
        CHANGES,
        "when p_opens_on = 'start' and server_time < before.starts_at then",
        "when false then",
    ),
    _mutant(
        "a request for approval is bound by the cancel notice",
        "db/test_time_runs_out.py::test_a_request_is_withdrawn_without_notice_and_a_booking_is_not",
        CHANGES,
        "before.status not in ('held', 'pending_approval') and notice",
        "before.status <> 'held' and notice",
    ),
    _mutant(
        "an idempotency key belongs to every route",
        "api/test_idempotency.py::test_a_key_belongs_to_one_route",
        "migrations/20261123080400_idempotency_keys.sql",
        " and k.route = p_key ->> 'route'",
        "",
    ),
    _mutant(
        "idempotency keys are deleted too soon",
        "api/test_idempotency.py::test_keys_are_deleted_after_seven_days_and_not_before",
        "db/idempotency.py",
        "KEPT_FOR = timedelta(days=7)",
        "KEPT_FOR = timedelta(days=6, hours=12)",
    ),
    _mutant(
        "an overdue hold is not expired by who takes its place",
        "db/test_commands.py::test_overdue_hold_is_expired_by_the_next_hold",
        CLAIMS,
        "                perform expire_overdue(overdue);\n",
        "",
    ),
    _mutant(
        "partial claims are kept",
        "db/test_races.py::test_claim_lost_at_its_last_step_leaves_nothing_claimed",
        CLAIMS,
        "values (p_id, p_dentist_no, p_occupied), (p_id, p_patient_no, p_visit);",
        "values (p_id, p_dentist_no, p_occupied), (p_id, p_patient_no, p_visit)"
        " on conflict do nothing;\n            continue when (select count(*)"
        " from slot_reservations s where s.appointment_id = p_id) < 2;",
    ),
    _mutant(
        "visits do not exchange chairs",
        "db/test_chairs.py::test_no_chair_is_said_only_where_every_chair_is_in_use_at_some_instant",
        CLAIMS,
        "                    if plan.chair is null then\n",
        "                    if plan.chair is null or plan.moves is not null then\n",
    ),
    _mutant(
        "holds are not limited",
        "db/test_commands.py::test_a_patient_holds_two_slots_at_most",
        LIMITS,
        "    if n >= (p_limits ->> 'holds')::int then",
        "    if n > (p_limits ->> 'holds')::int then",
    ),
    _mutant(
        "text is written about somebody erased",
        "api/test_erasure.py::test_text_written_during_erasure_is_not_kept",
        ERASURE,
        "where p.id = new.patient_id and p.erased_at is null for share;",
        "where p.id = new.patient_id for share;",
    ),
    Mutant(
        "the outbox is tailed by id",
        ("realtime/test_outbox.py::test_transactions_that_commit_out_of_order_lose_nothing",),
        (
            Patch(
                EVENT_LOG,
                "    head           bigint not null default 0, ",
                "    last bigint not null default 0,\n    head bigint not null default 0, ",
            ),
            Patch(
                EVENT_LOG,
                "delete from outbox where ctid = any (array(select o.ctid from outbox o"
                " order by o.id limit p_limit)) returning *",
                "select o.* from outbox o where o.id > (select last from realtime_epoch)"
                " order by o.id limit p_limit",
            ),
            Patch(
                EVENT_LOG,
                "    )\n    insert into realtime_events (seq,",
                "    ), tail as (\n"
                "        update realtime_epoch"
                " set last = greatest(last, (select max(id) from gone))\n"
                "    )\n    insert into realtime_events (seq,",
            ),
        ),
    ),
    _mutant(
        "a start is told as in_treatment",
        "db/test_event_kinds.py::test_each_transition_has_the_kind_in_the_table",
        EVENTS,
        "'in_treatment' then 'started'",
        "'in_treatment' then 'checked_in'",
    ),
    _mutant(
        "a terminal state changes",
        "db/test_event_kinds.py::test_the_tables_have_every_transition_status_and_kind",
        "domain/booking.py",
        "Verb.COMPLETE: Rule({Status.IN_TREATMENT: Status.COMPLETED}),",
        "Verb.COMPLETE: Rule(dict.fromkeys((Status.IN_TREATMENT, Status.NO_SHOW),"
        " Status.COMPLETED)),",
    ),
    _mutant(
        "a former patient's events reach a dentist",
        "realtime/test_former.py::test_a_former_role_gives_no_rights",
        "domain/events.py",
        '            return bool(payload.get("dentist_id") == str(actor.id))',
        "            return True",
    ),
    _mutant(
        "an agent is told of another visit of the patient",
        "api/test_overlaps.py::test_patient_overlap_is_told_to_patients_and_staff_only",
        "domain/appointments.py",
        "self.outcome is Outcome.PATIENT_OVERLAP and actor.role is Role.AGENT",
        "self.outcome is Outcome.PATIENT_OVERLAP and actor.role is Role.SYSTEM",
    ),
    _mutant(
        "the horizon binds staff",
        "api/test_staff_rules.py::test_lead_time_and_horizon_bind_all_but_staff",
        "domain/schedules.py",
        "return utc(now) - WALK_IN, END_OF_TIME",
        "return utc(now) - WALK_IN, utc(now) + terms.horizon",
    ),
    _mutant(
        "a bug counts as an outage",
        "api/test_failures.py::test_postgres_errors_of_a_bug_are_500",
        "db/pool.py",
        "    asyncpg.DeadlockDetectedError,  # these two after the last retry\n",
        "    asyncpg.PostgresError,\n",
    ),
    _mutant(
        "a refusal about one caller is shared",
        "api/test_coalescing.py::test_a_refusal_about_one_caller_is_shared_with_nobody",
        "services/coalescing.py",
        "            if result.outcome is Outcome.SLOT:",
        "            if result.outcome is not Outcome.DONE:",
    ),
    _mutant(
        "unknown query parameters are ignored",
        "api/test_strict.py::test_an_unknown_query_parameter_is_refused",
        "api/http/strict.py",
        "faults = list(_query_faults(request, lists, hint) if request.url.query else ())",
        "faults: list[Fault] = []",
    ),
    _mutant(
        "names are not composed",
        "api/test_texts.py::test_every_text_is_composed_on_its_way_in",
        "api/http/texts.py",
        'return unicodedata.normalize("NFC", text) if isinstance(text, str) else text',
        "return text",
    ),
    _mutant(
        "a repeated local hour is open once",
        "domain/test_schedules.py::test_a_window_that_ends_in_the_repeated_hour_is_open_both_times",
        "domain/zones.py",
        "                yield OffsetPeriod(lower, upper, period.offset)\n",
        "                yield OffsetPeriod(lower, upper, period.offset)\n                break\n",
    ),
    _mutant(
        "webhooks are sent though the right has ended",
        "webhooks/test_deliveries.py::test_an_event_is_not_sent_if_the_grant_was_revoked_meanwhile",
        "webhooks/activities.py",
        "if not await permitted(self._pool, due.owner, [due.event]):",
        "if not [due.event]:",
    ),
    _mutant(
        "webhooks are sent to any address",
        "webhooks/test_addresses.py::test_no_spelling_of_this_machine_is_connected_to",
        "webhooks/addresses.py",
        "if not self._policy.allows(each)",
        "if not each",
    ),
    _mutant(
        "a delivery gets a new id with each attempt",
        "webhooks/test_deliveries.py"
        "::test_receiver_that_fails_for_a_while_gets_each_event_once_by_id",
        "webhooks/secrets.py",
        '"webhook-id": str(id),',
        '"webhook-id": f"{id}-{now.timestamp()}",',
    ),
    _mutant(
        "later events of a booking overtake",
        "webhooks/test_deliveries.py"
        "::test_later_events_of_a_booking_wait_for_the_earlier_others_do_not",
        "migrations/20261123082200_webhooks.sql",
        "b.entity_id = d.entity_id and b.status = 'pending'",
        "b.entity_id = d.entity_id and b.status = 'never'",
    ),
)
