"""Checks whose logs were pruned while they were dumped.

A dump has the checks as they were when it began, and their pings as they were at its end. Meanwhile a check
that is pinged all the time counts further pings, and those that it has counted are pruned: then the log in
the dump does not go on where the check in the dump ends. Numbers must have no gaps, or new pings would get
numbers in front of older ones.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final
from uuid import UUID

from hcserver.storage.client import entry_of
from hcserver.storage.raw import decode, id_of, partly_decoded

_CHECK_ID: Final = 16  # bytes of the _id of a check,
_PING_ID: Final = 24  # and of a ping: see storage.client.entry_id


class LogGaps:
    """Looks at the documents of a dump in their order."""

    def __init__(self) -> None:
        self._counted: dict[UUID, int] = {}
        self._next: dict[UUID, int] = {}  # the lowest number in the log that the check does not count

    def look_at(self, collection: str, documents: Iterable[bytes]) -> None:
        """These are the next documents of the collection. Raises ValueError for what is no document."""
        if collection == "checks":
            for check in map(decode, documents):
                if isinstance(check.get("n_pings"), int) and len(id := id_of(check)) == _CHECK_ID:
                    self._counted[UUID(bytes=id)] = check["n_pings"]
        elif collection == "pings":
            for ping in map(partly_decoded, documents):
                if len(id := id_of(ping)) == _PING_ID:
                    self._look_at_ping(*entry_of(id))

    def _look_at_ping(self, check: UUID, n: int) -> None:
        if n > self._counted.get(check, n):
            self._next[check] = min(n, self._next.get(check, n))

    def found(self) -> dict[UUID, int]:
        """The checks with a gap behind the pings that they count, and the number of its last ping."""
        return {check: n - 1 for check, n in self._next.items() if n > self._counted[check] + 1}
