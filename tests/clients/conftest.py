from tests.realtime.conftest import api, as_, home, settings

__all__ = ["api", "as_", "home", "settings"]
