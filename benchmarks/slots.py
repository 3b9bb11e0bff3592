"""Server time of a slot search, of a list page and of authentication, with small and large tables,
from the request's arrival in the application to the last byte of the answer. Has its own database.
"""

import asyncio
import json
import os
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from fastapi import FastAPI

from api.app import create_app
from api.auth import development
from benchmarks import callers
from benchmarks.bench import Plan
from benchmarks.figures import Result, Row, Target, percentile
from db import demo
from db.migrate import migrate
from db.pool import connect
from embedded import stack
from settings import Settings

NAME = "slots"
ABOUT = "server time of a search over 7 days (5 clinics, 50 dentists, 50 chairs) and of a list page"
LARGE = 1_000_000
ONE, ALL, PAGE = "one dentist", "all 50 dentists", "a page of 50 appointments"
TALK = "find_slots over 50 dentists and 14 days"
CALLS = {ONE: (400, 100), ALL: (60, 20), PAGE: (200, 60), TALK: (60, 20)}
BOUNDS = {ONE: 3.0, ALL: 40.0, PAGE: 8.0, TALK: 80.0}

PEOPLE = """
insert into clinics (id, name, time_zone, slot_grid_minutes)
select md5('clinic' || c)::uuid, 'Clinic ' || c, 'Europe/Berlin', 15 from generate_series(1, 5) c;
insert into appointment_types (id, clinic_id, slug, name, duration, buffer_after, needs_chair)
select md5('type' || c.id)::uuid, c.id, 'visit', 'Visit', '30 min', '5 min', true
  from clinics c where c.name like 'Clinic %';
insert into profiles (id, role, full_name)
select md5('dentist' || n)::uuid, 'dentist', 'Dentist ' || n from generate_series(1, 50) n;
insert into profiles (id, role, full_name) values (md5('patient')::uuid, 'patient', 'Patient');
insert into resources (clinic_id, kind, profile_id, name)
select md5('clinic' || 1 + n % 5)::uuid, 'dentist', md5('dentist' || n)::uuid, n::text
  from generate_series(1, 50) n;
insert into resources (clinic_id, kind, name)
select md5('clinic' || 1 + n % 5)::uuid, 'chair', n::text from generate_series(1, 50) n;
insert into dentists (profile_id, resource_no, clinic_id, specialty)
select r.profile_id, r.no, r.clinic_id, 'General' from resources r
  join clinics c on c.id = r.clinic_id where r.kind = 'dentist' and c.name like 'Clinic %';
insert into weekly_hours (resource_no, weekday, starts, ends)
select d.resource_no, w, h.starts, h.ends from dentists d join clinics c on c.id = d.clinic_id,
       generate_series(0, 6) w,
       (values (time '08:00', time '12:00'), ('13:00', '18:00')) h(starts, ends)
 where c.name like 'Clinic %';
"""

VISITS = """
create temporary table visit on commit drop as
select gen_random_uuid() as id, d.profile_id, d.resource_no, d.clinic_id, ch.no as chair,
       date_trunc('day', now()) + make_interval(days => day, hours => 7 + hour) as starts_at
  from dentists d
  join resources r on r.no = d.resource_no
  join resources ch on ch.clinic_id = d.clinic_id and ch.kind = 'chair' and ch.name = r.name,
       generate_series({first}, {last}) day, generate_series(0, {a_day} - 1) hour;
insert into appointments (id, clinic_id, dentist_id, patient_id, type_id, status, starts_at,
       ends_at, policy, caller, maker, verb, actor, via)
select v.id, v.clinic_id, v.profile_id, md5('patient')::uuid, md5('type' || v.clinic_id)::uuid,
       '{status}', v.starts_at, v.starts_at + interval '30 min', '{{}}', md5('patient')::uuid,
       'patient', 'confirm', 'system', 'sweep'
  from visit v;
insert into slot_reservations (appointment_id, resource_no, during, active)
select v.id, no, tstzrange(v.starts_at, v.starts_at + interval '35 min'), is_live('{status}')
  from visit v, unnest(array[v.resource_no, v.chair]) no;
"""
Query = str | dict[str, Any]
"""A query string, or the body of a POST."""

WHOSE = "select profile_id::text from dentists where specialty = 'General' limit 1"


async def measure(plan: Plan) -> tuple[Result, dict[str, Any]]:
    """The figures, and the sizes of the tables."""
    with stack.postgres() as running:
        return await _over(running, plan)


async def _over(running: stack.RunningPostgres, plan: Plan) -> tuple[Result, dict[str, Any]]:
    dsn = running.dsn()
    await migrate(dsn)
    admin = await connect(running.superuser_dsn("chairtime"), "bench")
    await demo.load(admin)
    await admin.execute(PEOPLE)
    await _add(admin, 1, 7, 3, "booked")
    result = Result(NAME, ABOUT)
    settings = Settings(environment="development", database_url=dsn, metrics_port=0)
    async with _app(settings) as app:
        sizes = [await _asked(app, admin, settings, result, plan)]
        await _add(admin, 8, 400, 8, "booked")
        left = LARGE - await admin.fetchval("select count(*) from appointments")
        await _add(admin, -left // 400, -1, 8, "completed")
        sizes.append(await _asked(app, admin, settings, result, plan))
        for _ in range(plan.repetitions):
            await callers.measure(app, settings, result)
    _compare(result)
    await admin.close()
    return result, {"table_rows": sizes}


async def _add(admin: Any, first: int, last: int, a_day: int, status: str) -> None:
    """Inserts visits of all dentists, without running triggers."""
    async with admin.transaction():
        await admin.execute("set local session_replication_role = replica")
        await admin.execute("set local statement_timeout = 0")
        visits = VISITS.format(first=first, last=last, a_day=a_day, status=status)
        await admin.execute(visits, timeout=1200)
    await admin.execute("analyze", timeout=120)
    await admin.execute("checkpoint", timeout=120)  # else it comes while reads are measured


async def _asked(
    app: FastAPI, admin: Any, settings: Settings, result: Result, plan: Plan
) -> dict[str, int]:
    tables = ("appointments", "slot_reservations")
    size = {name: await admin.fetchval(f"select count(*) from {name}") for name in tables}
    tomorrow = await admin.fetchval("select current_date + 1")
    query = f"appointment_type=visit&days=7&date={tomorrow}"
    asked: dict[str, tuple[str, Query]] = {
        ONE: (f"/api/availability/{await admin.fetchval(WHOSE)}/slots", query),
        ALL: ("/api/availability/slots", f"{query}&limit=20000"),
        PAGE: ("/api/appointments", f"limit=50&from={tomorrow}T00:00:00Z"),
        TALK: ("/api/chatbot/find_slots", {"appointment_type": "visit", "days": 14}),
    }
    token = development.token(settings, "admin")
    for _ in range(plan.repetitions):
        for what, (path, wanted) in asked.items():
            took, cpu, length = await _calls(app, path, wanted, token, plan.count(*CALLS[what]))
            name = f"{what}, {size['appointments']:,} appointments"
            row = result.row(name, Target("p50_ms", "≤", BOUNDS[what]))
            p50, p99 = percentile(took, 50), percentile(took, 99)
            row.add(p50_ms=p50, p99_ms=p99, least_ms=min(took), cpu_ms=cpu, kib=length / 1024)
    return size


async def _calls(
    app: FastAPI, path: str, query: Query, token: str, count: int
) -> tuple[list[float], float, int]:
    """Milliseconds of each call, CPU milliseconds per call, and the bytes of the answer."""
    for _ in range(10):
        await _call(app, path, query, token)
    took, cpu = [], time.process_time()
    for _ in range(count):
        began = time.perf_counter()
        status, length = await _call(app, path, query, token)
        assert status == 200, status
        took.append((time.perf_counter() - began) * 1000)
    return took, (time.process_time() - cpu) / count * 1000, length


async def _call(app: FastAPI, path: str, query: Query, token: str) -> tuple[int, int]:
    """Calls the application directly, without a network. Returns status and length."""
    body = json.dumps(query).encode() if isinstance(query, dict) else b""
    headers = [(b"authorization", f"Bearer {token}".encode()), (b"host", b"bench")]
    if body:
        length_header = (b"content-length", str(len(body)).encode())
        headers += [(b"content-type", b"application/json"), length_header]
    scope = {
        "type": "http",
        "method": "POST" if body else "GET",
        "path": path,
        "raw_path": path.encode(),
        "query_string": query.encode() if isinstance(query, str) else b"",
        "headers": headers,
        "scheme": "http",
        "http_version": "1.1",
        "client": ("127.0.0.1", 1),
        "server": ("127.0.0.1", 80),
    }
    status, length = 0, 0
    sent: list[bytes] = []

    async def receive() -> dict[str, Any]:
        if sent:
            await asyncio.Event().wait()  # the client stays connected
        sent.append(body)
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(message: Any) -> None:
        nonlocal status, length
        status = message.get("status", status)
        length += len(message.get("body", b""))

    await app(scope, receive, send)
    return status, length


@asynccontextmanager
async def _app(settings: Settings) -> AsyncIterator[FastAPI]:
    os.environ["TEMPORAL_ADDRESS"] = "127.0.0.1:1"
    app = create_app(settings)
    async with app.router.lifespan_context(app):
        yield app


def _compare(result: Result) -> None:
    rows: list[Row] = [row for row in result.rows.values() if row.what.startswith(ONE)]
    small, large = (row.figures["p50_ms"] for row in rows)
    row = result.row(f"{ONE}, large beside small", Target("ratio", "≤", 1.3))
    for pair in zip(small, large, strict=True):
        row.add(ratio=pair[1] / pair[0])
