from tests.realtime.conftest import as_, home, settings

__all__ = ["as_", "home", "settings"]
