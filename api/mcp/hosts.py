"""Which hosts and origins may be named by requests to /mcp, against DNS rebinding."""

from urllib.parse import urlsplit

from fastapi import Request

from api.http.errors import Problem
from settings import Settings

LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})


def check(request: Request, settings: Settings) -> None:
    """Raises `forbidden` for a host that is neither PUBLIC_URL's nor this machine, unless a trusted
    proxy passed the request on, and for a web page of an unknown origin.
    """
    local = request.url.hostname in LOOPBACK
    public = settings.public_url
    if not (local or request.scope.get("proxied") or _host(public) == _host(str(request.url))):
        raise Problem(
            "forbidden",
            "This host is not the API's address; its operator must set PUBLIC_URL to it.",
        )
    origin = request.headers.get("origin")
    if origin is None or origin in settings.cors_origins or origin == public:
        return
    if not (local and _host(origin) in LOOPBACK):
        raise Problem(
            "forbidden",
            "Web pages of this origin may not call /mcp; its operator must add it to CORS_ORIGINS.",
        )


def base_url(request: Request, settings: Settings) -> str:
    """The address of the API as the client knows it."""
    return settings.public_url or f"{request.url.scheme}://{request.url.netloc}"


def _host(url: str | None) -> str | None:
    """The host of a URL; null if it has none, or is no URL."""
    try:
        return urlsplit(url).hostname if url else None
    except ValueError:
        return None
