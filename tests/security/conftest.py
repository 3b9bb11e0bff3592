"""The API on a socket, limited as in production, with Temporal away."""

import pytest

from settings import Settings
from tests.realtime.conftest import api, as_, home, http, limits_of_one_minute, stream
from tests.realtime.conftest import settings as development

__all__ = [
    "api",
    "as_",
    "development",
    "home",
    "http",
    "limits_of_one_minute",
    "settings",
    "stream",
]


@pytest.fixture
def settings(development: Settings) -> Settings:
    return development.model_copy(update={"rate_limits": True})
