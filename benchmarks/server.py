"""The API with one more route, the baseline: it inserts one row, without any booking logic.

Application, authentication, middleware, server and process are the same, and the table has the same
exclusion constraint as claims.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from fastapi import APIRouter
from uuid_utils.compat import uuid7

from api.app import create_app
from api.http.body import Body
from api.http.context import Caller, State
from api.http.errors import Problem
from api.http.server import Server, server_config
from api.http.values import Instant
from db.pool import use
from settings import Settings

TABLE = """
create table bench_claims (
    id          uuid not null,
    resource_no int not null,
    during      tstzrange not null check (not isempty(during)),
    active      boolean not null default true,
    exclude using gist (int4range(resource_no, resource_no, '[]') with &&, during with &&)
        where (active)
)
"""
INSERT = """
insert into bench_claims (id, resource_no, during) values ($1, $2, tstzrange($3, $4))
on conflict do nothing returning id
"""
VISIT = timedelta(minutes=30)

router = APIRouter()


class Claim(Body):
    resource_no: int
    starts_at: Instant


@dataclass(frozen=True, slots=True)
class Claimed:
    id: UUID
    resource_no: int
    starts_at: datetime
    ends_at: datetime


@router.post("/bench/claims", status_code=201, name="reserve")  # whose rights apply
async def claim(body: Claim, caller: Caller, state: State) -> Claimed:
    """Inserts one row."""
    ends_at = body.starts_at + VISIT
    async with use(state.pool) as connection:
        id = await connection.fetchval(INSERT, uuid7(), body.resource_no, body.starts_at, ends_at)
    if id is None:
        raise Problem("slot_unavailable", "This slot is taken.")
    return Claimed(id, body.resource_no, body.starts_at, ends_at)


def main() -> None:
    """Serves like `chairtime api`."""
    settings = Settings()
    app = create_app(settings)
    app.include_router(router)
    routes = app.router.routes
    routes.insert(0, routes.pop())  # the last of many would be found later than the others

    Server(server_config(app, settings), app).run()


if __name__ == "__main__":
    main()
