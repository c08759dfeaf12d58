"""The connections of a listener: how many there may be, and which one makes room for another."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from ipaddress import IPv6Address, ip_address
from typing import Generic, TypeVar

C = TypeVar("C", bound=Hashable)


@dataclass(slots=True)
class _Client(Generic[C]):
    """The connections from one address."""

    exempt: bool  # from the limit per address
    connections: int = 0
    idle: dict[C, None] = field(default_factory=dict)  # the oldest first


class ConnectionTable(Generic[C]):
    """Counts connections in all and by address, and knows which ones are idle.

    `close` closes an idle connection that has to make room. `is_exempt` says for an address whether the limit
    per address does not apply to it (a reverse proxy, say). A network of /64 counts as one IPv6 address, as
    that is what one subscriber gets.
    """

    def __init__(
        self,
        max_total: int,
        max_per_address: int,
        close: Callable[[C], None],
        is_exempt: Callable[[str], bool] = lambda address: False,
    ) -> None:
        self._max_total = max_total
        self._max_per_address = max_per_address
        self._close = close
        self._is_exempt = is_exempt
        self._clients: dict[str, _Client[C]] = {}
        self._by_connection: dict[C, str] = {}
        self._idle: dict[C, None] = {}  # the oldest first

    def __len__(self) -> int:
        return len(self._by_connection)

    def admit(self, address: str) -> bool:
        """Whether one more connection from the address may be served; the oldest idle one is closed for it if
        need be.
        """
        client = self._clients.get(_key(address))
        if client is not None and not client.exempt and client.connections >= self._max_per_address:
            if not client.idle:
                return False
            self._evict(client.idle)
        return len(self) < self._max_total or self.evict_oldest_idle()

    def evict_oldest_idle(self) -> bool:
        """Close the connection that has been idle for longest. Whether there was one."""
        if not self._idle:
            return False
        self._evict(self._idle)
        return True

    def add(self, connection: C, address: str) -> None:
        """Count a connection that was admitted; it is idle until `busy` is called."""
        key = _key(address)
        client = self._clients.get(key)
        if client is None:
            client = self._clients[key] = _Client(self._is_exempt(address))
        client.connections += 1
        self._by_connection[connection] = key
        self.idle(connection)

    def idle(self, connection: C) -> None:
        """The connection waits for a request."""
        key = self._by_connection.get(connection)
        if key is not None:
            self._idle[connection] = None
            self._clients[key].idle[connection] = None

    def busy(self, connection: C) -> None:
        """The connection has a request on it."""
        key = self._by_connection.get(connection)
        if key is not None:
            self._idle.pop(connection, None)
            self._clients[key].idle.pop(connection, None)

    def remove(self, connection: C) -> None:
        """The connection is closed; no effect on one that is not counted any more."""
        self.busy(connection)
        key = self._by_connection.pop(connection, None)
        if key is None:
            return
        client = self._clients[key]
        client.connections -= 1
        if not client.connections:
            del self._clients[key]

    def _evict(self, idle: dict[C, None]) -> None:
        oldest = next(iter(idle))
        self.remove(oldest)
        self._close(oldest)


def _key(address: str) -> str:
    if ":" not in address:
        return address
    try:
        parsed = ip_address(address)
    except ValueError:
        return address
    if isinstance(parsed, IPv6Address):
        return str(parsed.ipv4_mapped) if parsed.ipv4_mapped else f"{parsed.packed[:8].hex()}/64"
    return address
