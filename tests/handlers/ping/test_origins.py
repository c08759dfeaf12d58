"""Who sent a ping, as the log shows it."""

from __future__ import annotations

from typing import Any

import pytest

from hcserver.config.schema import HttpSettings
from tests.handlers.harness import Site, serve


async def logged(site: Site, headers: dict[str, str]) -> dict[str, Any]:
    check = (await site.create())["uuid"]
    assert (await site.request("GET", f"/ping/{check}", headers)).status == 200
    (ping,) = await site.pings(check)
    return ping


async def test_a_plain_ping_is_recorded_with_its_peer(site: Site) -> None:
    ping = await logged(site, {})
    assert (ping["scheme"], ping["remote_addr"], ping["ua"]) == ("http", "127.0.0.1", "")


@pytest.mark.parametrize(
    ("forwarded", "address"),
    [
        ("203.0.113.7", "203.0.113.7"),
        ("10.0.0.1, 203.0.113.7:567, 127.0.0.2", "203.0.113.7"),
        (" ::ffff:203.0.113.7 ", "203.0.113.7"),
        ("[2001:db8::1]:443", "2001:db8::1"),
        ("not an address", "127.0.0.1"),
        ("ÿ" * 3000, "127.0.0.1"),
    ],
)
async def test_the_address_is_the_one_that_a_trusted_proxy_sends(
    site: Site, forwarded: str, address: str
) -> None:
    assert (await logged(site, {"X-Forwarded-For": forwarded}))["remote_addr"] == address


@pytest.mark.parametrize(
    ("forwarded", "scheme"), [("https", "https"), ("HTTPS", "https"), ("gopher", "http")]
)
async def test_the_scheme_is_the_one_that_a_trusted_proxy_sends(
    site: Site, forwarded: str, scheme: str
) -> None:
    assert (await logged(site, {"X-Forwarded-Proto": forwarded}))["scheme"] == scheme


async def test_others_are_not_believed(mongo_uri: str) -> None:
    async with serve(mongo_uri, http=HttpSettings(trusted_proxies=())) as site:
        ping = await logged(site, {"X-Forwarded-For": "203.0.113.7", "X-Forwarded-Proto": "https"})
        assert (ping["remote_addr"], ping["scheme"]) == ("127.0.0.1", "http")


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        ("curl/8.5.0", "curl/8.5.0"),
        ("x" * 200, "x" * 200),
        ("x" * 201, "x" * 200),
        ("y" * 50_000, "y" * 200),
        ("", ""),
    ],
)
async def test_the_user_agent_is_kept_up_to_200_characters(site: Site, sent: str, kept: str) -> None:
    assert (await logged(site, {"User-Agent": sent}))["ua"] == kept
