"""Liveness, readiness and health of the parts."""

from fastapi import APIRouter, Response

from api.http.context import State
from api.ops.probes import Health

router = APIRouter(tags=["health"], generate_unique_id_function=lambda route: route.name)

VERSION = "0.1.0"


@router.get("/livez")
async def livez() -> dict[str, str]:
    """Liveness: the process answers. Checks nothing else."""
    return {"status": "ok"}


@router.get("/readyz")
async def readyz(state: State, response: Response) -> dict[str, str]:
    """Readiness: Postgres answers and is migrated; Temporal is not needed. Otherwise 503. The
    answer is cached for a second.
    """
    readiness = await state.probes.readiness()
    if readiness == "ok":
        return {"status": "ok"}
    response.status_code = 503
    return {"status": "unavailable", "reason": readiness}


@router.get("/health")
async def health(state: State) -> Health:
    """The state of each part. Bookings continue while Temporal or the workers are down; workflows
    catch up later. The answer is cached for a second.
    """
    return await state.probes.health()


@router.get("/version")
async def version() -> dict[str, str]:
    return {"version": VERSION}
