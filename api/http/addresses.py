"""Where requests come from: whose address counts, and how many places each address may take."""

import ipaddress
from collections import Counter
from collections.abc import Sequence

from starlette.types import ASGIApp, Receive, Scope, Send
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware

UNKNOWN = "unknown"
"""The address of a peer without one, such as a Unix socket."""


def unmapped(host: str) -> str:
    """An IPv4 address as itself, also where a socket for IPv6 has it as ::ffff:192.0.2.1; anything
    else as it is.
    """
    try:
        found = ipaddress.ip_address(host)
    except ValueError:
        return host
    mapped = found.ipv4_mapped if found.version == 6 else None
    return str(mapped) if mapped else host


def customer(host: str) -> str:
    """The address that one customer has: all of an IPv4 address, and of IPv6 the network (/64) in
    which they choose the rest themselves.
    """
    host = unmapped(host)
    try:
        found = ipaddress.ip_address(host)
    except ValueError:
        return host
    if found.version == 4:
        return host
    return str(ipaddress.ip_network((found.packed[:8] + bytes(8), 64)))


class Trusted:
    """The proxies whose X-Forwarded-For is believed: addresses and networks."""

    def __init__(self, proxies: Sequence[str]) -> None:
        self._networks = [ipaddress.ip_network(proxy) for proxy in proxies]

    def __contains__(self, host: str) -> bool:
        try:
            address = ipaddress.ip_address(unmapped(host))
        except ValueError:
            return False
        return any(address in network for network in self._networks)


class Places:
    """Counts what each address has open, and says no to more than `most`."""

    def __init__(self, most: int) -> None:
        self.most = most
        self._taken = Counter[str]()

    def take(self, address: str) -> bool:
        """Takes a place if one is left; whether it did."""
        if self._taken[address] >= self.most:
            return False
        self._taken[address] += 1
        return True

    def free(self, address: str) -> None:
        self._taken[address] -= 1
        if not self._taken[address]:
            del self._taken[address]


class Forwarded:
    """Replaces the address of a trusted proxy by the one that the proxy forwards for. What is no
    address counts as the proxy's own: else a caller could invent any number of them.

    A proxy has few connections for many callers, so their requests are counted in place of their
    connections. `scope["crowded"]` says that the address has as many open as it may.
    """

    def __init__(self, app: ASGIApp, proxies: Sequence[str], places: Places | None) -> None:
        self._app = app
        self._places = places
        self._believing = ProxyHeadersMiddleware(self._checked, list(proxies))  # type: ignore[arg-type]  # uvicorn's own types of the same ASGI

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return await self._app(scope, receive, send)
        if scope["client"]:
            host, port = scope["client"]
            scope["client"] = (unmapped(host), port)
        scope["peer"] = scope["client"]
        await self._believing(scope, receive, send)  # type: ignore[arg-type]  # as above

    async def _checked(self, scope: Scope, receive: Receive, send: Send) -> None:
        peer = scope.pop("peer")
        if scope["client"] == peer:
            return await self._app(scope, receive, send)
        try:
            ipaddress.ip_address(scope["client"][0])
        except ValueError:
            scope["client"] = peer
        await self._counted(scope, receive, send)

    async def _counted(self, scope: Scope, receive: Receive, send: Send) -> None:
        address = customer(scope["client"][0])
        taken = self._places is not None and self._places.take(address)
        scope["crowded"] = self._places is not None and not taken
        try:
            await self._app(scope, receive, send)
        finally:
            if taken and self._places is not None:
                self._places.free(address)
