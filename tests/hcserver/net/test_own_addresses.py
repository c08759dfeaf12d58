from __future__ import annotations

import ipaddress
import socket

import pytest

from hcserver.net.own_addresses import own_addresses


def test_the_addresses_of_loopback_are_among_our_own() -> None:
    assert ipaddress.ip_address("127.0.0.1") in own_addresses()


def test_the_address_that_we_reach_others_from_is_among_our_own() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))  # sends nothing
        except OSError:
            pytest.skip("this machine has no way to other machines")
        assert ipaddress.ip_address(probe.getsockname()[0]) in own_addresses()


def test_an_address_of_another_machine_is_not_among_our_own() -> None:
    assert ipaddress.ip_address("192.0.2.1") not in own_addresses()


@pytest.mark.skipif(not hasattr(socket, "AF_NETLINK"), reason="only Linux has netlink")
def test_the_kernel_and_the_list_of_interfaces_agree_on_ipv6() -> None:
    try:
        with open("/proc/net/if_inet6") as lines:
            listed = {ipaddress.IPv6Address(bytes.fromhex(line.split()[0])) for line in lines}
    except FileNotFoundError:
        pytest.skip("no IPv6 here")
    assert {one for one in own_addresses() if one.version == 6} == listed


def test_without_netlink_the_addresses_of_the_own_name_are_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    def getaddrinfo(host: str, port: object, **options: object) -> list[object]:
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("192.0.2.7", 0))]

    monkeypatch.delattr(socket, "AF_NETLINK", raising=False)
    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
    assert own_addresses() == {ipaddress.ip_address("192.0.2.7")}
