"""The open connections, their limits, and the memory that their messages share."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Iterator
from typing import Generic, TypeVar

S = TypeVar("S", bound=Hashable)


class Connections(Generic[S]):
    """The open sessions, counted in all and by address; their messages share `max_bytes` of memory."""

    def __init__(self, max_total: int, max_per_address: int, max_bytes: int) -> None:
        self.closing = False  # no session may enter any more
        self._max_total = max_total
        self._max_per_address = max_per_address
        self._addresses: dict[S, str | None] = {}
        self._per_address: Counter[str] = Counter()
        self._free_bytes = max_bytes
        self._bytes: Counter[S] = Counter()

    def __len__(self) -> int:
        return len(self._addresses)

    def __iter__(self) -> Iterator[S]:
        return iter(list(self._addresses))

    def enter(self, session: S) -> bool:
        """Admit a session. False: there are too many."""
        if self.closing or len(self._addresses) >= self._max_total:
            return False
        self._addresses[session] = None
        return True

    def locate(self, session: S, address: str) -> bool:
        """Count a session that has entered for its address. False: there are too many from there."""
        if self._per_address[address] >= self._max_per_address:
            return False
        self._addresses[session] = address
        self._per_address[address] += 1
        return True

    def take(self, session: S, size: int) -> bool:
        """Allot `size` more bytes to the session's message. False: there is not so much memory left."""
        if size > self._free_bytes:
            return False
        self._free_bytes -= size
        self._bytes[session] += size
        return True

    def give_back(self, session: S) -> None:
        """The session's message is no longer in memory."""
        self._free_bytes += self._bytes.pop(session, 0)

    def leave(self, session: S) -> None:
        """The session is over. It has no effect on a session that could not enter."""
        address = self._addresses.pop(session, None)
        if address is None:
            return
        self._per_address[address] -= 1
        if not self._per_address[address]:
            del self._per_address[address]
