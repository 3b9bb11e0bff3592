"""What people write about themselves stays in Postgres."""

from contextlib import suppress
from pathlib import Path

from db.demo import person_id
from tests.acceptance.clinic import Booking, Clinic, booking

SECRETS = {
    "name": "Zyxwilda",
    "email": "qvortex@",
    "phone": "0049151777",
    "notes": "hypnophobia",
    "cancel note": "moonstruck",
    "key": "k3yPlantedByTest",
}


async def test_nothing_personal_reaches_temporal_logs_metrics_or_problems(
    clinic: Clinic, logs: list[Path]
):
    await _calls_of_all_kinds(clinic)
    found = {path.name: path.read_bytes() for path in logs}
    found["temporal"] = _kept_by_temporal(clinic)
    for api in (clinic.premises.one, clinic.premises.two):
        metrics = await clinic.http.get(f"http://127.0.0.1:{api.metrics_port}/metrics")
        found[f"metrics of {api.url}"] = metrics.content
    found["problems"] = "\n".join(clinic.problems).encode()
    events = await clinic.pool.fetch("select payload::text from realtime_events")
    found["events"] = "\n".join(row["payload"] for row in events).encode()

    tokens = {f"token of {name}": token for (_, name), token in clinic.tokens.items()}
    leaks = [(what, where) for what, text in (SECRETS | tokens).items() for where in found
             if text.lower().encode() in found[where].lower()]  # fmt: skip
    assert leaks == []


async def test_personal_data_scan_covers_known_places(clinic: Clinic, logs: list[Path]):
    """Ids, which may go through Temporal, are found there."""
    it = await clinic.live(["hold", "confirm"])
    await clinic.looked([it])
    assert f"booking-{it.id}".encode() in _kept_by_temporal(clinic)
    assert any(log.stat().st_size for log in logs)


def _kept_by_temporal(clinic: Clinic) -> bytes:
    """Its database, and the files beside it, of which some come and go with each transaction."""
    database = Path(clinic.premises.temporal.part.database)
    kept = [database.read_bytes()]
    for beside in database.parent.glob(f"{database.name}-*"):
        with suppress(FileNotFoundError):
            kept.append(beside.read_bytes())
    return b"".join(kept)


async def _calls_of_all_kinds(clinic: Clinic) -> None:
    """Successes, refusals and outages, each with all that is personal."""
    patient, rival = clinic.patient(), clinic.patient()
    it = await _hold(clinic, patient, "1")
    await clinic.pool.execute(
        "update profiles set full_name = $2, email = $3, phone = $4 where id = $1",
        person_id("patient", patient),
        SECRETS["name"],
        SECRETS["email"] + "example.org",
        SECRETS["phone"],
    )
    say = {"notes": SECRETS["notes"], "key": SECRETS["key"] + "1"}
    assert (await clinic.reserve(it.slot, rival, **say)).status == 409
    assert (await clinic.reserve(clinic.slot(), patient, **say)).status == 422  # the key is used
    for path in (f"/{SECRETS['name']}", f"/api/appointments/{SECRETS['name']}"):
        query = {"ticket": SECRETS["key"], "q": SECRETS["notes"]}
        headers = {"Authorization": f"Bearer {clinic.token('patient', patient)}"}
        url = clinic.premises.one.url + path
        answer = await clinic.http.get(url, params=query, headers=headers)
        assert answer.status_code >= 400  # its problem repeats the path to the caller
    malformed = {"notes": [SECRETS["notes"]], "full_name": SECRETS["name"]}
    path = "/api/availability/reserve"
    assert (await clinic.call("POST", path, name=patient, json=malformed)).status == 422
    key = SECRETS["key"]
    assert (await clinic.confirm(it, key=key)).status == 200
    assert (await clinic.cancel(it, SECRETS["cancel note"], key=key)).status == 200
    assert (await clinic.confirm(it)).status == 409
    await clinic.lived({it.id: ["hold", "confirm", "cancel"]})

    with clinic.premises.hanging(clinic.premises.postgres):
        assert (await clinic.reserve(clinic.slot(), patient, **say)).status == 503
        assert (await clinic.cancel(it, SECRETS["cancel note"])).status == 503
    clinic.premises.temporal.kill()
    other = await _hold(clinic, rival, "2")
    await clinic.cancel(other, SECRETS["cancel note"])
    clinic.premises.repair()
    await clinic.lived({other.id: ["hold", "cancel"]})


async def _hold(clinic: Clinic, patient: str, suffix: str) -> Booking:
    slot = clinic.slot()
    reply = await clinic.reserve(slot, patient, notes=SECRETS["notes"], key=SECRETS["key"] + suffix)
    assert (reply.status, reply.body["notes"]) == (201, SECRETS["notes"])
    return booking(reply, patient, slot)
