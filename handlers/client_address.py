"""Who sent a request: the peer, or what a trusted proxy says of it."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import Literal

from handlers.ping.exchange import Request
from hcserver.config.types import Network

_LONGEST = 64  # characters that an address with port and scope may have
_SCHEMES: dict[str, Literal["http", "https"]] = {"http": "http", "https": "https"}


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
        """The client's protocol. What a proxy sends and is neither of the two counts for nothing."""
        scheme = _SCHEMES[request.protocol]
        forwarded = request.headers.get("X-Forwarded-Proto")
        if forwarded and self._is_trusted(plain_address(request.peer) or request.peer):
            return _SCHEMES.get(forwarded.split(",", 1)[0].strip().lower(), scheme)
        return scheme

    def _look_up(self, peer: str) -> bool:
        try:
            address = ip_address(peer)
        except ValueError:
            return False
        return any(address in network for network in self._trusted)


def plain_address(text: str) -> str | None:
    """`1.2.3.4:567`, `[v6]:port` and ::ffff:1.2.3.4 as the address that they mean, None for what is none."""
    text = text.strip()
    return _address(text) if len(text) <= _LONGEST else None


@lru_cache(maxsize=4096)
def _address(text: str) -> str | None:
    if text.startswith("["):
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    try:
        address: IPv4Address | IPv6Address = ip_address(text)
    except ValueError:
        return None
    if isinstance(address, IPv6Address):
        # Without its scope (fe80::1%eth0), which is any text and means something on one machine only.
        address = address.ipv4_mapped or IPv6Address(address.packed)
    return str(address)
