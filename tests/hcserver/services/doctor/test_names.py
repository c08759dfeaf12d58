from __future__ import annotations

import asyncio
import socket
from typing import Any

import dns.exception
import dns.rdatatype
import dns.resolver
import dns.rrset
import pytest

from hcserver.config.schema import HttpSettings, Settings, SmtpSettings
from hcserver.services.doctor.finding import Finding, ok, warning
from hcserver.services.doctor.names import DnsUnreachable, SystemNames, examine_names


class FakeNames:
    def __init__(self, addresses: dict[str, list[str]], exchangers: dict[str, list[str]]) -> None:
        self._addresses = addresses
        self._exchangers = exchangers

    async def addresses(self, host: str) -> list[str]:
        return self._addresses.get(host, [])

    async def exchangers(self, domain: str) -> list[str]:
        return self._exchangers.get(domain, [])


class NoNames:
    async def addresses(self, host: str) -> list[str]:
        raise DnsUnreachable("it did not answer in time")

    async def exchangers(self, domain: str) -> list[str]:
        raise DnsUnreachable("it did not answer in time")


async def examined(
    addresses: dict[str, list[str]], exchangers: dict[str, list[str]], *domains: str, url: str = ""
) -> list[Finding]:
    smtp = SmtpSettings(domains=domains) if domains else SmtpSettings(port=0)
    settings = Settings(http=HttpSettings(base_url=url), smtp=smtp)
    return [one async for one in examine_names(settings, FakeNames(addresses, exchangers))]


async def test_the_host_of_the_url_should_have_an_address() -> None:
    url = "https://hc.example.org:8443/"
    assert await examined({"hc.example.org": ["192.0.2.1"]}, {}, url=url) == [
        ok("DNS", "hc.example.org (http.base_url) has the address 192.0.2.1")
    ]
    assert await examined({}, {}, url=url) == [
        warning("DNS", "hc.example.org (http.base_url) has no address: jobs and people don't find the server")
    ]


async def test_the_mail_of_a_domain_should_go_somewhere() -> None:
    mx = {"example.org": ["mx1.example.org", "mx2.example.org"]}
    assert await examined({"mx2.example.org": ["192.0.2.1"]}, mx, "example.org") == [
        ok("DNS", "mail for example.org (smtp.domain) goes to mx2.example.org")
    ]
    assert await examined({"example.org": ["192.0.2.1"]}, {}, "example.org") == [
        ok("DNS", "mail for example.org (smtp.domain) goes to example.org")
    ]


@pytest.mark.parametrize(
    ("mx", "text"),
    [
        ([], "has neither an MX record nor an address"),
        (["mx.example.org"], "has the MX mx.example.org, which has no address"),
        ([""], "has an MX record that says that it takes no mail"),
    ],
)
async def test_mail_that_does_not_find_the_server_is_warned_of(mx: list[str], text: str) -> None:
    (finding,) = await examined({}, {"example.org": mx}, "example.org")
    assert finding.level == "warning"
    assert finding.text.startswith(f"example.org (smtp.domain) {text}")


async def test_local_domains_need_no_records() -> None:
    findings = await examined({}, {}, "localhost", "[192.0.2.1]")
    assert [finding.level for finding in findings] == ["ok", "ok"]


async def test_dns_that_is_away_is_one_warning() -> None:
    settings = Settings(
        http=HttpSettings(base_url="https://hc.example.org"), smtp=SmtpSettings(domains=("example.org",))
    )
    assert [one async for one in examine_names(settings, NoNames())] == [
        warning("DNS", "it can't be asked: it did not answer in time")
    ]


async def test_addresses_are_those_that_programs_have() -> None:
    names = SystemNames()
    assert await names.addresses("127.0.0.1") == ["127.0.0.1"]
    assert await names.addresses("localhost")


@pytest.mark.parametrize(
    ("code", "away"), [(socket.EAI_NONAME, False), (socket.EAI_AGAIN, True), (socket.EAI_FAIL, True)]
)
async def test_a_name_that_does_not_exist_is_not_dns_that_is_away(
    code: int, away: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fail(*_: Any, **__: Any) -> None:
        raise socket.gaierror(code, "so it is")

    monkeypatch.setattr(asyncio.get_running_loop(), "getaddrinfo", fail)
    if away:
        with pytest.raises(DnsUnreachable, match="so it is"):
            await SystemNames().addresses("hc.example.org")
    else:
        assert await SystemNames().addresses("hc.example.org") == []


async def test_mail_servers_are_ordered_by_preference(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []

    def resolve(name: str, kind: dns.rdatatype.RdataType, lifetime: float) -> dns.rrset.RRset:
        asked.append((name, kind))
        return dns.rrset.from_text(name, 60, "IN", "MX", "20 b.example.org.", "10 a.example.org.")

    monkeypatch.setattr(dns.resolver, "resolve", resolve)
    assert await SystemNames().exchangers("example.org") == ["a.example.org", "b.example.org"]
    assert asked == [("example.org.", dns.rdatatype.MX)]


@pytest.mark.parametrize(
    ("error", "away"),
    [(dns.resolver.NXDOMAIN, False), (dns.resolver.NoResolverConfiguration, True), (OSError, True)],
)
async def test_a_domain_without_mx_records_is_not_dns_that_is_away(
    error: type[Exception], away: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    def resolve(*_: Any, **__: Any) -> None:
        raise error

    monkeypatch.setattr(dns.resolver, "resolve", resolve)
    if away:
        with pytest.raises(DnsUnreachable):
            await SystemNames().exchangers("example.org")
    else:
        assert await SystemNames().exchangers("example.org") == []
