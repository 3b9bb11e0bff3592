"""The addresses that webhooks may be sent to, and a network backend that connects to no other.

The host is resolved for each call, every address is checked, and the connection goes to a checked
address: a name that resolves differently a moment later (DNS rebinding) changes nothing. TLS still
verifies the host's name, as it takes it from the URL.
"""

import asyncio
import socket
from collections.abc import Iterable
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address, ip_network
from urllib.parse import urlsplit

import httpcore2
from httpcore2 import AnyIOBackend, AsyncNetworkBackend, AsyncNetworkStream

Address = IPv4Address | IPv6Address
Networks = tuple[str, ...]

NAT64 = IPv6Network("64:ff9b::/96")
COMPATIBLE = IPv6Network("::/96")
"""IPv4 addresses in the obsolete form `::192.0.2.1`."""

REFUSED = tuple(
    ip_network(network)
    for network in (
        "168.63.129.16/32",  # Azure's host
        "192.0.0.0/24",
        "192.88.99.0/24",  # relays from 6to4
        "fec0::/10",  # site-local
        "64:ff9b:1::/48",  # a network's own translation to IPv4, in a form that we cannot know
        "3fff::/20",  # documentation
    )
)
"""Networks that Python counts as global, in some versions, and that are not public."""


class AddressRefused(httpcore2.ConnectError):
    """The host resolves to an address that webhooks are not sent to."""


class AddressPolicy:
    """Which addresses are allowed: public ones, and those in `networks`."""

    def __init__(self, networks: Networks = ()) -> None:
        self._networks = tuple(ip_network(network) for network in networks)

    def allows(self, text: str) -> bool:
        """Whether webhooks may be sent to this address."""
        address = _parsed(text)
        if address is None:
            return False
        return all(self._allowed(each) for each in _embedded(address))

    def check_literal(self, url: str) -> None:
        """Raises ValueError for a URL whose host is written as an address that is not allowed."""
        host = urlsplit(url).hostname or ""
        if _parsed(host) is not None and not self.allows(host):
            raise ValueError("must not have an address that is not public")

    def _allowed(self, address: Address) -> bool:
        if any(address in network for network in self._networks):
            return True
        return _is_public(address)


class PinnedBackend(AsyncNetworkBackend):
    """Connects to allowed addresses only. Raises AddressRefused if a host has any other."""

    def __init__(self, policy: AddressPolicy) -> None:
        self._policy = policy
        self._backend = AnyIOBackend()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore2.SOCKET_OPTION] | None = None,
    ) -> AsyncNetworkStream:
        addresses = await _resolve(host, port)
        if refused := [each for each in addresses if not self._policy.allows(each)]:
            raise AddressRefused(f"{len(refused)} addresses of the host are not allowed")
        for address in addresses[:-1]:
            try:
                return await self._backend.connect_tcp(address, port, timeout, local_address)
            except (httpcore2.ConnectError, httpcore2.ConnectTimeout):
                continue  # another address of the host may answer
        return await self._backend.connect_tcp(addresses[-1], port, timeout, local_address)


async def _resolve(host: str, port: int) -> list[str]:
    """The addresses of a host, which may be written as an address. Raises ConnectError."""
    loop = asyncio.get_running_loop()
    try:
        found = await loop.getaddrinfo(host.strip("[]"), port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        raise httpcore2.ConnectError("the host is unknown") from None
    return list(dict.fromkeys(str(sockaddr[0]) for *_, sockaddr in found))


def _parsed(text: str) -> Address | None:
    """The address; null for one with a scope (`fe80::1%eth0`) and for anything else."""
    try:
        return None if "%" in text else ip_address(text)
    except ValueError:
        return None


def _embedded(address: Address) -> list[Address]:
    """The address, or the IPv4 addresses that this IPv6 address stands for."""
    if isinstance(address, IPv4Address):
        return [address]
    if address.ipv4_mapped:
        return [address.ipv4_mapped]
    if address.sixtofour:
        return [address.sixtofour]
    if address.teredo:
        return list(address.teredo)
    if address not in COMPATIBLE and address not in NAT64:
        return [address]
    if int(address) <= 1:  # `::` and `::1`
        return [address]
    return [IPv4Address(int(address) & 0xFFFFFFFF)]


def _is_public(address: Address) -> bool:
    if any(address in network for network in REFUSED):
        return False
    return address.is_global and not (
        address.is_multicast or address.is_reserved or address.is_unspecified
    )
