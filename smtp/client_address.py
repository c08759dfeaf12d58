"""The address of the client, also behind a proxy that speaks the PROXY protocol (haproxy)."""

from __future__ import annotations

import asyncio
import ipaddress
from ipaddress import IPv4Address, IPv6Address

from aiosmtpd.proxy_protocol import V2_CMD, get_proxy


class NoProxy(Exception):
    """The connection does not begin with a valid PROXY header."""


def plain_address(address: str) -> str:
    """An IP address in its usual form, IPv4 in IPv6 as IPv4; empty if it is none, as on a UNIX socket."""
    try:
        ip = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return ""
    return str(getattr(ip, "ipv4_mapped", None) or ip)


async def read_proxy_header(reader: asyncio.StreamReader) -> str:
    """The address of the client that the proxy speaks for, empty if the proxy names none. Raises NoProxy."""
    proxy = await get_proxy(reader)
    if not proxy:
        raise NoProxy(proxy.error)
    # With the command LOCAL the proxy speaks for itself, to see whether we are well; version 1 has none.
    speaks_for_client = proxy.version == 1 or proxy.command == V2_CMD.PROXY
    if speaks_for_client and isinstance(proxy.src_addr, (IPv4Address, IPv6Address)):
        return plain_address(str(proxy.src_addr))
    return ""
