"""There is always an active admin, and the first one is one."""

import asyncio
from uuid import UUID

import pytest

from db import account_status, grants, profiles
from db.demo import person_id
from db.pool import Pool
from domain.actors import Actor, Role
from domain.people import AccountStatus
from tests.support import ANA, BEN, MATEO

PROFILES = "/api/profiles"
FIRST = person_id("admin", "admin")

LEAVE = {
    "deactivates": lambda api, id, who: api.put(
        f"{PROFILES}/{id}", json={"active": False}, headers=who
    ),
    "takes the role of": lambda api, id, who: api.put(
        f"{PROFILES}/{id}", json={"role": "agent"}, headers=who
    ),
    "erases": lambda api, id, who: api.post(f"{PROFILES}/{id}/erase", headers=who),
}


async def make_admin(pool: Pool, name: str) -> UUID:
    id = person_id("admin", name)
    async with pool.acquire() as connection:
        fields = {"role": Role.ADMIN, "full_name": name}
        await profiles.create(connection, id, fields, Actor(Role.ADMIN, FIRST))
    return id


async def active_admins(pool: Pool) -> int:
    return await pool.fetchval("select count(*) from profiles where role = 'admin' and active")


@pytest.mark.parametrize("one", LEAVE)
@pytest.mark.parametrize("other", LEAVE)
async def test_two_admins_who_deactivate_each_other_leave_one(api, as_, pool, one, other):
    for turn in range(5):
        id = await make_admin(pool, f"other {turn}")
        answers = await asyncio.gather(
            LEAVE[one](api, id, as_("admin", "admin")),
            LEAVE[other](api, FIRST, as_("admin", f"other {turn}")),
        )
        assert 200 in {answer.status_code for answer in answers}
        assert {answer.status_code for answer in answers} <= {200, 403, 422}
        assert await active_admins(pool) == 1
        await make_whole(pool)


async def make_whole(pool: Pool) -> None:
    """The first admin is one again, and the only one, known to no cache."""
    await pool.execute(
        "update profiles set role = 'admin', active = true, erased_at = null where id = $1", FIRST
    )
    await pool.execute(
        "update profiles set role = 'agent' where role = 'admin' and id <> $1", FIRST
    )


@pytest.mark.parametrize("change", ["active = false", "role = 'patient'"])
async def test_the_database_refuses_to_lose_its_last_admin(pool, change):
    await make_admin(pool, "other")
    with pytest.raises(Exception, match="last active admin"):
        await pool.execute(f"update profiles set {change} where role = 'admin'")
    assert await active_admins(pool) == 2


async def test_an_admin_who_is_not_the_last_can_be_removed(api, as_, pool):
    for how in LEAVE.values():
        id = await make_admin(pool, "another")
        assert (await how(api, id, as_("admin"))).status_code == 200
        await pool.execute(
            "update profiles set role = 'admin', active = true, erased_at = null where id = $1", id
        )


async def test_of_twenty_first_admins_one_is_accepted(pool):
    """Without any admin, each with its own token, at once."""
    await pool.execute("alter table profiles disable trigger profiles_keep_an_admin")
    for turn in range(10):
        await pool.execute("update profiles set role = 'agent' where role = 'admin'")
        crowd = [Actor(Role.ADMIN, person_id("admin", f"{turn} {n}")) for n in range(12)]

        async def ask(actor: Actor):
            async with pool.acquire() as connection:
                return await account_status.get_or_create(connection, actor)

        found = await asyncio.gather(*map(ask, crowd))
        assert sum(standing is not None for standing in found) == 1
        assert await active_admins(pool) == 1


async def test_who_called_as_a_patient_first_can_be_the_first_admin(pool):
    """Their token says admin once their role is set at the issuer: by then they have a profile."""
    await pool.execute("alter table profiles disable trigger profiles_keep_an_admin")
    await pool.execute("update profiles set role = 'agent' where role = 'admin'")
    off = "update profiles set active = false where id = $1"
    await pool.execute(off, BEN)
    async with pool.acquire() as connection:
        await grants.give(connection, ANA, FIRST)
        asked = [
            await account_status.get_or_create(connection, Actor(Role.ADMIN, id))
            for id in (BEN, ANA)
        ]
        later = await account_status.get_or_create(connection, Actor(Role.ADMIN, MATEO))
        left = await grants.of_patient(connection, ANA)
    assert asked == [AccountStatus(Role.PATIENT, False), AccountStatus(Role.ADMIN, True)]
    assert (later, left) == (AccountStatus(Role.DENTIST, True), [])
    assert await active_admins(pool) == 1
