"""Who cannot stream reads the same, page by page."""

import asyncio

import pytest

from realtime.hub import REPLAYS
from tests.realtime.listening import Frame, sequenced, settled, until
from tests.realtime.test_retention import happen
from tests.realtime.test_streams import NO_CURSORS, NO_TOPICS
from tests.realtime.traffic import churn, wish
from tests.support import HANG, LENA, hold

LOG = "/api/events/log"
READERS = [("admin", "admin"), ("dentist", "amara"), ("patient", "ana"), ("agent", "chatbot")]
TOPICS = ["appointments", "availability", f"availability:{LENA},appointments", None]


def told(frame: Frame) -> tuple[str, str | None, dict]:
    return frame.name, frame.id, {k: v for k, v in frame.data.items() if k != "server_time"}


async def all_pages(http, headers, **query) -> list[Frame]:
    """The whole log after a cursor, by its pages."""
    found: list[Frame] = []
    while True:
        page = (await http.get(LOG, params=query, headers=headers)).json()
        assert page["reset"] is None
        assert page["more"] <= (len(page["items"]) == query["limit"])
        found += [Frame(each["event"], each["id"], each["data"]) for each in page["items"]]
        if not page["more"]:
            return found
        assert page["next"] == page["items"][-1]["id"]
        query["after"] = page["next"]


@pytest.mark.parametrize("topics", TOPICS)
async def test_the_pages_are_what_a_stream_brings(api, http, stream, as_, pool, topics):
    asked = {"topics": topics} if topics else {}
    begin = (await http.get(LOG, headers=as_("admin", "admin"))).json()["next"]
    await churn(pool, range(40))
    head = await settled(pool, api.hub)
    for reader in READERS:
        path = "&".join(["/api/events?cursor=" + begin, *(f"topics={t}" for t in asked.values())])
        client = await stream(path, as_(*reader))
        pages = await all_pages(http, as_(*reader), after=begin, limit=7, **asked)
        await until(lambda client=client, pages=pages: len(client.events) >= len(pages))
        assert [told(frame) for frame in client.events] == [told(frame) for frame in pages]
        assert all(frame.data["seq"] <= head for frame in pages)
    everything = await all_pages(http, as_("admin", "admin"), after=begin, limit=1000)
    assert [frame.data["seq"] for frame in everything] == list(range(1, head + 1))


async def test_where_nothing_is_new_the_next_page_begins_where_the_last_one_ended(
    api, http, as_, pool
):
    headers = as_("admin", "admin")
    first = (await http.get(LOG, headers=headers)).json()
    assert (first["items"], first["more"], first["reset"]) == ([], False, None)
    again = (await http.get(LOG, params={"after": first["next"]}, headers=headers)).json()
    assert again == first

    await hold(pool, wish(0))
    head = await settled(pool, api.hub)
    page = (await http.get(LOG, params={"after": first["next"]}, headers=headers)).json()
    assert [each["data"]["seq"] for each in page["items"]] == [1, 2]
    assert page["next"].endswith(f":{head}")


async def test_the_cursor_moves_on_over_what_is_not_one_s_own(api, http, as_, pool):
    begin = (await http.get(LOG, headers=as_("patient", "ana"))).json()["next"]
    await happen(pool, 5)
    head = await settled(pool, api.hub)
    page = (
        await http.get(
            LOG, params={"after": begin, "topics": "appointments"}, headers=as_("patient", "ana")
        )
    ).json()
    assert page["items"] == []
    assert page["next"].endswith(f":{head}")


async def test_a_cursor_that_another_process_gave_out_is_good_here_before_its_events_are(
    api, http, as_, pool
):
    await api.hub._connection.stop()  # it reads no further for now
    await hold(pool, wish(0))
    head = await sequenced(pool)
    ahead = f"{api.hub.at.epoch}:{head}"
    page = (await http.get(LOG, params={"after": ahead}, headers=as_("admin", "admin"))).json()
    assert page == {"items": [], "next": ahead, "more": False, "reset": None}
    await api.hub.start()


@pytest.mark.parametrize("cursor", NO_CURSORS)
async def test_unknown_cursor_resets_the_page(api, http, as_, pool, cursor):
    epoch = await pool.fetchval("select epoch from realtime_epoch")
    after = cursor.replace("{epoch}", epoch)
    answer = await http.get(LOG, params={"after": after}, headers=as_("admin", "admin"))
    page = answer.json()
    assert (page["items"], page["reset"]) == ([], "unknown_cursor")
    assert page["next"] == str(api.hub.at)


async def test_a_cursor_that_is_too_old_means_reset(api, http, as_, pool):
    for number in range(3):
        await hold(pool, wish(number))
    head = await settled(pool, api.hub)
    await pool.execute("delete from realtime_events where seq <= 3")
    api.hub.pages.forget()
    epoch = api.hub.at.epoch
    headers = as_("admin", "admin")
    old = (await http.get(LOG, params={"after": f"{epoch}:2"}, headers=headers)).json()
    assert (old["items"], old["reset"], old["next"]) == ([], "too_old", f"{epoch}:{head}")
    oldest = (await http.get(LOG, params={"after": f"{epoch}:3"}, headers=headers)).json()
    assert [each["data"]["seq"] for each in oldest["items"]] == list(range(4, head + 1))


@pytest.mark.parametrize("topics", NO_TOPICS)
async def test_unknown_topics_are_refused(http, as_, topics):
    answer = await http.get(LOG, params={"topics": topics}, headers=as_("admin", "admin"))
    assert answer.json()["code"] == "validation_failed"


@pytest.mark.real_timeouts
async def test_replay_is_503_with_retry_after_when_all_replays_are_busy(api, http, as_, pool):
    await hold(pool, wish(0))
    await settled(pool, api.hub)
    api.hub.pages.forget()
    for _ in range(REPLAYS):
        await api.hub.replays.acquire()
    async with asyncio.timeout(HANG):
        answer = await http.get(
            LOG, params={"after": f"{api.hub.at.epoch}:0"}, headers=as_("admin")
        )
    assert (answer.status_code, answer.json()["code"]) == (503, "unavailable")
    assert answer.headers["Retry-After"]
