"""One Settings object: built by the command line, the worker and the API's factory, and passed
down.
"""

import re
from ipaddress import ip_network
from pathlib import Path
from typing import Annotated, Literal, Self
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, field_validator, model_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

CHECKOUT = Path(__file__).resolve().parent
ORIGIN = re.compile(r"https?://[a-z0-9.-]+(:[0-9]{1,5})?")
LOOPBACK = {"127.0.0.1", "::1", "localhost"}
SHORTEST_SECRET = 32
DEDICATED_CONNECTIONS = 6

List = Annotated[tuple[str, ...], NoDecode]
"""Several values, separated by commas."""


class Settings(BaseSettings):
    """Settings from environment variables. Temporal's own variables (TEMPORAL_ADDRESS,
    TEMPORAL_NAMESPACE, TEMPORAL_API_KEY …) are read by Temporal's client configuration.
    """

    model_config = SettingsConfigDict(
        env_file=".env",
        extra="ignore",
        frozen=True,
        env_ignore_empty=True,
        hide_input_in_errors=True,
    )

    environment: Literal["production", "development"] = "production"
    """`development` alone accepts tokens of the local issuer; anything else never does."""

    jwt_issuer: str | None = None
    """Whose tokens are accepted: their exact `iss`; Supabase's is
    `https://REF.supabase.co/auth/v1`. Missing, only development starts, with its local issuer.
    """

    jwt_audience: str = "authenticated"
    """The `aud` that a token must have."""

    jwks_url: str | None = None
    """Where the issuer publishes its keys (ES256, RS256): https, or http on this machine. By
    default `<jwt_issuer>/.well-known/jwks.json`.
    """

    jwt_secret: SecretStr | None = None
    """The legacy shared secret (HS256), 32 bytes at least. It replaces the published keys; tokens
    are never accepted by both.
    """

    supabase_anon_key: str | None = None
    """The public key (anon or publishable) of the Supabase project that `jwt_issuer` belongs to.
    With it people can sign in to the web app.
    """

    temporal_ui_url: str | None = None
    """Address of Temporal's Web UI, for links in the web app."""

    metrics_url: str | None = None
    """Address of the metrics or of a dashboard over them, for a link in the web app."""

    hold_token_secret: SecretStr | None = None
    """What the tokens of agents' bookings are made with, 32 bytes at least; the same at every API
    process. Without it agents cannot book in production; development derives one from its key.
    """

    rate_limits: bool | None = None
    """Whether callers are limited: `on` or `off`. Where it is not said: on in production, off in
    development, whose tests and benchmarks are one caller in a great hurry.
    """

    rate_limit_reads: int = Field(default=600, ge=1)
    """Reads a minute, per caller. A stream counts once, when it opens."""

    rate_limit_writes: int = Field(default=120, ge=1)
    """POST, PUT and DELETE a minute, per caller."""

    rate_limit_failures: int = Field(default=60, ge=1)
    """Requests a minute without a valid token, per address."""

    rate_limit_public: int = Field(default=600, ge=1)
    """Requests a minute without a token for what needs none, per address."""

    rate_limit_storage: SecretStr = SecretStr("memory://")
    """Where it is counted: in each process, or for all together in `redis://…`."""

    streams_per_caller: int = Field(default=50, ge=1)
    """Event streams that one caller may have open at a process, where callers are limited."""

    streams: int = Field(default=10_000, ge=1)
    """Event streams that one process may have open in all; each takes some 17 KiB. A fifth is kept
    for staff.
    """

    connections_per_address: int = Field(default=1000, ge=1)
    """Connections that one address (IPv6: /64) may have open at a process, where callers are
    limited: enough for a clinic of 50 desks behind one address. Of a trusted proxy, the requests
    that it forwards for one address.
    """

    cors_origins: List = ()
    """Origins of browsers' pages that may call the API, such as `https://app.example`, by commas;
    each exact, never `*`.
    """

    trusted_proxies: List = ()
    """Addresses or networks of proxies whose X-Forwarded-For and X-Forwarded-Proto are believed, by
    commas. Nobody's by default; never `*`, which would let each caller choose an address.
    """

    database_url: SecretStr = SecretStr("postgresql://localhost:5432/chairtime")
    """A session connection (LISTEN and advisory locks), not a transaction pooler."""

    database_pool_size: int = Field(default=16, ge=2, le=200)
    """Connections for commands and queries. A process has DEDICATED_CONNECTIONS beside them, at
    most: relay, hub, reconciler and probes of an API; dispatcher and reconciler of a worker.
    """

    events_kept_hours: int = Field(default=24, ge=1, le=24 * 366)
    """How old an event becomes in the log at least: so long may a stream's reader stay away."""

    host: str = "127.0.0.1"
    port: int = Field(default=8000, ge=0, le=65535)
    metrics_port: int = Field(default=9464, ge=0, le=65535)
    """Prometheus text format on a port of its own; 0 switches it off."""
    metrics_host: str = "127.0.0.1"
    """The interface that the metrics port listens on."""
    health_host: str = "127.0.0.1"
    """The interface that a worker's health port listens on."""

    chairtime_home: Path = CHECKOUT / ".chairtime"
    """Directory of this checkout for data of the embedded parts, the development key
    and dev.json.
    """

    @property
    def development_key(self) -> Path:
        """The private ES256 key (PEM) of the local issuer."""
        return self.chairtime_home / "development-key.pem"

    @property
    def local_issuer(self) -> bool:
        """Whether tokens come from the local issuer of development."""
        return self.environment == "development" and self.jwt_issuer is None

    @property
    def limited(self) -> bool:
        """Whether callers are limited."""
        return self.environment != "development" if self.rate_limits is None else self.rate_limits

    @property
    def keys_url(self) -> str:
        """Where the keys of `jwt_issuer` are published."""
        return self.jwks_url or f"{(self.jwt_issuer or '').rstrip('/')}/.well-known/jwks.json"

    @field_validator("cors_origins", "trusted_proxies", mode="before")
    @classmethod
    def _by_commas(cls, value: object) -> object:
        if isinstance(value, str):
            return tuple(part.strip() for part in value.split(",") if part.strip())
        return value

    @field_validator("cors_origins")
    @classmethod
    def _exact(cls, origins: tuple[str, ...]) -> tuple[str, ...]:
        for origin in origins:
            if not ORIGIN.fullmatch(origin):
                raise ValueError("exact origins only, such as https://app.example, without a path")
        return origins

    @field_validator("trusted_proxies")
    @classmethod
    def _addresses(cls, proxies: tuple[str, ...]) -> tuple[str, ...]:
        for proxy in proxies:
            ip_network(proxy)
        return proxies

    @field_validator("hold_token_secret")
    @classmethod
    def _long_enough(cls, secret: SecretStr | None) -> SecretStr | None:
        if secret and len(secret.get_secret_value().encode()) < SHORTEST_SECRET:
            raise ValueError(f"HOLD_TOKEN_SECRET must have {SHORTEST_SECRET} bytes at least")
        return secret

    @model_validator(mode="after")
    def _one_family_of_keys(self) -> Self:
        if self.jwt_issuer is None:
            if self.jwks_url or self.jwt_secret:
                raise ValueError("JWKS_URL and JWT_SECRET need JWT_ISSUER, whose keys they are")
        elif self.jwt_secret:
            if self.jwks_url:
                raise ValueError("either JWKS_URL or JWT_SECRET, never both")
            if len(self.jwt_secret.get_secret_value().encode()) < SHORTEST_SECRET:
                raise ValueError(f"JWT_SECRET must have {SHORTEST_SECRET} bytes at least")
        elif not _private(self.keys_url):
            raise ValueError("JWKS_URL must be https (http only on this machine)")
        return self


def _private(url: str) -> bool:
    """Whether nobody on the way can read or change what is fetched from there."""
    parts = urlsplit(url)
    if parts.scheme == "http":
        return parts.hostname in LOOPBACK
    return parts.scheme == "https" and bool(parts.hostname)
