"""The configuration of the web app, which anybody can read. It contains no secrets."""

from dataclasses import dataclass
from typing import Literal

from fastapi import APIRouter

from api.http.context import State
from api.http.strict import StrictRoute
from settings import Settings

router = APIRouter(route_class=StrictRoute, tags=["operations"])

SUPABASE_PATH = "/auth/v1"
"""The path at the end of the issuer of a Supabase project."""


@dataclass(frozen=True, slots=True)
class WebConfig:
    environment: Literal["production", "development"]
    sign_in: Literal["development", "supabase"] | None
    """How people sign in; null where no issuer for browsers is set up."""
    supabase_url: str | None
    supabase_anon_key: str | None
    temporal_ui_url: str | None
    """Where staff can see the workflows."""
    metrics_url: str | None
    """Where operators can see the metrics."""


@router.get("/api/config")
async def get_config(state: State) -> WebConfig:
    """How the web app signs people in, and which other tools it links to."""
    settings = state.settings
    url = supabase_url(settings)
    way: Literal["development", "supabase"] | None = "supabase" if url else None
    return WebConfig(
        settings.environment,
        "development" if settings.local_issuer else way,
        url,
        settings.supabase_anon_key if url else None,
        settings.temporal_ui_url,
        settings.metrics_url,
    )


def supabase_url(settings: Settings) -> str | None:
    """The Supabase project that browsers sign in at; null where there is none."""
    issuer = settings.jwt_issuer or ""
    if not settings.supabase_anon_key or not issuer.endswith(SUPABASE_PATH):
        return None
    return issuer.removesuffix(SUPABASE_PATH)
