"""Is it alive, can it serve, and is every part well."""

from fastapi import APIRouter, Response

from api.http.context import State
from api.ops.probes import Health

router = APIRouter(tags=["health"])

VERSION = "0.1.0"


@router.get("/livez")
async def livez() -> dict[str, str]:
    """The process answers; nothing else is asked."""
    return {"status": "ok"}


@router.get("/readyz")
async def readyz(state: State, response: Response) -> dict[str, str]:
    """Postgres answers and is migrated: the API can serve, even without Temporal. Else 503. The
    answer is cached for a second.
    """
    reason = await state.probes.readiness()
    if reason:
        response.status_code = 503
        return {"status": "unavailable", "reason": reason}
    return {"status": "ok"}


@router.get("/health")
async def health(state: State) -> Health:
    """How each part is. Bookings go on while Temporal or the workers, who dispatch what it must
    hear of, are away; they catch up later. The answer is cached for a second.
    """
    return await state.probes.health()


@router.get("/version")
async def version() -> dict[str, str]:
    return {"version": VERSION}
