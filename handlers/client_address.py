"""Who sent a request: the peer, or the client that a trusted proxy names."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import Literal

from tornado.httputil import HTTPHeaders

from hcserver.config.types import Network

_LONGEST = 64  # characters that an address with port and scope may have
_MAX_HOPS = 32  # addresses of X-Forwarded-For that are looked at, from the right
_SCHEMES: dict[str, Literal["http", "https"]] = {"http": "http", "https": "https"}


class ClientAddresses:
    """Believes X-Forwarded-For and X-Forwarded-Proto only of proxies in the trusted networks."""

    def __init__(self, trusted: Sequence[Network]) -> None:
        self._trusted = tuple(trusted)
        self._is_trusted = lru_cache(maxsize=4096)(self._look_up)

    def is_proxy(self, peer: str) -> bool:
        """Whether the address of a connection is a trusted proxy's."""
        return self._is_trusted(plain_address(peer) or peer)

    def address(self, peer: str, headers: HTTPHeaders) -> str:
        """The client's address in its plain form.

        Each proxy appends the address that it was called from, and a client can write what it likes before
        that: so the rightmost address that is no trusted proxy's counts. Where all are, it is the leftmost;
        where the one that should count is no address, it is the peer's.
        """
        peer = plain_address(peer) or peer
        forwarded = headers.get("X-Forwarded-For")
        if not forwarded or not self._is_trusted(peer):
            return peer
        address = None
        for text in reversed(forwarded.rsplit(",", _MAX_HOPS)[-_MAX_HOPS:]):
            address = plain_address(text)
            if address is None or not self._is_trusted(address):
                break
        return address or peer

    def scheme(self, peer: str, protocol: str, headers: HTTPHeaders) -> Literal["http", "https"]:
        """The client's protocol; `protocol` is the connection's. A proxy's word that is neither http nor
        https is ignored.
        """
        scheme = _SCHEMES[protocol]
        forwarded = headers.get("X-Forwarded-Proto")
        if forwarded and self.is_proxy(peer):
            return _SCHEMES.get(forwarded.split(",", 1)[0].strip().lower(), scheme)
        return scheme

    def _look_up(self, address: str) -> bool:
        try:
            parsed = ip_address(address)
        except ValueError:
            return False
        return any(parsed in network for network in self._trusted)


def plain_address(text: str) -> str | None:
    """`1.2.3.4:567`, `[v6]:port` and ::ffff:1.2.3.4 as the address that they mean, None for what is no
    address.
    """
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
