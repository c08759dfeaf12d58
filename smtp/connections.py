"""The open connections and their limits."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Iterator
from typing import Generic, TypeVar

S = TypeVar("S", bound=Hashable)


class Connections(Generic[S]):
    """The open sessions, counted in all and by address."""

    def __init__(self, max_total: int, max_per_address: int) -> None:
        self.closing = False  # no session may enter any more
        self._max_total = max_total
        self._max_per_address = max_per_address
        self._addresses: dict[S, str | None] = {}
        self._per_address: Counter[str] = Counter()

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

    def leave(self, session: S) -> None:
        """The session is over. It has no effect on a session that could not enter."""
        address = self._addresses.pop(session, None)
        if address is None:
            return
        self._per_address[address] -= 1
        if not self._per_address[address]:
            del self._per_address[address]
