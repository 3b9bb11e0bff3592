"""The kinds of events are those of the hand-written table in tests/event_kinds.py."""

from domain.booking import RULES, Status, Verb
from domain.events import Kind
from tests.event_kinds import APPOINTMENT_KINDS, OTHER_KINDS, SLOT_KINDS
from tests.realtime.traffic import wish
from tests.support import LENA, hold


async def test_each_transition_has_the_kind_in_the_table(pool):
    found = {
        step: await pool.fetchval(
            "select appointment_event_kind($1, $2, $3)", step[0], step[2], step[1]
        )
        for step in APPOINTMENT_KINDS
    }
    assert found == APPOINTMENT_KINDS


async def test_each_status_shows_the_slot_kind_in_the_table(pool):
    found = {
        status: "slot." + await pool.fetchval("select slot_state($1)", status)
        for status in SLOT_KINDS
    }
    assert found == SLOT_KINDS


def test_the_tables_have_every_transition_status_and_kind():
    transitions = {(None, Verb.HOLD, Status.HELD)}
    for verb, rule in RULES.items():
        for moves in (
            rule.transitions,
            rule.transitions_with_approval,
            rule.transitions_with_approval_by_staff,
        ):
            transitions |= {(before, verb, after) for before, after in (moves or {}).items()}
    system = {step for step in APPOINTMENT_KINDS if step[1] in (Verb.LAPSE, Verb.ASSIGN_CHAIR)}
    assert set(APPOINTMENT_KINDS) - system == transitions
    assert {step[1] for step in APPOINTMENT_KINDS} == set(Verb)
    assert set(SLOT_KINDS) == set(Status)
    pinned = {*APPOINTMENT_KINDS.values(), *SLOT_KINDS.values(), *OTHER_KINDS}
    assert pinned == set(Kind)


async def test_other_changes_write_the_kind_in_the_table(pool):
    await hold(pool, wish(0))
    await pool.execute("delete from outbox")
    for kind, statement in OTHER_KINDS.items():
        await pool.execute(statement.format(lena=LENA))
        written = await pool.fetch("delete from outbox returning kind")
        assert kind in {row["kind"] for row in written}
