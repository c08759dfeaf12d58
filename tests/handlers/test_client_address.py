from __future__ import annotations

import pytest
from tornado.httputil import HTTPHeaders

from handlers.client_address import Peers, plain_address
from handlers.ping.exchange import Request
from hcserver.config.types import networks

PEERS = Peers(networks().read(["10.0.0.0/8", "fd00::/8"]))


def request(peer: str, protocol: str = "http", **headers: str) -> Request:
    names = {name.replace("_", "-"): value for name, value in headers.items()}
    return Request("GET", "/", "", HTTPHeaders(names), peer, protocol)


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
def test_what_is_no_address_is_told_apart(text: str) -> None:
    assert plain_address(text) is None


@pytest.mark.parametrize(
    ("forwarded", "address"),
    [
        ("1.2.3.4", "1.2.3.4"),
        ("1.2.3.4, 5.6.7.8, 10.0.0.9", "1.2.3.4"),
        (" ::ffff:1.2.3.4 ,5.6.7.8", "1.2.3.4"),
        ("[2001:db8::1]:80", "2001:db8::1"),
        ("", "10.1.1.1"),
        (",1.2.3.4", "10.1.1.1"),
        ("unknown", "10.1.1.1"),
        ("<script>", "10.1.1.1"),
        ("1" * 60_000, "10.1.1.1"),
    ],
)
def test_a_trusted_proxy_is_believed_if_it_sends_an_address(forwarded: str, address: str) -> None:
    assert PEERS.address(request("10.1.1.1", X_Forwarded_For=forwarded)) == address


@pytest.mark.parametrize("peer", ["192.0.2.1", "2001:db8::9"])
def test_nobody_else_is_believed(peer: str) -> None:
    sent = request(peer, X_Forwarded_For="1.2.3.4", X_Forwarded_Proto="https")
    assert (PEERS.address(sent), PEERS.scheme(sent)) == (peer, "http")


@pytest.mark.parametrize("peer", ["::ffff:10.1.1.1", "fd00::1"])
def test_proxies_are_known_in_every_form_of_their_address(peer: str) -> None:
    sent = request(peer, X_Forwarded_For="1.2.3.4", X_Forwarded_Proto="https")
    assert (PEERS.address(sent), PEERS.scheme(sent)) == ("1.2.3.4", "https")


def test_a_peer_without_an_address_is_recorded_as_it_is() -> None:
    assert PEERS.address(request("@socket", X_Forwarded_For="1.2.3.4")) == "@socket"


@pytest.mark.parametrize(
    ("forwarded", "scheme"),
    [("https", "https"), ("HTTPS", "https"), (" https , http", "https"), ("http", "http"), ("wss", "http")],
)
def test_the_scheme_is_what_a_trusted_proxy_says(forwarded: str, scheme: str) -> None:
    assert PEERS.scheme(request("10.1.1.1", X_Forwarded_Proto=forwarded)) == scheme


def test_without_a_proxy_the_scheme_is_the_connections() -> None:
    assert PEERS.scheme(request("192.0.2.1", "https")) == "https"
    assert PEERS.scheme(request("10.1.1.1", "https", X_Forwarded_Proto="odd")) == "https"
