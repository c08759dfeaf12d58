from __future__ import annotations

import ipaddress
import socket

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hcserver.errors import DeliveryError
from hcserver.net.address_policy import AddressPolicy
from hcserver.net.own_addresses import Address

LOOPBACK = (ipaddress.ip_network("127.0.0.1"),)

PRIVATE = [
    "0.0.0.0",
    "0.1.2.3",
    "10.0.0.1",
    "100.64.0.1",
    "100.100.100.200",  # metadata: Alibaba
    "127.0.0.1",
    "127.255.255.254",
    "168.63.129.16",  # metadata: Azure
    "169.254.169.254",  # metadata: nearly everybody
    "172.16.0.1",
    "172.31.255.255",
    "192.0.0.192",  # metadata: Oracle
    "192.0.2.1",
    "192.88.99.1",
    "192.168.1.1",
    "198.18.0.1",
    "198.19.255.255",
    "198.51.100.1",
    "203.0.113.1",
    "224.0.0.1",
    "239.255.255.255",
    "240.0.0.1",
    "255.255.255.255",
    "::",
    "::1",
    "::127.0.0.1",
    "::ffff:10.0.0.1",
    "::ffff:169.254.169.254",
    "::ffff:7f00:1",
    "::ffff:0:10.0.0.1",
    "64:ff9b::10.0.0.1",
    "64:ff9b::169.254.169.254",
    "64:ff9b::a9fe:a9fe",
    "64:ff9b:1::10.0.0.1",
    "100::1",
    "2001::1",
    "2001:0:a00:1::1",
    "2001:db8::1",
    "2002:a00:1::1",
    "2002:7f00:1::",
    "2002:a9fe:a9fe::1",
    "3fff::1",
    "4000::1",
    "5f00::1",
    "fc00::1",
    "fd00:ec2::254",  # metadata: AWS
    "fd20:ce::254",  # metadata: Google
    "fe80::1",
    "fe80::1%lo",
    "fec0::1",
    "ff02::1",
]
PUBLIC = [
    "1.1.1.1",
    "9.9.9.9",
    "100.63.255.255",
    "100.128.0.1",
    "172.15.255.255",
    "172.32.0.1",
    "192.167.1.1",
    "223.255.255.255",
    "::ffff:1.1.1.1",
    "64:ff9b::1.1.1.1",
    "2001:4860:4860::8888",
    "2606:4700:4700::1111",
    "2a00:1450::1",
]


@pytest.mark.parametrize("address", PRIVATE)
def test_an_address_that_is_not_public_is_refused_for_good(address: str) -> None:
    with pytest.raises(DeliveryError, match=r"notifications\.allowed_networks") as caught:
        AddressPolicy(()).check(address)
    assert caught.value.transient is False


@pytest.mark.parametrize("address", PUBLIC)
def test_a_public_address_is_permitted(address: str) -> None:
    AddressPolicy(()).check(address)


@pytest.mark.parametrize(
    ("network", "address"),
    [
        ("10.0.0.0/8", "10.1.2.3"),
        ("10.0.0.0/8", "::ffff:10.1.2.3"),
        ("10.0.0.0/8", "64:ff9b::10.1.2.3"),
        ("169.254.169.254", "169.254.169.254"),
        ("fd00::/8", "fd00::1"),
        ("::1", "::1"),
        ("2002::/16", "2002:a00:1::1"),
    ],
)
def test_a_private_network_can_be_allowed(network: str, address: str) -> None:
    AddressPolicy((ipaddress.ip_network(network),)).check(address)


@pytest.mark.parametrize(
    "address", ["10.0.0.1", "127.0.0.2", "::1", "::ffff:127.0.0.2", "64:ff9b::127.0.0.2"]
)
def test_what_is_allowed_opens_nothing_else(address: str) -> None:
    with pytest.raises(DeliveryError):
        AddressPolicy(LOOPBACK).check(address)


@settings(max_examples=200)
@given(st.ip_addresses(v=4))
def test_an_ipv4_address_fares_the_same_in_each_of_its_ipv6_forms(address: ipaddress.IPv4Address) -> None:
    def permitted(text: str) -> bool:
        try:
            AddressPolicy(LOOPBACK).check(text)
        except DeliveryError:
            return False
        return True

    plain = permitted(str(address))
    assert permitted(f"::ffff:{address}") is plain
    assert permitted(f"64:ff9b::{address}") is plain
    if not address.is_global:
        assert plain is (address in LOOPBACK[0])


@given(st.text())
def test_what_is_no_address_is_refused(text: str) -> None:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        with pytest.raises(DeliveryError):
            AddressPolicy(()).check(text)


@pytest.mark.parametrize(
    "host", ["localhost", "127.0.0.1", "127.1", "2130706433", "0x7f.0.0.1", "::1", "0", "::ffff:127.0.0.1"]
)
def test_a_host_that_leads_to_this_machine_is_refused_however_it_is_written(host: str) -> None:
    with pytest.raises(DeliveryError, match="private or reserved") as caught:
        AddressPolicy(()).resolve(host, 80)
    assert caught.value.transient is False


def test_a_name_gives_only_the_addresses_that_are_permitted(monkeypatch: pytest.MonkeyPatch) -> None:
    resolving(monkeypatch, "1.1.1.1", "10.0.0.1", "2606:4700::1", "1.1.1.1", "fe80::1%lo")
    assert AddressPolicy(()).resolve("mixed.example", 443) == ["1.1.1.1", "2606:4700::1"]


def test_a_name_that_can_not_be_looked_up_may_be_found_later(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*args: object, **kwargs: object) -> None:
        raise socket.gaierror(socket.EAI_AGAIN, "Temporary failure in name resolution")

    monkeypatch.setattr(socket, "getaddrinfo", fail)
    with pytest.raises(DeliveryError, match="Temporary failure") as caught:
        AddressPolicy(()).resolve("example.org", 443)
    assert caught.value.transient is True


@pytest.mark.parametrize("host", ["a" * 64 + ".example", "a..b", "\0", "\ud800", "a" * 100_000])
def test_what_can_be_no_host_is_refused(host: str) -> None:
    with pytest.raises(DeliveryError):
        AddressPolicy(()).resolve(host, 80)


def resolving(monkeypatch: pytest.MonkeyPatch, *addresses: str) -> list[str]:
    """Every name has these addresses; returns the names asked for."""
    asked: list[str] = []

    def getaddrinfo(host: str, port: int, **kwargs: object) -> list[object]:
        asked.append(host)
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port)) for address in addresses]

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
    return asked


OWN = frozenset({ipaddress.ip_address("1.1.1.1"), ipaddress.ip_address("2606:4700::1")})


@pytest.mark.parametrize("address", ["1.1.1.1", "::ffff:1.1.1.1", "64:ff9b::1.1.1.1", "2606:4700::1"])
def test_a_public_address_of_this_machine_itself_is_refused(address: str) -> None:
    with pytest.raises(DeliveryError, match=r"notifications\.allowed_networks"):
        AddressPolicy((), lambda: OWN).check(address)
    AddressPolicy((), lambda: OWN).check("1.0.0.1")


def test_an_address_of_this_machine_itself_can_be_allowed() -> None:
    policy = AddressPolicy((ipaddress.ip_network("1.1.1.1"),), lambda: OWN)
    policy.check("1.1.1.1")
    with pytest.raises(DeliveryError):
        policy.check("2606:4700::1")


def test_public_addresses_stay_permitted_when_the_own_ones_can_not_be_read(
    caplog: pytest.LogCaptureFixture,
) -> None:
    def fail() -> frozenset[Address]:
        raise PermissionError(1, "Operation not permitted")

    AddressPolicy((), fail).check("1.1.1.1")
    assert "can't read the addresses of this machine: Operation not permitted" in caplog.text


def test_the_own_addresses_are_read_once_for_many_checks() -> None:
    reads = []

    def own() -> frozenset[Address]:
        reads.append(1)
        return OWN

    policy = AddressPolicy((), own)
    for _ in range(100):
        policy.check("1.0.0.1")
    assert len(reads) == 1


@pytest.mark.parametrize(
    "host",
    [
        *("localhost", "LOCALHOST", "localhost.", "db.localhost", "localhost.localdomain", "ip6-localhost"),
        *("127.0.0.1", "127.1", "0x7f.0.0.1", "10.0.0.1", "[::1]", "::1", "[::ffff:192.168.1.1]"),
    ],
)
def test_a_host_that_certainly_may_not_be_reached_is_refused_without_a_look_up(
    host: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = resolving(monkeypatch, "1.1.1.1")
    with pytest.raises(DeliveryError, match=r"notifications\.allowed_networks"):
        AddressPolicy(()).check_host(host)
    assert asked == []


@pytest.mark.parametrize(
    "host", ["1.1.1.1", "example.org", "localhost.example.org", "12345", "999.1.1.1", ""]
)
def test_a_name_or_a_public_address_passes_without_a_look_up(
    host: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = resolving(monkeypatch, "127.0.0.1")
    AddressPolicy(()).check_host(host)
    assert asked == []


def test_localhost_passes_where_one_of_its_addresses_is_allowed() -> None:
    AddressPolicy(LOOPBACK).check_host("localhost")
    AddressPolicy((ipaddress.ip_network("::1"),)).check_host("localhost")
