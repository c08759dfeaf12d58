"""The entries of a check's log: what is wanted of them, and how three streams become one."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Final, NamedTuple

import msgspec

from hcserver.domain.flip import Flip
from hcserver.domain.notification import Notification
from hcserver.domain.ping import Ping
from hcserver.domain.run_lines import Run

SIGNALS: Final = ("success", "fail", "start", "log", "ign")
TYPES: Final = (*SIGNALS, "flips", "notifications")
_HIGHEST: Final = 2**53


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """Which entries are shown: since <= at < until; with `words` only pings whose bodies have them, where
    what is `hidden` from the reader does not count.
    """

    types: frozenset[str] = frozenset(TYPES)
    since: datetime | None = None
    until: datetime | None = None
    words: str = ""
    hidden: Sequence[str] = ()

    def has(self, at: datetime) -> bool:
        """Whether the moment is within the range."""
        return (self.since is None or at >= self.since) and (self.until is None or at < self.until)

    @property
    def merges_runs(self) -> bool:
        """Whether a start is one entry with its end; it isn't where starts are wanted without all ends."""
        return "start" not in self.types or {"success", "fail"} <= self.types

    def takes(self, ping: Ping) -> bool:
        """Whether the ping is shown, as far as that doesn't depend on its body."""
        return ping.type in self.types and self.has(ping.at)


class Position(NamedTuple):
    """Where a page begins: with pings and flips of lower numbers, and with what was notified before that
    moment, in milliseconds since 1970.
    """

    ping: int = _HIGHEST
    flip: int = _HIGHEST
    notified: int = _HIGHEST


class Notified(NamedTuple):
    """An alert of the check with its notifications, one for each channel."""

    n: int
    at: datetime
    notifications: list[Notification]


class Entry(NamedTuple):
    """`place` is its number or, of notifications, their moment in milliseconds."""

    at: datetime
    what: Run | Flip | Notified
    place: int


class Part(NamedTuple):
    """What one stream contributes: its entries from the newest on, and the place below which it goes on.

    `floor` is the moment down to which these are all of its entries; None: it has no others.
    """

    entries: list[Entry]
    end: int
    floor: datetime | None = None


class Merged(NamedTuple):
    """`places` are those below which the streams go on; `done`: they have no other entries."""

    entries: list[Entry]
    places: list[int]
    done: bool


def merge(parts: Sequence[Part], limit: int) -> Merged:
    """The newest entries of several streams, at most `limit`. The order within a stream is kept.

    No entry is taken that is older than what another stream still has to look through.
    """
    floor = max((part.floor for part in parts if part.floor is not None), default=None)
    taken = [0] * len(parts)
    entries: list[Entry] = []
    while len(entries) < limit:
        heads = [
            (part.entries[taken[index]].at, -index)
            for index, part in enumerate(parts)
            if taken[index] < len(part.entries)
        ]
        if not heads or (floor is not None and max(heads)[0] < floor):
            break
        index = -max(heads)[1]
        entries.append(parts[index].entries[taken[index]])
        taken[index] += 1
    places = [
        part.end if count == len(part.entries) else part.entries[count].place + 1
        for part, count in zip(parts, taken, strict=True)
    ]
    all_taken = all(count == len(part.entries) for part, count in zip(parts, taken, strict=True))
    return Merged(entries, places, all_taken and floor is None)
