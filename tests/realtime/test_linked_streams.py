"""A guardian's stream brings the bookings of linked patients, as long as they are linked."""

from uuid import UUID

from tests.realtime.listening import settled, until
from tests.support import AMARA, monday

PATIENTS = "/api/profiles/me/patients"


async def test_a_guardian_hears_of_linked_patients_until_the_link_is_removed(
    api, stream, http, as_, pool
):
    ana = as_("patient", "ana")
    made = await http.post(PATIENTS, json={"full_name": "Eva"}, headers=ana)
    [child] = made.json()
    mine = await stream("/api/events?topics=appointments", ana)
    other = await stream("/api/events?topics=appointments", as_("patient", "ben"))
    body = {
        "dentist_id": str(AMARA),
        "patient_id": child["id"],
        "starts_at": monday(9).isoformat(),
        "appointment_type": "checkup",
    }
    booked = (await http.post("/api/appointments", json=body, headers=ana)).json()
    await settled(pool, api.hub)
    await until(lambda: len(mine.events) == 2)
    assert {each.data["patient_id"] for each in mine.events} == {child["id"]}

    await pool.execute("delete from patient_links where patient_id = $1", UUID(child["id"]))
    path = f"/api/appointments/{booked['id']}/cancel"
    assert (await http.post(path, headers=as_("admin"))).status_code == 200
    own = {name: value for name, value in body.items() if name != "patient_id"}
    await http.post("/api/appointments", json=own, headers=ana)
    await settled(pool, api.hub)
    await until(lambda: len(mine.events) == 4)
    assert len({each.data["patient_id"] for each in mine.events}) == 2
    assert not other.events
