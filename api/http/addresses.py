"""Addresses of clients: behind trusted proxies, and how many connections each may have open."""

import sys
from collections import Counter
from collections.abc import Sequence
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

from starlette.types import ASGIApp, Receive, Scope, Send
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware

UNKNOWN = "unknown"
"""The address of a client without one, such as a Unix socket."""


def parse(host: str) -> IPv4Address | IPv6Address | None:
    """The address, or null if `host` is none. ::ffff:192.0.2.1, as sockets for IPv6 report IPv4
    clients, becomes 192.0.2.1.
    """
    try:
        address = ip_address(host)
    except ValueError:
        return None
    return (address.version == 6 and address.ipv4_mapped) or address


def limit_key(host: str) -> str:
    """What limits count as one client: an IPv4 address, or the /64 network of an IPv6 address,
    within which a client can choose any address.
    """
    address = parse(host)
    if address is not None and address.version == 6:
        return str(ip_network((address, 64), strict=False))
    return str(address or host)


class TrustedProxies:
    """The proxies whose X-Forwarded-For is used: addresses and networks."""

    def __init__(self, proxies: Sequence[str]) -> None:
        self._networks = [ip_network(proxy) for proxy in proxies]

    def __contains__(self, host: str) -> bool:
        address = parse(host)
        return address is not None and any(address in network for network in self._networks)


class AddressLimiter:
    """Counts what each address has open, and allows at most `most`; null means no limit."""

    def __init__(self, most: int | None) -> None:
        self.most = sys.maxsize if most is None else most
        self._open = Counter[str]()

    def acquire(self, address: str) -> bool:
        """False if the address already has `most` open."""
        if self._open[address] >= self.most:
            return False
        self._open[address] += 1
        return True

    def release(self, address: str) -> None:
        self._open[address] -= 1
        if not self._open[address]:
            del self._open[address]


class Forwarded:
    """Replaces the address of a trusted proxy by the client's, from X-Forwarded-For. A value that
    is no address is ignored; otherwise callers could invent any number of addresses.

    One proxy connection carries requests of many clients, so requests are counted instead of
    connections. `scope["crowded"]` is true if the client already has too many open, and
    `scope["proxied"]` if the request came through a proxy.
    """

    def __init__(self, app: ASGIApp, proxies: Sequence[str], open_requests: AddressLimiter) -> None:
        self._app = app
        self._open_requests = open_requests
        self._proxy_headers = ProxyHeadersMiddleware(self._forwarded, list(proxies))  # type: ignore[arg-type]  # uvicorn's own types of the same ASGI

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return await self._app(scope, receive, send)
        if scope["client"]:
            host, port = scope["client"]
            scope["client"] = (str(parse(host) or host), port)
        scope["peer"] = scope["client"]
        await self._proxy_headers(scope, receive, send)  # type: ignore[arg-type]  # as above

    async def _forwarded(self, scope: Scope, receive: Receive, send: Send) -> None:
        peer = scope.pop("peer")
        if scope["client"] == peer:
            return await self._app(scope, receive, send)
        if parse(scope["client"][0]) is None:
            scope["client"] = peer
        key = limit_key(scope["client"][0])
        scope["proxied"] = True
        scope["crowded"] = not self._open_requests.acquire(key)
        try:
            await self._app(scope, receive, send)
        finally:
            if not scope["crowded"]:
                self._open_requests.release(key)
