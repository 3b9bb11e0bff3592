"""The token of what an agent holds: who is told it, who must show it, and what is stored of it."""

import hashlib
from collections.abc import Callable
from typing import Any
from uuid import UUID

import httpx2
import pytest
from pydantic import SecretStr, ValidationError
from uuid_utils.compat import uuid7

from api.app import create_app
from api.auth.hold_tokens import HoldTokens
from api.http.errors import Problem
from settings import Settings
from tests.support import AMARA, BEN, LENA, monday

RESERVE = "/api/availability/reserve"
CREATE = "/api/appointments"
KEY = {"Idempotency-Key": "k"}


def wanted(hour: int = 9, **fields: Any) -> dict[str, Any]:
    return {
        "dentist_id": str(AMARA),
        "starts_at": monday(hour).isoformat(),
        "appointment_type": "checkup",
    } | fields


@pytest.fixture
def agent(as_):
    return as_("agent")


@pytest.fixture
def ben(as_):
    return as_("patient", "ben")


async def made(api, agent, path: str = RESERVE, hour: int = 9) -> dict[str, Any]:
    answer = await api.post(path, json=wanted(hour, patient_id=str(BEN)), headers=KEY | agent)
    assert answer.status_code == 201, answer.text
    return answer.json()


def shown(agent, token: str) -> dict[str, str]:
    return agent | {"X-Hold-Token": token}


@pytest.mark.parametrize("path", [RESERVE, CREATE])
async def test_hold_token_is_only_in_the_first_answer_and_its_repeat(api, agent, path):
    first = await made(api, agent, path)
    again = await api.post(path, json=wanted(patient_id=str(BEN)), headers=agent | KEY)
    assert again.status_code == 200
    assert again.json()["hold_token"] == first["hold_token"]
    assert len(first["hold_token"]) >= 43


async def everything_told(api, as_, agent, ben, id: str, token: str) -> dict[str, Any]:
    """Every other answer about a booking, whoever asks."""
    path, admin = f"{CREATE}/{id}", as_("admin")
    extend = await api.post(f"{RESERVE}/{id}/extend", headers=shown(agent, token))
    told = {"extend": extend}
    for name, who in {"agent": agent, "patient": ben, "admin": admin}.items():
        with_token = shown(who, token)
        told |= {
            f"get by {name}": await api.get(path, headers=who),
            f"get with the token by {name}": await api.get(path, headers=with_token),
            f"list by {name}": await api.get(CREATE, headers=with_token),
            f"history by {name}": await api.get(f"{path}/history", headers=with_token),
            f"log by {name}": await api.get("/api/events/log", headers=who),
        }
    told["refused"] = await api.post(f"{path}/confirm", headers=agent)
    told["confirm"] = await api.post(
        CREATE, json={"reservation_id": id}, headers=shown(agent, token) | KEY
    )
    told["confirm again"] = await api.post(
        CREATE, json={"reservation_id": id}, headers=shown(agent, token) | KEY
    )
    edit = {"notes": "x"}
    told["edit"] = await api.put(path, json=edit, headers=shown(agent, token))
    told["move"] = await api.put(
        path, json={"starts_at": monday(14).isoformat()}, headers=shown(agent, token)
    )
    told["cancel"] = await api.delete(path, headers=shown(agent, token))
    return told


async def test_no_other_answer_or_event_has_the_hold_token(api, as_, agent, ben, pool):
    held = await made(api, agent)
    told = await everything_told(api, as_, agent, ben, held["id"], held["hold_token"])
    for name, answer in told.items():
        expected = 403 if name == "refused" else 200
        if name == "confirm":
            expected = 201
        assert answer.status_code == expected, (name, answer.text)
        assert '"hold_token"' not in answer.text, name
        assert held["hold_token"] not in answer.text, name


async def test_the_token_is_stored_nowhere_in_clear(api, agent, pool):
    held = await made(api, agent)
    tables = await pool.fetch(
        "select table_name from information_schema.tables where table_schema = 'chairtime'"
        " and table_type = 'BASE TABLE'"
    )
    assert len(tables) > 10
    for table in tables:
        name = f"chairtime.{table['table_name']}"
        hits = f"select count(*) from {name} t where t::text like $1"
        assert await pool.fetchval(hits, f"%{held['hold_token']}%") == 0, name
    stored = await pool.fetchval("select hold_token_hash from appointments")
    assert stored == hashlib.sha256(held["hold_token"].encode()).digest()


ON_A_HOLD = {
    "confirm": lambda api, id, who: api.post(f"{CREATE}/{id}/confirm", headers=who),
    "book": lambda api, id, who: api.post(CREATE, json={"reservation_id": id}, headers=who),
    "extend": lambda api, id, who: api.post(f"{RESERVE}/{id}/extend", headers=who),
    "release": lambda api, id, who: api.delete(f"{RESERVE}/{id}", headers=who),
    "cancel": lambda api, id, who: api.post(f"{CREATE}/{id}/cancel", json={}, headers=who),
    "delete": lambda api, id, who: api.delete(f"{CREATE}/{id}", headers=who),
}
ON_A_BOOKING = {
    "edit": lambda api, id, who: api.put(f"{CREATE}/{id}", json={"notes": "x"}, headers=who),
    "move": lambda api, id, who: api.put(
        f"{CREATE}/{id}", json={"dentist_id": str(LENA)}, headers=who
    ),
    "cancel": ON_A_HOLD["cancel"],
    "delete": ON_A_HOLD["delete"],
}


@pytest.mark.parametrize("verb", ON_A_HOLD)
@pytest.mark.parametrize("who", ["agent", "patient"])
async def test_hold_of_an_agent_is_changed_only_with_its_token(api, agent, ben, verb, who, pool):
    """Its patient's own login is not enough while it is held."""
    caller, ask = {"agent": agent, "patient": ben}[who], ON_A_HOLD[verb]
    held = await made(api, agent)
    other = HoldTokens(b"another secret of thirty-two bytes").of(UUID(held["id"]))
    for wrong in ("", "guess", other, held["hold_token"][:-1], held["hold_token"] + "A"):
        refused = await ask(api, held["id"], shown(caller, wrong))
        assert (refused.status_code, refused.json()["code"]) == (403, "forbidden"), wrong
    refused = await ask(api, held["id"], caller)
    assert (refused.status_code, refused.json()["code"]) == (403, "forbidden")
    assert await pool.fetchval("select version from appointments") == 1
    done = await ask(api, held["id"], shown(caller, held["hold_token"]))
    assert done.status_code in (200, 201), done.text


@pytest.mark.parametrize("verb", ON_A_BOOKING)
async def test_once_booked_the_patient_s_login_is_enough_and_the_agent_still_needs_the_token(
    api, agent, ben, verb
):
    ask: Callable[..., Any] = ON_A_BOOKING[verb]
    booked = await made(api, agent, CREATE)
    assert (await ask(api, booked["id"], agent)).status_code == 403
    assert (await ask(api, booked["id"], ben)).status_code == 200
    other = await made(api, agent | {"Idempotency-Key": "2"}, RESERVE, hour=11)
    with_token = shown(agent, other["hold_token"])
    assert (
        await api.post(f"{CREATE}/{other['id']}/confirm", headers=with_token)
    ).status_code == 200
    assert (await ask(api, other["id"], with_token)).status_code == 200


async def test_staff_need_no_token(api, as_, agent):
    for verb, ask in ON_A_HOLD.items():
        held = await made(api, agent | {"Idempotency-Key": verb}, hour=10)
        done = await ask(api, held["id"], as_("admin"))
        assert done.status_code in (200, 201), (verb, done.text)
        await api.delete(f"{CREATE}/{held['id']}", headers=as_("admin"))


async def test_holds_of_patients_and_staff_have_no_token(api, as_, ben):
    for who, fields in ((ben, {}), (as_("admin"), {"patient_id": str(BEN)})):
        held = await api.post(RESERVE, json=wanted(**fields), headers=who)
        assert "hold_token" not in held.json()
        assert (await api.delete(f"{RESERVE}/{held.json()['id']}", headers=ben)).status_code == 200


def test_processes_that_share_the_secret_make_the_same_token_and_others_do_not(settings):
    id, secrets = uuid7(), ("a" * 32, "a" * 32, "b" * 32)
    one, two, other = (
        HoldTokens.of_settings(settings.model_copy(update={"hold_token_secret": SecretStr(s)}))
        for s in secrets
    )
    assert one.of(id) == two.of(id) != other.of(id)
    assert one.of(id) != one.of(uuid7())


def test_development_derives_the_same_secret_in_each_process(settings):
    id = uuid7()
    assert HoldTokens.of_settings(settings).of(id) == HoldTokens.of_settings(settings).of(id)


def test_production_makes_no_token_without_a_secret_and_says_so(settings, caplog):
    production = settings.model_copy(update={"environment": "production"})
    tokens = HoldTokens.of_settings(production)
    assert "HOLD_TOKEN_SECRET is not set" in caplog.text
    with pytest.raises(Problem, match="operator must set HOLD_TOKEN_SECRET") as refused:
        tokens.of(uuid7())
    assert refused.value.status == 403


def test_a_short_secret_is_refused_at_the_start_and_not_repeated():
    with pytest.raises(ValidationError, match="must have at least 32 bytes") as refused:
        Settings(hold_token_secret="too-short-secret", _env_file=None)
    assert "too-short-secret" not in str(refused.value)


async def test_without_a_secret_patients_and_staff_book_all_the_same(
    settings, monkeypatch, as_, agent, ben
):
    monkeypatch.setenv("TEMPORAL_ADDRESS", "127.0.0.1:1")
    app = create_app(settings)
    transport = httpx2.ASGITransport(app, raise_app_exceptions=False)
    async with (
        app.router.lifespan_context(app),
        httpx2.AsyncClient(transport=transport, base_url="http://chairtime") as client,
    ):
        app.state.app_state.hold_tokens._secret = None
        for path in (RESERVE, CREATE):
            refused = await client.post(path, json=wanted(patient_id=str(BEN)), headers=agent)
            assert (refused.status_code, refused.json()["code"]) == (403, "forbidden")
            assert "HOLD_TOKEN_SECRET" in refused.json()["detail"]
        assert (await client.post(RESERVE, json=wanted(), headers=ben)).status_code == 201
