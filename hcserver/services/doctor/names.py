"""DNS: whether http.base_url and smtp.domain lead anywhere. What DNS says here need not be what others see,
so that nothing of it is more than a warning.
"""

from __future__ import annotations

import asyncio
import ipaddress
import socket
from collections.abc import AsyncIterator
from typing import Protocol
from urllib.parse import urlsplit

import dns.exception
import dns.rdatatype
import dns.resolver

from hcserver.config.schema import Settings
from hcserver.services.doctor.finding import Finding, ok, warning

SUBJECT = "DNS"
LOOKUP_TIME = 5.0  # seconds for one name
_NOT_THERE = {socket.EAI_NONAME, getattr(socket, "EAI_NODATA", socket.EAI_NONAME)}


class DnsUnreachable(Exception):
    """No DNS server has answered in time."""


class Names(Protocol):
    """Looks names up. Both raise DnsUnreachable."""

    async def addresses(self, host: str) -> list[str]:
        """The addresses of a host, as programs on this machine have them; none if it has none."""

    async def exchangers(self, domain: str) -> list[str]:
        """The mail servers of a domain by its MX records, the preferred first; none if it has none. "" is the
        name in a null MX (RFC 7505): the domain takes no mail.
        """


class SystemNames:
    """Looks names up by the resolver of this machine."""

    async def addresses(self, host: str) -> list[str]:
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(LOOKUP_TIME):
                found = await loop.getaddrinfo(host, None, type=socket.SOCK_STREAM)
        except socket.gaierror as problem:
            if problem.errno in _NOT_THERE:
                return []
            raise DnsUnreachable(problem.strerror) from problem
        except (OSError, UnicodeError, TimeoutError) as problem:
            raise DnsUnreachable(str(problem) or "it did not answer in time") from problem
        return list(dict.fromkeys(str(address[0]) for *_, address in found))

    async def exchangers(self, domain: str) -> list[str]:
        return await asyncio.to_thread(_exchangers, domain)


def _exchangers(domain: str) -> list[str]:
    try:
        # The trailing dot keeps the search domains of this machine out.
        found = dns.resolver.resolve(f"{domain}.", dns.rdatatype.MX, lifetime=LOOKUP_TIME)
    except (dns.resolver.NXDOMAIN, dns.resolver.NoAnswer):
        return []
    except (dns.exception.DNSException, OSError) as problem:
        raise DnsUnreachable(str(problem)) from problem
    records = sorted(found, key=lambda record: int(record.preference))
    return [str(record.exchange).rstrip(".") for record in records]


async def examine_names(settings: Settings, names: Names) -> AsyncIterator[Finding]:
    """The host of http.base_url, and each domain of smtp.domain."""
    host = urlsplit(settings.http.base_url).hostname
    try:
        if host is not None:
            yield await _host(f"{host} (http.base_url)", host, names)
        if settings.smtp.port:
            for domain in settings.smtp.domains:
                yield await _domain(f"{domain} (smtp.domain)", domain, names)
    except DnsUnreachable as problem:
        yield warning(SUBJECT, f"it can't be asked: {problem}")


async def _host(name: str, host: str, names: Names) -> Finding:
    addresses = await names.addresses(host)
    if not addresses:
        return warning(SUBJECT, f"{name} has no address: jobs and people don't find the server")
    return ok(SUBJECT, f"{name} has the address {', '.join(addresses)}")


async def _domain(name: str, domain: str, names: Names) -> Finding:
    if domain == "localhost" or _is_address(domain):
        return ok(SUBJECT, f"{name} needs no MX record")
    exchangers = await names.exchangers(domain)
    if exchangers == [""]:
        return warning(SUBJECT, f"{name} has an MX record that says that it takes no mail")
    # Without an MX record the domain itself is the mail server (RFC 5321 section 5.1).
    found = [host for host in exchangers or [domain] if await names.addresses(host)]
    if found:
        return ok(SUBJECT, f"mail for {name} goes to {', '.join(found)}")
    if exchangers:
        return warning(SUBJECT, f"{name} has the MX {', '.join(exchangers)}, which has no address")
    return warning(SUBJECT, f"{name} has neither an MX record nor an address: mail does not find the server")


def _is_address(domain: str) -> bool:
    try:
        ipaddress.ip_address(domain.strip("[]").removeprefix("IPv6:"))
    except ValueError:
        return False
    return True
