"""What must be true of the system as a client sees it, through the proxy."""

import asyncio
import ssl
import time
from collections.abc import Awaitable, Callable

import httpx2

from tests.rehearsal import load
from tests.rehearsal.load import History
from tests.rehearsal.practice import VISIT, Practice
from tests.rehearsal.rehearsal import JUDGE
from tests.rehearsal.stack import HTTP, HTTPS, URL, Stack

CALLERS = 50
TOOLS = "/tools/temporal/"


async def http_leads_to_https(practice: Practice, stack: Stack) -> str:
    async with httpx2.AsyncClient() as plain:
        answer = await plain.get(f"http://localhost:{HTTP}/livez")
    assert answer.status_code == 308, answer
    assert answer.headers["location"] == "https://localhost/livez"
    return "308 to https"


async def http2_is_spoken(practice: Practice, stack: Stack) -> str:
    context = stack.tls()
    context.set_alpn_protocols(["h2", "http/1.1"])
    _, writer = await asyncio.open_connection("localhost", HTTPS, ssl=context)
    chosen = writer.get_extra_info("ssl_object").selected_alpn_protocol()
    writer.close()
    assert chosen == "h2"
    assert context.minimum_version >= ssl.TLSVersion.TLSv1_2
    return "h2 by ALPN"


async def nothing_but_the_proxy_is_published(practice: Practice, stack: Stack) -> str:
    open_to = {
        each.service: sorted(
            port for port, to in each.inspected["NetworkSettings"]["Ports"].items() if to
        )
        for each in stack.containers()
        if any((each.inspected["NetworkSettings"]["Ports"] or {}).values())
    }
    assert open_to == {"proxy": ["8080/tcp", "8443/tcp"]}, open_to
    return "only the proxy"


async def every_container_is_contained(practice: Practice, stack: Stack) -> str:
    for each in stack.containers():
        host, user = each.inspected["HostConfig"], each.inspected["Config"]["User"]
        assert host["ReadonlyRootfs"], each.name
        assert host["CapDrop"] == ["ALL"], each.name
        assert host["Memory"] > 0, each.name
        assert each.service == "secrets" or user.partition(":")[0] not in ("", "0", "root"), (
            each.name
        )
    return f"{len(stack.containers())} containers: read-only, no capabilities, limits, no root"


async def the_api_cannot_read_other_secrets(practice: Practice, stack: Stack) -> str:
    api = stack.of("api")[0].name
    names = stack.engine.docker("exec", api, "ls", "/run/secrets").stdout.split()
    assert names == ["database_url", "hold_token_secret", "webhook_secret"], names
    return ", ".join(names)


async def the_application_is_no_superuser(practice: Practice, stack: Stack) -> str:
    query = "select string_agg(rolname, ',') from pg_roles where rolcanlogin and rolsuper"
    for service in ("postgres", "temporal-postgres"):
        found = stack.compose("exec", "-T", service, "psql", "-U", "postgres", "-Atc", query).stdout
        assert found.strip() == "postgres", found
    return "superuser: postgres only, used by nobody"


async def a_visit_is_booked_and_cancelled(practice: Practice, stack: Stack) -> str:
    history = History()
    for _ in range(10):
        await load.book(practice, history)
    assert not history.refused, history.refused
    assert not history.lost
    return f"{len(history.ended)} visits"


async def one_of_many_callers_gets_the_slot(practice: Practice, stack: Stack) -> str:
    body = {**practice.slot(), "appointment_type": VISIT}
    history = History()
    place = "/api/availability/reserve"
    callers = [
        load.call(practice, history, practice.patient(), "hold", place, body)
        for _ in range(CALLERS)
    ]
    got = [answer for answer in await asyncio.gather(*callers) if answer]
    assert len(got) == 1, got
    assert history.refused == {"hold slot_unavailable": CALLERS - 1}, history.refused
    return f"1 of {CALLERS}, after {sum(history.repeated.values())} repeats"


async def events_pass_the_proxy_at_once(practice: Practice, stack: Stack) -> str:
    """An event is read while the stream is open, and its delay is far below a heartbeat's."""
    history, delays = History(), []
    headers = practice.headers("admin", "first")
    async with practice.http.stream(
        "GET", "/api/events?topics=appointments", headers=headers
    ) as stream:
        assert stream.status_code == 200
        lines = stream.aiter_lines()
        async with asyncio.timeout(10):
            async for line in lines:
                if line.startswith("event: ready"):
                    break
        for _ in range(10):
            patient = practice.patient()
            body = {**practice.slot(), "appointment_type": VISIT}
            held = await load.call(
                practice, history, patient, "hold", "/api/availability/reserve", body
            )
            answered = time.monotonic()
            assert held
            async with asyncio.timeout(5):
                async for line in lines:
                    if held["id"] in line:
                        break
            delays.append(time.monotonic() - answered)
    delays.sort()
    return f"from answer to event: median {delays[5] * 1000:.0f} ms, max {delays[-1] * 1000:.0f} ms"


async def tools_are_open_to_admins_only(practice: Practice, stack: Stack) -> str:
    async def status(role: str | None) -> int:
        async with httpx2.AsyncClient(base_url=URL, verify=stack.tls()) as browser:
            if role:
                headers = practice.headers(role, "first")
                opened = await browser.post("/api/admin/tools", headers=headers)
                assert opened.status_code == (204 if role == "admin" else 403)
            answer = await browser.get(TOOLS)
            if answer.status_code == 200:
                assert "<html" in answer.text.lower()
                listed = await browser.get(f"{TOOLS}api/v1/namespaces?pageSize=10")
                assert "default" in listed.text
            return answer.status_code

    found = {role: await status(role) for role in ("admin", "patient", None)}
    assert found == {"admin": 200, "patient": 401, None: 401}, found
    async with httpx2.AsyncClient(base_url=URL, verify=stack.tls()) as browser:
        token = practice.token("patient", "first")
        forged = await browser.get(TOOLS, headers={"Cookie": f"chairtime_tools={token}"})
    assert forged.status_code == 403, forged
    return "admin 200, patient 403, nobody 401"


async def the_judge_agrees(practice: Practice, stack: Stack) -> str:
    verdict = stack.python(JUDGE, {"ends": {}, "restored": False})
    assert verdict["waiting"] == 0, verdict
    assert verdict["overlaps"] == verdict["released_early"] == 0, verdict
    assert not verdict["workflows_disagree"], verdict
    return f"{verdict['bookings']} rows and workflows agree"


CHECKS: list[Callable[[Practice, Stack], Awaitable[str]]] = [
    nothing_but_the_proxy_is_published,
    every_container_is_contained,
    the_api_cannot_read_other_secrets,
    the_application_is_no_superuser,
    http_leads_to_https,
    http2_is_spoken,
    a_visit_is_booked_and_cancelled,
    one_of_many_callers_gets_the_slot,
    events_pass_the_proxy_at_once,
    tools_are_open_to_admins_only,
    the_judge_agrees,
]
