from __future__ import annotations

from hcserver.net.connection_table import ConnectionTable


class Closed(list[str]):
    """The connections that had to make room."""


def table(total: int = 10, per_address: int = 10, exempt: str = "") -> tuple[ConnectionTable[str], Closed]:
    closed = Closed()
    return ConnectionTable(total, per_address, closed.append, lambda address: address == exempt), closed


def test_the_oldest_idle_connection_is_closed_when_there_are_too_many() -> None:
    connections, closed = table(total=3)
    for name in "abc":
        connections.add(name, "192.0.2.1")
    connections.busy("a")
    connections.busy("b")
    connections.idle("b")
    assert connections.admit("192.0.2.2")
    assert closed == ["c"]
    connections.add("d", "192.0.2.2")
    assert connections.admit("192.0.2.2")
    assert closed == ["c", "b"]
    assert len(connections) == 2


def test_no_connection_is_admitted_while_all_are_busy() -> None:
    connections, closed = table(total=1)
    connections.add("a", "192.0.2.1")
    connections.busy("a")
    assert not connections.admit("192.0.2.2")
    connections.remove("a")
    assert connections.admit("192.0.2.2")
    assert closed == []


def test_at_the_limit_of_an_address_one_of_its_own_connections_makes_room() -> None:
    connections, closed = table(per_address=2)
    connections.add("other", "192.0.2.9")
    connections.add("a", "192.0.2.1")
    connections.add("b", "192.0.2.1")
    connections.busy("a")
    assert connections.admit("192.0.2.1")
    assert closed == ["b"]
    connections.add("c", "192.0.2.1")
    connections.busy("c")
    assert not connections.admit("192.0.2.1")
    assert connections.admit("192.0.2.9")


def test_an_exempt_address_has_the_limit_in_all_only() -> None:
    connections, closed = table(total=3, per_address=1, exempt="10.0.0.1")
    for name in "abc":
        assert connections.admit("10.0.0.1")
        connections.add(name, "10.0.0.1")
        connections.busy(name)
    assert not connections.admit("10.0.0.1")
    assert closed == []


def test_a_network_of_64_bits_counts_as_one_ipv6_address_and_a_mapped_address_as_ipv4() -> None:
    connections, _ = table(per_address=1)
    connections.add("a", "2001:db8::1")
    connections.add("b", "::ffff:192.0.2.1")
    connections.add("c", "fe80::1%eth0")
    for name in "abc":
        connections.busy(name)
    for address in ("2001:db8::2", "192.0.2.1", "fe80::2%eth1"):
        assert not connections.admit(address)
    for address in ("2001:db8:0:1::1", "192.0.2.2", "no:address"):
        assert connections.admit(address)


def test_a_connection_that_is_gone_is_not_counted_again() -> None:
    connections, closed = table(total=1)
    connections.add("a", "192.0.2.1")
    connections.remove("a")
    connections.remove("a")
    connections.idle("a")
    connections.busy("a")
    assert len(connections) == 0
    assert not connections.evict_oldest_idle()
    assert closed == []
