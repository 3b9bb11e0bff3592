"""The routes of webhooks: secrets, rotation, replay, bounds."""

import json
import logging

import pytest
from standardwebhooks import WebhookVerificationError

from domain.webhooks import ENDPOINTS_PER_OWNER
from tests.workflows.desk import until

URL = "https://bot.example/events"


async def test_secret_is_shown_once_and_stored_nowhere(bot, pool, caplog):
    caplog.set_level(logging.DEBUG)
    key = {"Idempotency-Key": "k"}
    body = {"url": URL, "topics": ["appointments"]}
    made = await bot.ask("POST", "/api/webhooks", body, **key)
    assert made["secret"].startswith("whsec_")
    assert (await bot.ask("POST", "/api/webhooks", body, **key)) == made
    bot.id = made["id"]
    await bot.ask("PUT", f"/api/webhooks/{bot.id}", {"description": "x"})
    answers = [await bot.endpoint(), await bot.ask("GET", "/api/webhooks")]
    assert "whsec_" not in json.dumps(answers)
    part = made["secret"].removeprefix("whsec_")
    for table in await pool.fetch(
        "select table_name from information_schema.tables where table_schema = 'chairtime'"
    ):
        rows = await pool.fetch(f"select to_jsonb(t)::text from {table['table_name']} t")
        assert part not in str(rows)
    assert part not in caplog.text


async def test_both_secrets_verify_during_the_overlap_of_a_rotation(backend, bot, receiver, pool):
    await bot.subscribe(receiver.url)
    old = bot.secret
    rotated = await bot.ask("POST", f"/api/webhooks/{bot.id}/rotate-secret", {"overlap_hours": 1})
    new = rotated["secret"]
    assert new != old
    async with backend.running():
        await bot.hold(9)
        await receiver.gets(lambda it: len(it.calls) == 1)
        await pool.execute(
            "update webhook_endpoints set previous_secret_until = now() - interval '1 second'"
        )
        await bot.hold(10)
        await receiver.gets(lambda it: len(it.calls) == 2)
        await bot.ask("POST", f"/api/webhooks/{bot.id}/rotate-secret", {"overlap_hours": 0})
        await bot.hold(11)
        await receiver.gets(lambda it: len(it.calls) == 3)
    during, after, without = receiver.calls
    assert during.verified(old, new)
    assert len(during.headers["webhook-signature"].split()) == 2
    assert after.verified(new)
    for call, secret in ((after, old), (without, new)):
        with pytest.raises(WebhookVerificationError):
            call.verified(secret)


async def test_ping_arrives_and_a_replay_has_the_same_id(backend, bot, receiver):
    await bot.subscribe(receiver.url)
    queued = await bot.ask("POST", f"/api/webhooks/{bot.id}/test")
    async with backend.running():
        await receiver.gets(lambda it: it.calls)

        async def noted():
            return (await bot.deliveries())[0]["status"] == "delivered"

        await until(noted)
        path = f"/api/webhooks/{bot.id}/deliveries/{queued['id']}/replay"
        assert (await bot.ask("POST", path))["status"] == "pending"
        await receiver.gets(lambda it: len(it.calls) == 2)
        await until(noted)
    assert [call.kind for call in receiver.calls] == ["webhook.ping"] * 2
    assert {call.id for call in receiver.calls} == {queued["id"]}
    assert all(call.verified(bot.secret) for call in receiver.calls)
    (logged,) = await bot.deliveries()
    assert (logged["attempts"], logged["http_status"]) == (2, 204)


async def test_the_delivery_log_has_pages(backend, bot, receiver):
    await bot.subscribe(receiver.url)
    sent = [(await bot.ask("POST", f"/api/webhooks/{bot.id}/test"))["id"] for _ in range(5)]
    path, found, cursor = f"/api/webhooks/{bot.id}/deliveries?limit=2", [], ""
    while cursor is not None:
        page = await bot.ask("GET", path + (cursor and f"&cursor={cursor}"))
        found += [each["id"] for each in page["items"]]
        cursor = page.get("next_cursor")
    assert found == sent[::-1]


async def test_endpoints_per_owner_are_limited(bot):
    for _ in range(ENDPOINTS_PER_OWNER):
        await bot.subscribe(URL)
    body = {"url": URL, "topics": ["appointments"]}
    refused = await bot.api.post("/api/webhooks", json=body, headers=bot.headers)
    assert (refused.status_code, refused.json()["code"]) == (403, "forbidden")
    await bot.ask("DELETE", f"/api/webhooks/{bot.id}")
    await bot.subscribe(URL)


@pytest.mark.parametrize(
    "url",
    [
        "ftp://bot.example",
        "bot.example",
        "https://",
        "https:///path",
        "https://user@bot.example",
        "https://user:pass@bot.example",
        "https://bot.example/#part",
        "https://bot.example:22",
        "https://bot.example:99999",
        "https://bot.example:x",
        "https://bot example",
        "https://b\u00fccher.example",
        "https://bot.example\\@evil.example",
        "https://10.0.0.1",
        "https://169.254.169.254/latest/meta-data",
        "https://[fe80::1]",
        "https://[::ffff:10.0.0.1]",
        "https://[::1%25lo]",
        "https://" + "a" * 2000 + ".example",
        "javascript:alert(1)",
    ],
)
async def test_a_url_that_events_are_not_sent_to_is_refused(bot, url):
    body = {"url": url, "topics": ["appointments"]}
    refused = await bot.api.post("/api/webhooks", json=body, headers=bot.headers)
    assert (refused.status_code, refused.json()["errors"][0]["field"]) == (422, "url")


async def test_topics_are_those_of_the_streams(bot):
    for topics in (["nonsense"], ["appointments:7"], [], ["profiles:x"]):
        body = {"url": URL, "topics": topics}
        refused = await bot.api.post("/api/webhooks", json=body, headers=bot.headers)
        assert (refused.status_code, refused.json()["errors"][0]["field"]) == (422, "topics")


async def test_an_endpoint_shown_by_get_can_be_sent_back(bot):
    await bot.subscribe(URL, "availability", "appointments", description="mine")
    shown = await bot.endpoint()
    again = await bot.ask("PUT", f"/api/webhooks/{bot.id}", shown | {"description": "ours"})
    assert again["description"] == "ours"
    assert again["topics"] == ["appointments", "availability"]


async def test_admin_sees_and_switches_off_the_endpoint_of_an_agent(bot, api, as_):
    await bot.subscribe(URL)
    admin = type(bot)(api, as_("admin"), id=bot.id)
    assert (await admin.endpoint())["owner_role"] == "agent"
    await admin.ask("PUT", f"/api/webhooks/{bot.id}", {"active": False})
    assert not (await bot.endpoint())["active"]
    refused = await api.post(f"/api/webhooks/{bot.id}/test", headers=bot.headers)
    assert refused.status_code == 403


async def test_the_endpoints_of_an_erased_owner_are_deleted(bot, api, as_, pool):
    await bot.subscribe(URL, description="mine")
    await bot.ask("POST", f"/api/webhooks/{bot.id}/test")
    owner = (await bot.endpoint())["owner_id"]
    erased = await api.post(f"/api/profiles/{owner}/erase", headers=as_("admin"))
    assert erased.status_code == 200
    assert await pool.fetchval("select count(*) from webhook_endpoints") == 0
    assert await pool.fetchval("select count(*) from webhook_deliveries") == 0


async def test_any_change_of_a_switched_off_endpoint_is_possible(bot, pool):
    await bot.subscribe(URL)
    await pool.execute(
        "update webhook_endpoints set active = false, disabled_reason = 'gone', disabled_at = now()"
    )
    path = f"/api/webhooks/{bot.id}"
    assert (await bot.ask("PUT", path, {"description": "x"}))["disabled_reason"] == "gone"
    off = await bot.ask("PUT", path, {"active": False})
    assert "disabled_reason" not in off
    assert (await bot.ask("PUT", path, {"active": True}))["active"]


async def test_test_messages_do_not_pile_up_beyond_the_limit(bot, receiver, pool, monkeypatch):
    monkeypatch.setattr("db.webhook_deliveries.MOST_PENDING", 2)
    await bot.subscribe(receiver.url)
    path = f"/api/webhooks/{bot.id}/test"
    answers = [await bot.api.post(path, headers=bot.headers) for _ in range(4)]
    assert [answer.status_code for answer in answers] == [201, 201, 429, 429]
    assert answers[-1].headers["retry-after"]
    assert await pool.fetchval("select count(*) from webhook_deliveries") == 2


@pytest.mark.parametrize("lost", ["active = false", "role = 'admin'"])
async def test_an_endpoint_whose_owner_lost_access_is_not_switched_on(bot, api, as_, pool, lost):
    await bot.subscribe(URL)
    await pool.execute(f"update profiles set {lost} where role = 'agent'")
    path = f"/api/webhooks/{bot.id}"
    refused = await api.put(path, json={"active": True}, headers=as_("admin"))
    assert (refused.status_code, refused.json()["code"]) == (403, "forbidden")
    described = await api.put(path, json={"description": "x"}, headers=as_("admin"))
    assert described.status_code == 200


@pytest.mark.parametrize(
    "body",
    [
        '{"url": "https://bot.example/\\u0000", "topics": ["appointments"]}',
        '{"url": "https://bot.example/", "topics": ["appointments:\\u0000"]}',
        '{"url": "https://bot.example/", "topics": ["appointments"], "topics": ["all"]}',
        '{"url": "https://bot.example/", "topics": [NaN]}',
        '{"url": "https://[::1", "topics": ["appointments"]}',
        '{"url": "https://a]b/", "topics": ["appointments"]}',
        '{"url": "https://bot.example:99999/", "topics": ["appointments"]}',
        '{"url": "https://bot.example/", "topics": {"a": 1}, "kinds": "all"}',
        '{"url": "https://bot.example/", "topics": ["appointments"], "description": "a\\u0000"}',
    ],
)
async def test_odd_bodies_are_refused_in_plain_words(bot, api, body):
    headers = bot.headers | {"Content-Type": "application/json"}
    refused = await api.post("/api/webhooks", content=body, headers=headers)
    assert (refused.status_code, refused.json()["code"]) == (422, "validation_failed")
