"""An exchange of chairs as callers see it: over HTTP, in the history, by ETag and in the stream."""

from datetime import datetime
from uuid import UUID

from tests.realtime.listening import Frame, until
from tests.realtime.server import Client
from tests.support import AMARA, LENA, MATEO, monday

BOOK = "/api/appointments"


async def test_a_visit_that_gives_its_chair_to_make_room_is_told_to_its_owner(api, http, pool, as_):
    ana, ben = as_("patient", "ana"), as_("patient", "ben")
    await two_chairs_and_visits_of_an_hour(pool)
    first = await book(http, ana, AMARA, monday(9))
    await put_on(pool, first, "Chair 1")
    second = await book(http, ben, LENA, monday(10))
    await put_on(pool, second, "Chair 2")
    streams = {
        first: await Client(http, "/api/events?topics=appointments", ana).open(),
        second: await Client(http, "/api/events?topics=appointments", ben).open(),
    }

    wish = wanted(MATEO, monday(9, 30))
    held = await http.post("/api/availability/reserve", json=wish, headers=as_("patient", "chloe"))
    assert held.status_code == 201, held.text

    [moved] = [
        id
        for id, chair in {first: "Chair 1", second: "Chair 2"}.items()
        if await chair_of(pool, id) != chair
    ]
    owner = ana if moved == first else ben
    shown = await http.get(f"{BOOK}/{moved}", headers=owner)
    assert (shown.headers["ETag"], shown.json()["status"]) == ('"3"', "booked")
    stale = await http.put(
        f"{BOOK}/{moved}", json={"notes": "new"}, headers=owner | {"If-Match": '"2"'}
    )
    assert (stale.status_code, stale.json()["code"]) == (412, "version_conflict")
    history = (await http.get(f"{BOOK}/{moved}/history", headers=owner)).json()
    assert [entry["verb"] for entry in history] == ["hold", "confirm", "assign_chair"]
    told = await exchanges_told(streams[moved])
    assert [frame.change for frame in told] == [(moved, 3)]
    for stream in streams.values():
        await stream.drop()


async def exchanges_told(stream: Client) -> list[Frame]:
    def told() -> list[Frame]:
        return [frame for frame in stream.events if frame.name == "appointment.chair_assigned"]

    await until(told)
    return told()


def wanted(dentist: UUID, starts_at: datetime) -> dict[str, str]:
    asked = {"dentist_id": str(dentist), "appointment_type": "checkup"}
    return asked | {"starts_at": starts_at.isoformat()}


async def book(http, owner: dict[str, str], dentist: UUID, starts_at: datetime) -> str:
    made = await http.post(BOOK, json=wanted(dentist, starts_at), headers=owner)
    assert (made.status_code, made.headers["ETag"]) == (201, '"2"'), made.text
    return made.json()["id"]


async def two_chairs_and_visits_of_an_hour(pool) -> None:
    await pool.execute("update resources set active = false where name = 'Chair 3'")
    await pool.execute(
        "update appointment_types set duration = '1 hour', buffer_before = '0', buffer_after = '0'"
    )


async def put_on(pool, id: str, chair: str) -> None:
    await pool.execute(
        """
        update slot_reservations set resource_no = (select no from resources where name = $2)
         where appointment_id = $1
           and resource_no in (select no from resources where kind = 'chair')
        """,
        id,
        chair,
    )


async def chair_of(pool, id: str) -> str:
    return await pool.fetchval(
        """
        select r.name from slot_reservations s join resources r on r.no = s.resource_no
         where s.appointment_id = $1 and s.active and r.kind = 'chair'
        """,
        id,
    )
