from __future__ import annotations

from smtp.connections import Connections


def test_places_are_taken_and_given_back() -> None:
    connections: Connections[str] = Connections(2, 1)
    assert connections.enter("a")
    assert connections.enter("b")
    assert not connections.enter("c")
    assert connections.locate("a", "192.0.2.1")
    assert not connections.locate("b", "192.0.2.1")
    connections.leave("b")
    connections.leave("c")
    assert list(connections) == ["a"]
    connections.leave("a")
    assert connections.enter("d")
    assert connections.locate("d", "192.0.2.1")


def test_no_session_enters_while_the_listener_is_closing() -> None:
    connections: Connections[str] = Connections(2, 2)
    connections.closing = True
    assert not connections.enter("a")
