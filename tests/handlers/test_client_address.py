from __future__ import annotations

import pytest
from tornado.httputil import HTTPHeaders

from handlers.client_address import ClientAddresses, plain_address
from hcserver.config.types import networks

ADDRESSES = ClientAddresses(networks().read(["10.0.0.0/8", "fd00::/8"]))


def address(peer: str, forwarded: str) -> str:
    return ADDRESSES.address(peer, HTTPHeaders({"X-Forwarded-For": forwarded}))


def scheme(peer: str, forwarded: str, protocol: str = "http") -> str:
    return ADDRESSES.scheme(peer, protocol, HTTPHeaders({"X-Forwarded-Proto": forwarded}))


@pytest.mark.parametrize(
    ("sent", "meant"),
    [
        ("1.2.3.4", "1.2.3.4"),
        (" 1.2.3.4\t", "1.2.3.4"),
        ("1.2.3.4:567", "1.2.3.4"),
        ("::ffff:1.2.3.4", "1.2.3.4"),
        ("[::ffff:1.2.3.4]:567", "1.2.3.4"),
        ("2001:DB8:0::1", "2001:db8::1"),
        ("[2001:db8::1]", "2001:db8::1"),
        ("[2001:db8::1]:567", "2001:db8::1"),
        ("fe80::1%eth0", "fe80::1"),
        ("fe80::1%<b>", "fe80::1"),
    ],
)
def test_an_address_is_recorded_in_its_plain_form(sent: str, meant: str) -> None:
    assert plain_address(sent) == meant


@pytest.mark.parametrize(
    "text",
    ["", " ", "unknown", "_hidden", "1.2.3", "1.2.3.4.5", "1.2.3.4:5:6", "[", "[]", "01.2.3.4", "9" * 999],
)
def test_what_is_no_address_is_none(text: str) -> None:
    assert plain_address(text) is None


@pytest.mark.parametrize(
    ("forwarded", "meant"),
    [
        ("1.2.3.4", "1.2.3.4"),
        # What stands on the left was written by the client itself.
        ("1.2.3.4, 5.6.7.8, 10.0.0.9", "5.6.7.8"),
        ("unknown, 5.6.7.8", "5.6.7.8"),
        ("5.6.7.8:99 , 10.0.0.8:80,10.0.0.9", "5.6.7.8"),
        (" ::ffff:1.2.3.4 ,fd00::5", "1.2.3.4"),
        ("[2001:db8::1]:80", "2001:db8::1"),
        (",1.2.3.4", "1.2.3.4"),
        # All of them are proxies: the one that is farthest away.
        ("10.0.0.7, 10.0.0.8", "10.0.0.7"),
        ("", "10.1.1.1"),
        ("1.2.3.4,", "10.1.1.1"),
        ("unknown", "10.1.1.1"),
        ("5.6.7.8, unknown, 10.0.0.9", "10.1.1.1"),
        ("<script>", "10.1.1.1"),
        ("1" * 60_000, "10.1.1.1"),
        ("1.2.3.4," + "10.0.0.1," * 7000 + "10.0.0.2", "10.0.0.1"),
    ],
)
def test_of_a_trusted_proxy_the_rightmost_address_that_is_no_proxy_counts(forwarded: str, meant: str) -> None:
    assert address("10.1.1.1", forwarded) == meant


@pytest.mark.parametrize("peer", ["192.0.2.1", "2001:db8::9"])
def test_forwarded_headers_of_others_are_ignored(peer: str) -> None:
    assert (address(peer, "1.2.3.4"), scheme(peer, "https")) == (peer, "http")
    assert not ADDRESSES.is_proxy(peer)


@pytest.mark.parametrize("peer", ["::ffff:10.1.1.1", "fd00::1"])
def test_proxies_are_known_in_every_form_of_their_address(peer: str) -> None:
    assert (address(peer, "1.2.3.4"), scheme(peer, "https")) == ("1.2.3.4", "https")
    assert ADDRESSES.is_proxy(peer)


def test_a_peer_without_an_address_is_recorded_as_it_is() -> None:
    assert address("@socket", "1.2.3.4") == "@socket"


@pytest.mark.parametrize(
    ("forwarded", "meant"),
    [("https", "https"), ("HTTPS", "https"), (" https , http", "https"), ("http", "http"), ("wss", "http")],
)
def test_the_scheme_is_what_a_trusted_proxy_says(forwarded: str, meant: str) -> None:
    assert scheme("10.1.1.1", forwarded) == meant


def test_without_a_proxy_the_scheme_is_the_connections() -> None:
    assert scheme("192.0.2.1", "", "https") == "https"
    assert scheme("10.1.1.1", "odd", "https") == "https"
