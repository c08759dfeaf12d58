"""Who sent a request: the peer, or what a trusted proxy says of it."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import Literal

from handlers.http import Request
from hcserver.kinds import Network


class Peers:
    """Believes X-Forwarded-For and X-Forwarded-Proto only of proxies in the given networks."""

    def __init__(self, trusted: Sequence[Network]) -> None:
        self._trusted = tuple(trusted)
        self._is_trusted = lru_cache(maxsize=4096)(self._look_up)

    def address(self, request: Request) -> str:
        """The client's address in its plain form. What a proxy sends and is no address counts for nothing."""
        peer = plain_address(request.peer) or request.peer
        forwarded = request.headers.get("X-Forwarded-For")
        if forwarded and self._is_trusted(peer):
            return plain_address(forwarded.split(",", 1)[0]) or peer
        return peer

    def scheme(self, request: Request) -> Literal["http", "https"]:
        protocol = request.protocol
        forwarded = request.headers.get("X-Forwarded-Proto")
        if forwarded and self._is_trusted(plain_address(request.peer) or request.peer):
            protocol = forwarded.split(",", 1)[0].strip().lower()
        return "https" if protocol == "https" else "http"

    def _look_up(self, peer: str) -> bool:
        try:
            address = ip_address(peer)
        except ValueError:
            return False
        return any(address in network for network in self._trusted)


@lru_cache(maxsize=4096)
def plain_address(text: str) -> str | None:
    """`1.2.3.4:567`, `[v6]:port` and ::ffff:1.2.3.4 as the address that they mean, None for what is none."""
    text = text.strip()
    if len(text) > 64:
        return None
    if text.startswith("["):
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    try:
        address: IPv4Address | IPv6Address = ip_address(text)
    except ValueError:
        return None
    if isinstance(address, IPv6Address) and address.ipv4_mapped is not None:
        address = address.ipv4_mapped
    return str(address)
