"""One Settings object: built by the command line, the worker and the API's factory, and passed
down.
"""

from pathlib import Path
from typing import Literal

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

CHECKOUT = Path(__file__).resolve().parent


class Settings(BaseSettings):
    """What the environment decides. Temporal's own variables (TEMPORAL_ADDRESS, TEMPORAL_NAMESPACE,
    TEMPORAL_API_KEY …) are read by Temporal's client configuration and are not repeated here.
    """

    model_config = SettingsConfigDict(env_file=".env", extra="ignore", frozen=True)

    environment: Literal["production", "development"] = "production"
    """`development` alone accepts tokens of the local issuer; anything else never does."""

    database_url: SecretStr = SecretStr("postgresql://localhost:5432/chairtime")
    """A session connection (LISTEN and advisory locks), not a transaction pooler."""

    database_pool_size: int = Field(default=16, ge=2, le=200)
    """Connections per process for commands and queries; relay, hub and dispatcher have their own.
    """

    host: str = "127.0.0.1"
    port: int = Field(default=8000, ge=0, le=65535)
    metrics_port: int = Field(default=9464, ge=0, le=65535)
    """Prometheus text format on a port of its own; 0 switches it off."""

    chairtime_home: Path = CHECKOUT / ".chairtime"
    """What belongs to this checkout: data of the embedded parts, the development key, dev.json."""

    @property
    def development_key(self) -> Path:
        """The private ES256 key (PEM) of the local issuer."""
        return self.chairtime_home / "development-key.pem"
