"""The API on a socket, and the official client of the protocol with real tokens."""

import pytest

from settings import Settings
from tests.mcp.client import Caller
from tests.realtime.conftest import (
    api,
    home,
    limits_of_one_minute,
    settings,
    streams_outlive_tokens,
)
from tests.realtime.server import Running

__all__ = ["api", "home", "limits_of_one_minute", "settings", "streams_outlive_tokens"]

ERAS = {"2026": "auto", "2025": "legacy"}


@pytest.fixture
def caller(settings: Settings, api: Running) -> Caller:
    return Caller(settings, api.url)


@pytest.fixture(params=ERAS)
def era(request: pytest.FixtureRequest) -> str:
    return ERAS[request.param]
