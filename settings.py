"""Settings, built by the command line, the worker and the API's factory, and passed down."""

import re
from hashlib import sha256
from ipaddress import ip_network
from pathlib import Path
from typing import Annotated, Literal, Self
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, ValidationInfo, field_validator, model_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

CHECKOUT = Path(__file__).resolve().parent
ORIGIN = re.compile(r"https?://[a-z0-9.-]+(:[0-9]{1,5})?")
SECRETS = Path("/run/secrets")
"""Each file here is a setting with the file's name, such as `database_url`: what Docker and
Kubernetes call a secret. A variable of the environment comes first.
"""
LOOPBACK = {"127.0.0.1", "::1", "localhost"}
LOOPBACK_NETWORKS = ("127.0.0.0/8", "::1/128")
SHORTEST_SECRET = 32
DEDICATED_CONNECTIONS = 6
"""Connections of a process beside its pool."""

List = Annotated[tuple[str, ...], NoDecode]
"""Several values, separated by commas."""


class Settings(BaseSettings):
    """Settings from environment variables. Temporal's own variables (TEMPORAL_ADDRESS,
    TEMPORAL_NAMESPACE, TEMPORAL_API_KEY …) are read by Temporal's client configuration.
    """

    model_config = SettingsConfigDict(
        env_file=".env",
        secrets_dir=SECRETS if SECRETS.is_dir() else None,
        extra="ignore",
        frozen=True,
        env_ignore_empty=True,
        hide_input_in_errors=True,
    )

    environment: Literal["production", "development"] = "production"
    """Only `development` accepts tokens of the local issuer."""

    jwt_issuer: str | None = None
    """The exact `iss` of accepted tokens; Supabase's is `https://REF.supabase.co/auth/v1`. Required
    in production; development has a local issuer.
    """

    jwt_audience: str = "authenticated"
    """The required `aud` of a token."""

    jwks_url: str | None = None
    """The URL of the issuer's keys (ES256, RS256): https, or http on this machine. Default:
    `<jwt_issuer>/.well-known/jwks.json`.
    """

    jwt_secret: SecretStr | None = None
    """The legacy shared secret (HS256), at least 32 bytes. It is used instead of published keys."""

    supabase_anon_key: str | None = None
    """The public key (anon or publishable) of the Supabase project that `jwt_issuer` belongs to.
    With it people can sign in to the web app.
    """

    temporal_ui_url: str | None = None
    """Address of Temporal's Web UI, for links in the web app; a path below /tools is for admins."""

    metrics_url: str | None = None
    """Address of the metrics or of a dashboard over them, for a link in the web app."""

    hold_token_secret: SecretStr | None = None
    """The secret for hold tokens of agents' bookings, at least 32 bytes, the same in all API
    processes. Without it agents cannot book in production; development derives it from its key.
    """

    webhook_secret: SecretStr | None = None
    """The secret that the secrets of webhook endpoints are derived from, at least 32 bytes, the
    same in all processes. Without it there are no webhooks in production; development has a fixed
    one.
    """

    webhook_http: bool | None = None
    """Whether webhooks may be sent by http. Default: off in production; on in development."""

    webhook_networks: List = ()
    """Networks with addresses that are not public, to which webhooks may be sent all the same, such
    as `10.1.0.0/16`, separated by commas. In development this machine is one of them.
    """

    worker_build_id: str | None = Field(default=None, pattern=r"^[A-Za-z0-9._+-]{1,100}$")
    """The version of this worker, for Temporal's worker versioning: workers of two versions then
    run side by side, and only the version that is made current gets work. Default: no versions.
    """

    webhook_dead_after_hours: int = Field(default=24, ge=1, le=48)
    """A webhook endpoint is switched off if all attempts failed for so many hours."""

    rate_limits: bool | None = None
    """`on` or `off`. Default: on in production; off in development, where tests and benchmarks send
    many requests as one caller.
    """

    rate_limit_reads: int = Field(default=600, ge=1)
    """Reads per minute and caller. A stream counts once, when it opens."""

    rate_limit_writes: int = Field(default=120, ge=1)
    """POST, PUT and DELETE per minute and caller."""

    rate_limit_failures: int = Field(default=60, ge=1)
    """Requests without a valid token per minute and address."""

    rate_limit_public: int = Field(default=600, ge=1)
    """Requests for public routes per minute and address, without a token."""

    rate_limit_storage: SecretStr = SecretStr("memory://")
    """Where requests are counted: in each process, or for all processes in `redis://…`."""

    streams_per_caller: int = Field(default=50, ge=1)
    """Open event streams per process and caller, or address without a token, if rate limits are
    on.
    """

    streams: int = Field(default=10_000, ge=1)
    """Open event streams per process; each takes about 17 KiB. A fifth is reserved for
    staff; visitors without a token can open a tenth.
    """

    connections_per_address: int = Field(default=1000, ge=1)
    """Open connections per address (IPv6: /64 network) and process, if rate limits are on. The
    default is enough for a clinic of 50 desks behind one address. Behind a trusted proxy: open
    requests.
    """

    conversation_holds: int = Field(default=3, ge=1)
    """Live holds of one conversation of a chatbot."""

    agent_holds: int = Field(default=100, ge=1)
    """Live holds of one agent."""

    agent_holds_per_day: int = Field(default=8, ge=1)
    """Live holds of all agents on one day of a dentist."""

    cors_origins: List = ()
    """Origins of web pages that may call the API, such as `https://app.example`, separated by
    commas; `*` is refused.
    """

    public_url: str | None = None
    """The address at which clients reach the API, such as `https://api.example`, without a path.
    Without it MCP clients must be on this machine or come through a trusted proxy.
    """

    trusted_proxies: List = ()
    """Addresses or networks of proxies whose X-Forwarded-For and X-Forwarded-Proto are used,
    separated by commas. `*` is refused, because every caller could then choose an address.
    """

    database_url: SecretStr = SecretStr("postgresql://localhost:5432/chairtime")
    """A direct connection or session pooler, for LISTEN and advisory locks; no transaction pooler.
    """

    database_pool_size: int = Field(default=16, ge=2, le=200)
    """Connections for commands and queries. A process opens up to DEDICATED_CONNECTIONS more:
    relay, hub, reconciler and health checks of an API; dispatcher and webhook feeder of a
    worker.
    """

    events_kept_hours: int = Field(default=24, ge=1, le=24 * 366)
    """Retention of events in hours. A client that is away for longer must load its lists again."""

    host: str = "127.0.0.1"
    port: int = Field(default=8000, ge=0, le=65535)
    metrics_port: int = Field(default=9464, ge=0, le=65535)
    """The port of the Prometheus metrics; 0 switches it off."""
    metrics_host: str = "127.0.0.1"
    """The interface that the metrics port listens on."""
    health_host: str = "127.0.0.1"
    """The interface that a worker's health port listens on."""

    chairtime_home: Path = CHECKOUT / ".chairtime"
    """Directory for the data of the development stack, the development key and dev.json."""

    @property
    def development_key(self) -> Path:
        """The file of the local issuer's private ES256 key (PEM)."""
        return self.chairtime_home / "development-key.pem"

    @property
    def local_issuer(self) -> bool:
        """Whether tokens come from the local issuer of development."""
        return self.environment == "development" and self.jwt_issuer is None

    @property
    def webhook_secret_bytes(self) -> bytes | None:
        """The secret of webhooks; null if there is none."""
        if self.webhook_secret:
            return self.webhook_secret.get_secret_value().encode()
        if self.environment == "development":
            return sha256(f"webhooks of {self.chairtime_home}".encode()).digest()
        return None

    @property
    def webhooks_by_http(self) -> bool:
        """Whether webhooks may be sent by http."""
        return self.environment == "development" if self.webhook_http is None else self.webhook_http

    @property
    def networks_for_webhooks(self) -> tuple[str, ...]:
        """Networks that webhooks may be sent to although they are not public."""
        development = self.environment == "development"
        return (*self.webhook_networks, *(LOOPBACK_NETWORKS if development else ()))

    @property
    def limited(self) -> bool:
        """Whether rate limits are on."""
        return self.environment != "development" if self.rate_limits is None else self.rate_limits

    @property
    def keys_url(self) -> str:
        """The URL of the keys of `jwt_issuer`."""
        return self.jwks_url or f"{(self.jwt_issuer or '').rstrip('/')}/.well-known/jwks.json"

    @field_validator("cors_origins", "trusted_proxies", "webhook_networks", mode="before")
    @classmethod
    def _split(cls, value: object) -> object:
        if isinstance(value, str):
            return tuple(part.strip() for part in value.split(",") if part.strip())
        return value

    @field_validator("cors_origins")
    @classmethod
    def _check_origins(cls, origins: tuple[str, ...]) -> tuple[str, ...]:
        for origin in origins:
            if not ORIGIN.fullmatch(origin):
                raise ValueError(
                    "must be exact origins such as https://app.example, without a path"
                )
        return origins

    @field_validator("public_url")
    @classmethod
    def _check_public_url(cls, url: str | None) -> str | None:
        if url is not None and not ORIGIN.fullmatch(url := url.rstrip("/").lower()):
            raise ValueError("must be an origin such as https://api.example, without a path")
        return url

    @field_validator("trusted_proxies", "webhook_networks")
    @classmethod
    def _check_networks(cls, networks: tuple[str, ...]) -> tuple[str, ...]:
        for network in networks:
            ip_network(network)
        return networks

    @field_validator("hold_token_secret", "webhook_secret")
    @classmethod
    def _check_length(cls, secret: SecretStr | None, info: ValidationInfo) -> SecretStr | None:
        if secret and len(secret.get_secret_value().encode()) < SHORTEST_SECRET:
            name = str(info.field_name).upper()
            raise ValueError(f"{name} must have at least {SHORTEST_SECRET} bytes")
        return secret

    @model_validator(mode="after")
    def _check_keys(self) -> Self:
        if self.jwt_issuer is None:
            if self.jwks_url or self.jwt_secret:
                raise ValueError("JWKS_URL and JWT_SECRET require JWT_ISSUER; set it too")
        elif self.jwt_secret:
            if self.jwks_url:
                raise ValueError("JWKS_URL and JWT_SECRET exclude each other; unset one")
            if len(self.jwt_secret.get_secret_value().encode()) < SHORTEST_SECRET:
                raise ValueError(f"JWT_SECRET must have at least {SHORTEST_SECRET} bytes")
        elif not _is_secure(self.keys_url):
            raise ValueError("JWKS_URL must be https (http only on this machine)")
        return self


def _is_secure(url: str) -> bool:
    """Whether nobody on the network can change the document: https, or http on this machine."""
    parts = urlsplit(url)
    if parts.scheme == "http":
        return parts.hostname in LOOPBACK
    return parts.scheme == "https" and bool(parts.hostname)
