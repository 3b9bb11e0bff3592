"""Each reader gets all that is theirs, in order and once, and nothing of anybody else."""

import asyncio
import re
from time import perf_counter
from uuid import UUID

from db.demo import DENTISTS, PATIENTS, person_id
from domain.actors import Actor, Role
from domain.events import Cursor
from realtime import hub as hub_module
from realtime import metrics, stream
from realtime.relay import Relay
from tests.realtime.conftest import running
from tests.realtime.listening import (
    ADMIN,
    Frame,
    Listener,
    assert_each_once_in_order,
    committed,
    sequenced,
    settled,
    until,
)
from tests.realtime.proxy import proxy
from tests.realtime.traffic import churn, wish
from tests.support import AMARA, ANA, HANG, LENA, MATEO, hold, patient

EVERYTHING = ("appointments", "availability")

BOARD = """
    insert into outbox (topic, kind, entity_id, payload)
    select 'availability', 'slot.' || $3, d, jsonb_build_object('dentist_id', d, 'state', $3::text,
           'starts_at', '2030-01-07T08:00:00Z'::timestamptz + n * interval '1 hour', 'n', $4::int)
      from unnest($1::uuid[]) d, generate_series(1, $2) n
"""


def changes(listener: Listener) -> list[tuple[str, int]]:
    return [frame.change for frame in listener.events if frame.name.startswith("appointment.")]


def board(events: list[Frame]) -> dict[tuple[str, str], dict]:
    """The latest that was told of each slot."""
    return {(e.data["dentist_id"], e.data["starts_at"]): e.data for e in events}


async def test_staff_get_every_change_once_and_in_order(pool, relay, hub, listen):
    listener = listen(ADMIN, *EVERYTHING)
    await churn(pool, range(60))
    head = await settled(pool, hub)
    await until(lambda: len(listener.events) == head)
    assert listener.seqs == list(range(1, head + 1))
    assert_each_once_in_order(changes(listener), await committed(pool))


async def test_hub_forgets_closed_streams(hub, listen):
    for n in range(5):
        listener = listen(patient(UUID(int=n + 1)), *EVERYTHING)
        await until(lambda: hub.health.streams == 1)
        await listener.stop()
    assert not hub.streams._by_person
    assert not hub.streams._by_address


async def test_readers_get_only_their_own_events(pool, relay, hub, listen):
    people = [patient(person_id("patient", name)) for name, _ in PATIENTS]
    staff = [Actor(Role.DENTIST, person_id("dentist", name)) for name, *_ in DENTISTS]
    actors = [*people, *staff, Actor(Role.AGENT, UUID(int=7))]
    listeners = [listen(actor, *EVERYTHING) for actor in actors]
    await churn(pool, range(60))
    await settled(pool, hub)
    private = 0
    for listener, actor in zip(listeners, actors, strict=True):
        rows = await pool.fetch(
            """
            select e.seq, a.id from realtime_events e left join appointments a on a.id = e.entity_id
             where e.topic = 'availability' or $1 in (a.patient_id, a.dentist_id, a.caller)
             order by e.seq
            """,
            actor.id,
        )
        theirs = [row["seq"] for row in rows]
        await until(lambda listener=listener, theirs=theirs: len(listener.seqs) >= len(theirs))
        assert listener.seqs == theirs
        private += len(changes(listener))
        assert len(changes(listener)) == sum(row["id"] is not None for row in rows)
    assert private == 2 * len(await committed(pool))  # patient and dentist of each, and nobody else


async def test_a_booking_that_moves_is_gone_for_the_one_dentist_and_there_for_the_other(
    pool, relay, hub, listen
):
    listeners = {id: listen(Actor(Role.DENTIST, id), "appointments") for id in (AMARA, LENA, MATEO)}
    admin = listen(Actor(Role.ADMIN, UUID(int=1)), "appointments")
    command = wish(0)
    await hold(pool, command)
    await pool.execute(
        """
        update appointments set dentist_id = $2, version = 2, verb = 'reschedule', command_id = null
         where id = $1
        """,
        command.id,
        LENA,
    )
    await settled(pool, hub)
    await until(lambda: len(admin.events) == 2 and len(listeners[AMARA].events) == 2)
    names = {id: [frame.name for frame in to.events] for id, to in listeners.items()}
    assert names[AMARA] == ["appointment.held", "appointment.removed"]
    assert names[LENA] == ["appointment.rescheduled"]
    assert names[MATEO] == []
    assert [frame.name for frame in admin.events] == ["appointment.held", "appointment.rescheduled"]


async def test_a_topic_of_one_dentist_brings_that_dentist_alone(pool, relay, hub, listen):
    of_one = listen(patient(ANA), f"availability:{LENA}")
    twice = listen(patient(ANA), f"availability:{LENA}", "availability")
    await churn(pool, range(40))
    head = await settled(pool, hub)
    expected = await pool.fetch(
        "select seq, entity_id from realtime_events where topic = 'availability' order by seq"
    )
    await until(lambda: twice.seqs and twice.seqs[-1] == expected[-1]["seq"] <= head)
    assert twice.seqs == [row["seq"] for row in expected]
    assert of_one.seqs == [row["seq"] for row in expected if row["entity_id"] == LENA]
    assert of_one.seqs


async def test_a_reader_who_resumes_gets_what_was_missed_and_then_what_comes(
    pool, relay, hub, listen
):
    await churn(pool, range(20))
    head = await settled(pool, hub)
    epoch = hub.at.epoch
    listeners = [listen(ADMIN, *EVERYTHING, at=Cursor(epoch, seq)) for seq in range(0, head, 7)]
    await churn(pool, range(48, 68))
    head = await settled(pool, hub)
    for index, listener in enumerate(listeners):
        await until(lambda listener=listener: listener.seqs and listener.seqs[-1] == head)
        assert listener.seqs == list(range(index * 7 + 1, head + 1))


async def test_reader_ahead_of_the_hub_gets_no_event_twice(dsn, pool, relay):
    behind = hub_module.Hub(dsn)
    async with running(behind):
        await until(lambda: behind.health.connected)
        here = behind.at
        await behind._connection.stop()  # it reads no further for now
        await hold(pool, wish(0))
        head = await sequenced(pool)
        assert await behind.known(Cursor(here.epoch, head), pool)
        assert not await behind.known(Cursor(here.epoch, head + 1), pool)
        listener = Listener(behind, pool, ADMIN, EVERYTHING, Cursor(here.epoch, head - 1))
        await until(lambda: behind.health.streams)
        await behind.start()
        await until(lambda: behind.health.head == head)
        await until(lambda: listener.seqs)
        assert listener.seqs == [head]
        await listener.stop()


async def test_whoever_relays_and_whoever_reads_each_event_is_told_once(dsn, pool, hub, listen):
    """Leaders here and elsewhere take turns, and the hub loses its connection all the while."""
    listener = listen(ADMIN, *EVERYTHING)
    here, elsewhere = Relay(dsn), Relay(dsn)
    led = set()
    async with running(here, elsewhere), asyncio.timeout(60):
        traffic = asyncio.create_task(churn(pool, range(120)))
        while not traffic.done() or len(led) < 2:
            led |= {relay for relay in (here, elsewhere) if relay.health.leader}
            await pool.execute(
                """
                select pg_terminate_backend(pid) from pg_stat_activity
                 where datname = current_database() and random() < 0.5
                   and application_name in ('chairtime hub', 'chairtime relay')
                """
            )
            await asyncio.sleep(0.05)
        await traffic
        head = await sequenced(pool)
        await until(lambda: listener.seqs[-1:] == [head])
    assert listener.seqs == list(range(1, head + 1))
    assert_each_once_in_order(changes(listener), await committed(pool))


async def test_when_the_listening_connection_is_ended_the_streams_catch_up(
    pool, relay, hub, listen
):
    listener = listen(ADMIN, *EVERYTHING)
    traffic = asyncio.create_task(churn(pool, range(100)))
    ended = 0
    while not traffic.done():
        ended += await pool.fetchval(
            """
            select count(pg_terminate_backend(pid)) from pg_stat_activity
             where datname = current_database() and application_name = 'chairtime hub'
            """
        )
        await asyncio.sleep(0.1)
    await traffic
    assert ended > 3
    head = await sequenced(pool)
    await until(lambda: listener.seqs[-1:] == [head])
    assert listener.seqs == list(range(1, head + 1))


async def test_events_that_the_log_counts_and_does_not_show_are_a_reset(pool, relay, hub, listen):
    """As where Postgres keeps an old list of partitions for a connection."""
    listener = listen(ADMIN, *EVERYTHING)
    await until(lambda: hub.health.connected)
    head = await pool.fetchval("update realtime_epoch set head = head + 5 returning head")
    await until(lambda: "reset" in listener.names())
    reset = listener.frames[listener.names().index("reset")]
    assert reset.data == {"reason": "too_old"}
    assert hub.at.seq == head
    await churn(pool, range(1))
    await until(lambda: listener.seqs[:1] == [head + 1])


async def test_when_the_network_goes_silent_the_streams_catch_up_within_two_seconds(
    dsn, pool, relay
):
    async with proxy(dsn) as network:
        behind = hub_module.Hub(network.dsn)
        async with running(behind):
            await until(lambda: behind.health.connected)
            listener = Listener(behind, pool, ADMIN, EVERYTHING, behind.at)
            await churn(pool, range(5))
            head = await sequenced(pool)
            await until(lambda: listener.seqs[-1:] == [head])
            network.swallow()
            began = perf_counter()
            await hold(pool, wish(5))
            head = await sequenced(pool)
            await until(lambda: listener.seqs[-1:] == [head])
            assert perf_counter() - began < HANG
            assert listener.seqs == list(range(1, head + 1))
            await listener.stop()


async def test_events_whose_notification_is_lost_come_within_a_second(pool, relay, hub, listen):
    source = await pool.fetchval("select pg_get_functiondef('relay_batch'::regproc)")
    silent, dropped = re.subn(r"perform pg_notify\([^;]*;", "null;", source)
    assert dropped == 1
    await pool.execute(silent)
    listener = listen(ADMIN, *EVERYTHING)
    await hold(pool, wish(0))
    relay.wake()
    await until(lambda: len(listener.seqs) == 2, 3)


async def test_a_reader_who_is_too_slow_is_cut_off_and_the_others_go_on(
    pool, relay, hub, listen, monkeypatch
):
    monkeypatch.setattr(stream, "LIMIT", 20)
    monkeypatch.setattr(hub_module, "YIELD_EVERY", 1)
    quick, slow = listen(ADMIN, *EVERYTHING), listen(ADMIN, *EVERYTHING)
    slow.pause()
    await churn(pool, range(30))
    head = await settled(pool, hub)
    await until(lambda: quick.seqs[-1:] == [head])
    assert quick.seqs == list(range(1, head + 1))
    await until(slow.task.done)
    assert slow.cut
    assert hub.health.streams == 1

    got = slow.seqs
    again = listen(ADMIN, *EVERYTHING, at=Cursor(hub.at.epoch, got[-1] if got else 0))
    await until(lambda: again.seqs[-1:] == [head])
    assert got + again.seqs == list(range(1, head + 1))


async def test_slow_reader_gets_the_latest_state_of_each_slot(
    pool, relay, hub, listen, monkeypatch
):
    monkeypatch.setattr(stream, "LIMIT", 40)
    quick, slow = listen(ADMIN, "availability"), listen(ADMIN, "availability")
    await until(lambda: hub.health.streams == 2)
    slow.pause()
    for round in range(20):
        await pool.execute(BOARD, [AMARA, LENA], 4, "held" if round % 2 else "free", round)
        await until(lambda seq=8 * (round + 1): (relay.wake(), quick.seqs[-1:] == [seq])[1])
    slow.go_on()
    await until(lambda: slow.seqs[-1:] == [160])

    assert quick.seqs == list(range(1, 161))
    assert slow.seqs == sorted(set(slow.seqs))
    assert len(slow.seqs) < 60
    assert board(slow.events) == board(quick.events)
    for frame in slow.events:  # wherever it is cut off now, nothing is missing
        seq = frame.data["seq"]
        had = [event for event in slow.events if event.data["seq"] <= seq]
        rest = [event for event in quick.events if event.data["seq"] > seq]
        assert board(had + rest) == board(quick.events)


async def test_that_a_long_visit_is_over_is_told_though_a_shorter_one_begins_when_it_did(
    pool, relay, hub, listen, monkeypatch
):
    monkeypatch.setattr(stream, "LIMIT", 8)
    slow = listen(ADMIN, "availability")
    await until(lambda: hub.health.streams)
    slow.pause()
    told = [("booked", 60), ("free", 60), ("held", 20)] + 8 * [("free", 90)]
    for n, (state, minutes) in enumerate(told, 1):
        await pool.execute(
            """
            insert into outbox (topic, kind, entity_id, payload)
            select 'availability', 'slot.' || $2, $1, jsonb_build_object(
                   'starts_at', t, 'ends_at', t + make_interval(mins => $3), 'state', $2::text)
              from cast('2030-01-07T08:00:00Z' as timestamptz) t
            """,
            AMARA,
            state,
            minutes,
        )
        await until(lambda n=n: (relay.wake(), hub.health.head == n)[1])
    slow.go_on()
    await until(lambda: slow.seqs[-1:] == [len(told)])
    assert len(slow.seqs) < len(told)
    assert {1, 2, 3} <= set(slow.seqs)


async def test_a_reader_who_falls_behind_is_told_so_and_goes_on_from_there(
    pool, relay, hub, listen, monkeypatch
):
    monkeypatch.setattr(stream, "LIMIT", 20)
    slow = listen(ADMIN, *EVERYTHING)
    slow.pause()
    await churn(pool, range(30))
    head = await settled(pool, hub)
    slow.go_on()
    await until(slow.task.done)
    assert slow.names()[-1] == "lagged"
    assert not slow.cut
    again = listen(ADMIN, *EVERYTHING, at=Cursor(hub.at.epoch, slow.seqs[-1] if slow.seqs else 0))
    await until(lambda: again.seqs[-1:] == [head])
    assert slow.seqs + again.seqs == list(range(1, head + 1))


async def test_a_reader_for_whom_a_write_takes_too_long_is_given_up_and_counted(
    pool, relay, hub, listen, monkeypatch
):
    monkeypatch.setattr(stream, "STALLED", 0.2)
    given_up = metrics.EVICTED.labels(reason="stalled")._value
    before = given_up.get()
    quick, stuck = listen(ADMIN, *EVERYTHING), listen(ADMIN, *EVERYTHING)
    stuck.pause()
    await until(stuck.task.done)
    assert stuck.cut
    assert given_up.get() == before + 1
    await hold(pool, wish(0))
    await until(lambda: quick.seqs == [1, 2])
    assert not quick.cut


async def test_a_stream_that_is_opened_while_its_reader_loses_their_rights_ends_too(hub, listen):
    hub.streams.revoke(ANA, None)
    late = listen(patient(ANA), *EVERYTHING)
    await until(late.task.done)
    assert late.names() == ["revoked"]

    hub.streams.revoke(ANA, "patient")
    again, other = listen(patient(ANA), *EVERYTHING), listen(Actor(Role.ADMIN, ANA), *EVERYTHING)
    await until(other.task.done)
    assert other.names() == ["revoked"]
    assert not again.task.done()


async def test_streams_are_told_when_the_database_is_another_one(pool, relay, hub, listen):
    listener = listen(ADMIN, *EVERYTHING)
    await hold(pool, wish(0))
    await settled(pool, hub)
    await pool.execute(
        "update realtime_epoch set epoch = 'restored', head = 0; delete from realtime_events"
    )
    await until(lambda: "reset" in listener.names())
    await hold(pool, wish(1))
    await settled(pool, hub)
    await until(lambda: len(listener.seqs) == 4)
    reset = listener.frames[listener.names().index("reset")]
    assert (reset.id, reset.data) == ("restored:0", {"reason": "epoch"})
    assert [frame.id for frame in listener.events][-2:] == ["restored:1", "restored:2"]


async def test_streams_are_told_when_the_log_was_cut_before_they_had_read_it(
    pool, relay, hub, listen
):
    listener = listen(ADMIN, *EVERYTHING)
    await until(lambda: hub.health.streams)
    await hub._connection.stop()
    await hold(pool, wish(0))
    await hold(pool, wish(1))
    await sequenced(pool)
    await pool.execute("delete from realtime_events where seq <= 2")
    await hub.start()
    await until(lambda: len(listener.seqs) == 2)
    assert listener.names()[:1] == ["reset"]
    assert listener.frames[0].data == {"reason": "too_old"}
    assert listener.seqs == [3, 4]


async def test_a_closing_hub_says_bye_after_what_is_due_and_opens_no_more(pool, relay, hub, listen):
    listener = listen(ADMIN, *EVERYTHING)
    await hold(pool, wish(0))
    await settled(pool, hub)
    await hub.close()
    await until(listener.task.done)
    assert listener.names()[-1] == "bye"
    assert listener.frames[-1].retry > 0
    assert listener.seqs == [1, 2]
    assert hub.health.streams == 0
