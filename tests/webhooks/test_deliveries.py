"""Events reach a bot's backend: each once by id, signed, and only while its owner may see them."""

import asyncio

import jsonschema_rs

from tests.webhooks.receiver import OK, status
from tests.workflows.desk import until


async def test_each_event_arrives_once_by_id_with_a_valid_signature(backend, bot, receiver):
    await bot.subscribe(receiver.url)
    async with backend.running():
        held = await bot.hold()
        await bot.release(held)
        await receiver.gets(lambda it: len(it.calls) == 2)
    assert [call.kind for call in receiver.calls] == ["appointment.held", "appointment.released"]
    assert all(call.verified(bot.secret) for call in receiver.calls)
    assert {call.body["entity_id"] for call in receiver.calls} == {held["id"]}
    assert len({call.id for call in receiver.calls}) == 2


async def test_requests_are_as_the_openapi_document_describes_them(backend, bot, receiver):
    await bot.subscribe(receiver.url)
    async with backend.running():
        await bot.hold()
        await bot.ask("POST", f"/api/webhooks/{bot.id}/test")
        await bot.ask("POST", f"/api/webhooks/{bot.id}/rotate-secret")
        await bot.ask("POST", f"/api/webhooks/{bot.id}/test")
        await receiver.gets(lambda it: len(it.calls) == 3)
    document = await bot.ask("GET", "/openapi.json")
    described = document["webhooks"]["event"]["post"]
    content = described["requestBody"]["content"]["application/json"]
    components = {"components": document["components"]}
    body = jsonschema_rs.Draft202012Validator(content["schema"] | components, validate_formats=True)
    headers = {each["name"]: each["schema"] for each in described["parameters"]}
    bodies = [call.body for call in receiver.calls]
    for each in (*bodies, *(example["value"] for example in content["examples"].values())):
        assert [error.message for error in body.iter_errors(each)] == []
    for call in receiver.calls:
        assert {name for name in call.headers if name.startswith("webhook-")} == set(headers)
        for name, schema in headers.items():
            jsonschema_rs.validate(schema, call.headers[name])
    assert {each["kind"] for each in bodies} == {"appointment.held", "webhook.ping"}


async def test_a_body_is_the_event_of_the_stream(backend, bot, receiver, api):
    async def hub_is_ready():
        return (await api.get("/api/events/log", headers=bot.headers)).status_code == 200

    await until(hub_is_ready)
    start = (await bot.ask("GET", "/api/events/log"))["next"]
    await bot.subscribe(receiver.url, "appointments", "availability", "profiles")
    async with backend.running():
        await bot.hold()
        await receiver.gets(lambda it: len(it.calls) == 3)
    page = await bot.ask("GET", f"/api/events/log?after={start}")

    def content(data):
        return {name: value for name, value in data.items() if name != "server_time"}

    assert [content(call.body) for call in receiver.calls] == [
        content(item["data"]) for item in page["items"]
    ]
    assert "Novak" not in str(receiver.calls)


async def test_receiver_that_fails_for_a_while_gets_each_event_once_by_id(backend, bot, receiver):
    fails = [500, 503, 404, 429, 500]
    receiver.answer = lambda _: status(fails.pop()) if fails else OK
    await bot.subscribe(receiver.url)
    async with backend.running():
        for hour in (9, 10, 11):
            await bot.hold(hour)

        async def all_delivered():
            found = await bot.deliveries("?status=delivered")
            return len(found) == 3

        await until(all_delivered)
    assert len(receiver.calls) == 8
    assert len({call.id for call in receiver.calls}) == 3
    assert all(call.verified(bot.secret) for call in receiver.calls)
    assert "failing_since" not in await bot.endpoint()
    assert sum(each["attempts"] for each in await bot.deliveries()) == 8


async def test_later_events_of_a_booking_wait_for_the_earlier_others_do_not(backend, bot, receiver):
    await bot.subscribe(receiver.url)
    stuck = await bot.hold(9)
    await bot.release(stuck)
    await bot.hold(10)
    failing = True
    receiver.answer = lambda call: (
        status(500) if failing and call.body["entity_id"] == stuck["id"] else OK
    )
    async with backend.running():
        await receiver.gets(lambda it: any(c.body["entity_id"] != stuck["id"] for c in it.calls))
        of_stuck = {c.kind for c in receiver.calls if c.body["entity_id"] == stuck["id"]}
        assert of_stuck == {"appointment.held"}
        failing = False
        await receiver.gets(lambda it: it.calls[-1].kind == "appointment.released")


async def test_kinds_and_topics_narrow_what_is_sent(backend, bot, receiver):
    await bot.subscribe(receiver.url, "appointments", kinds=["appointment.released"])
    async with backend.running():
        await bot.release(await bot.hold(9))
        await bot.release(await bot.hold(10))
        await receiver.gets(lambda it: len(it.calls) == 2)
    assert {call.kind for call in receiver.calls} == {"appointment.released"}


async def test_an_agent_gets_no_event_that_it_may_not_see(backend, bot, receiver, api, as_):
    await bot.subscribe(receiver.url, "appointments", "profiles")
    async with backend.running():
        other = type(bot)(api, as_("admin"))
        await other.hold(11)
        await bot.hold(9)
        await receiver.gets(lambda it: it.calls)
        await receiver.gets(lambda it: it.calls[-1].kind == "appointment.held")
    assert {call.body["entity_id"] for call in receiver.calls} & {other.patient} == set()
    assert [c.kind for c in receiver.calls] == ["profile.created", "appointment.held"]


async def test_an_event_is_not_sent_if_the_grant_was_revoked_meanwhile(
    backend, bot, receiver, pool
):
    await bot.subscribe(receiver.url)
    held = await bot.hold(9)
    async with backend.feeding():
        await until(lambda: _count(pool, 1))
        await pool.execute("update profiles set created_as = 'dentist' where id = $1", bot.patient)
        async with backend.working():
            await until(lambda: _count(pool, 0))
    assert receiver.calls == []
    assert held["id"] not in str(await bot.deliveries())


async def test_a_deactivated_owner_gets_nothing_more(backend, bot, receiver, pool):
    await bot.subscribe(receiver.url)
    async with backend.feeding():
        await bot.hold(9)
        await until(lambda: _count(pool, 1))
        await pool.execute("update profiles set active = false where role = 'agent'")
        async with backend.working():
            await until(lambda: _disabled(pool, "owner_lost_access"))
    assert receiver.calls == []


async def test_events_from_before_the_subscription_are_not_sent(backend, bot, receiver, pool):
    await bot.hold(9)
    await until(lambda: _relayed(pool))
    await bot.subscribe(receiver.url)
    async with backend.running():
        await bot.hold(10)
        await receiver.gets(lambda it: it.calls)
    assert len(receiver.calls) == 1


async def test_slow_receiver_delays_no_other(backend, bot, receiver, api, as_):
    slow = asyncio.Event()

    async def wait(call):
        if call.path == "/slow":
            await slow.wait()
        return OK

    receiver.answer = wait
    await bot.subscribe(receiver.url.replace("/events", "/slow"))
    await bot.subscribe(receiver.url)
    async with backend.running():
        await bot.hold(9)
        await bot.hold(10)
        await receiver.gets(
            lambda it: (
                [c.path for c in it.calls if c.path == "/events"] == ["/events"] * 2
                and any(c.path == "/slow" for c in it.calls)
            )
        )
        assert [c.path for c in receiver.calls].count("/slow") == 1
        slow.set()
        await receiver.gets(lambda it: [c.path for c in it.calls].count("/slow") == 2)


async def test_receiver_that_does_not_answer_is_tried_again(backend, bot, receiver):
    hanging = [True]
    never = asyncio.Event()

    async def hang_once(call):
        if hanging:
            hanging.pop()
            await never.wait()
        return OK

    receiver.answer = hang_once
    await bot.subscribe(receiver.url)
    async with backend.running(timeout=0.3):
        await bot.hold(9)
        await receiver.gets(lambda it: len(it.calls) == 2)
    assert len({call.id for call in receiver.calls}) == 1


async def test_an_endless_answer_counts_by_its_status(backend, bot, receiver):
    receiver.answer = lambda _: (
        b"HTTP/1.1 200 OK\r\nContent-Length: 9999999999\r\n\r\n" + b"x" * 10**6
    )
    await bot.subscribe(receiver.url)
    async with backend.running():
        await bot.hold(9)

        async def delivered():
            return [d["status"] for d in await bot.deliveries()] == ["delivered"]

        await until(delivered)
    assert len(receiver.calls) == 1


async def test_endless_headers_count_as_a_failure(backend, bot, receiver):
    receiver.answer = lambda _: b"HTTP/1.1 200 OK\r\n" + b"X-More: y\r\n" * 10**5
    await bot.subscribe(receiver.url)
    async with backend.running():
        await bot.hold(9)
        await receiver.gets(lambda it: len(it.calls) >= 2)

        async def noted():
            return (await bot.deliveries())[0].get("outcome") == "unreachable"

        await until(noted)


async def test_redirects_are_not_followed(backend, bot, receiver):
    receiver.answer = lambda _: status(301, f"Location: {receiver.url}/elsewhere")
    await bot.subscribe(receiver.url)
    async with backend.running():
        await bot.hold(9)
        await receiver.gets(lambda it: len(it.calls) >= 2)

        async def noted():
            return (await bot.deliveries())[0].get("outcome") == "redirect"

        await until(noted)
    assert {call.path for call in receiver.calls} == {"/events"}


async def test_endpoint_deleted_during_a_delivery_gets_no_more(backend, bot, receiver, pool):
    async def delete_it(call):
        await bot.ask("DELETE", f"/api/webhooks/{bot.id}")
        return status(500)

    receiver.answer = delete_it
    await bot.subscribe(receiver.url)
    async with backend.running():
        await bot.hold(9)
        await bot.hold(10)
        await receiver.gets(lambda it: it.calls)
        await until(lambda: _count(pool, 0))
        first, receiver.answer = bot.id, lambda _: OK
        await bot.subscribe(receiver.url)
        await bot.hold(11)
        await receiver.gets(lambda it: len(it.calls) == 2)
    assert first != bot.id


async def _count(pool, wanted: int) -> bool:
    return await pool.fetchval("select count(*) from webhook_deliveries") == wanted


async def _relayed(pool) -> bool:
    return await pool.fetchval("select count(*) from outbox") == 0


async def _disabled(pool, reason: str) -> bool:
    return await pool.fetchval("select disabled_reason from webhook_endpoints") == reason
