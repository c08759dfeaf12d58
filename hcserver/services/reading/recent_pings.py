"""The newest pings of checks, in memory.

A ping never changes once it is in the log, until nobody may see it any more, and no other ping gets its
number. So what is kept here is right whatever other processes do. What they appended is missing here until it
is read from the database, and then kept as well.
"""

from __future__ import annotations

from collections.abc import Iterable
from uuid import UUID

import msgspec

from hcserver.domain.check import Check
from hcserver.domain.ping import Ping
from hcserver.services.events import CheckDeleted, LogCleared, PingRecorded

BODY_BYTES = 4_000_000  # bytes of bodies that are kept beside the pings, at most: those of the newest ones
_CHECK_BYTES = 200  # what a check takes here beside its pings, approximately
_PING_BYTES = 72  # what a ping takes beside its packed bytes
_PLACE_BYTES = 8  # what a number takes whose ping is not here
_LONGEST_GAP = 1000  # numbers: older pings than this are never shown together with the newest


class RecentPings:
    """Pings by check and number, of `max_bytes` at most: those of the checks that were neither pinged nor
    read for longest leave.
    """

    def __init__(self, max_bytes: int) -> None:
        self._max_bytes = max_bytes
        self._bytes = 0
        self._tails: dict[UUID, _Tail] = {}  # by check, the least recently used first
        self._bodies = _Bodies()

    @property
    def bytes(self) -> int:
        """How much memory they take, approximately, without bodies."""
        return self._bytes

    def keep(self, event: PingRecorded) -> None:
        """Keep a ping that was just recorded."""
        ping = event.ping
        tail = self._take_out(ping.check) or _Tail(ping.n)
        tail.put(ping.n, _packed(ping))
        tail.drop_before(event.check.shown_from)
        self._bodies.keep(ping)
        self._put_back(ping.check, tail)

    def add(self, check: UUID, pings: Iterable[Ping]) -> None:
        """Keep pings of the check that were read from the database, in any order."""
        pings = sorted(pings, key=lambda ping: ping.n)
        if not pings:
            return
        tail = self._take_out(check) or _Tail(pings[0].n)
        for ping in pings:
            tail.put(ping.n, _packed(ping))
        self._put_back(check, tail)

    def read(self, check: Check, first: int, last: int) -> dict[int, Ping]:
        """Those of the check's pings with first <= n <= last that are here, by number, without bodies."""
        tail = self._take_out(check.id)
        if tail is None:
            return {}
        tail.drop_before(check.shown_from)
        self._put_back(check.id, tail)
        return tail.read(first, last)

    def find(self, check: UUID, n: int) -> Ping | None:
        """Ping `n` of the check with its body; None if not all of it is here."""
        tail = self._tails.get(check)
        ping = None if tail is None else tail.read(n, n).get(n)
        if ping is None or not ping.body_size:
            return ping
        body = self._bodies.find(check, n)
        return None if body is None else msgspec.structs.replace(ping, body=body)

    def forget(self, event: CheckDeleted | LogCleared) -> None:
        """The check was deleted, or its log was cleared."""
        self._take_out(event.check.id)

    def _take_out(self, check: UUID) -> _Tail | None:
        tail = self._tails.pop(check, None)
        if tail is not None:
            self._bytes -= tail.bytes
        return tail

    def _put_back(self, check: UUID, tail: _Tail) -> None:
        """Have the check as the most recently used one. Others leave if it is too much, in the end itself."""
        self._tails[check] = tail
        self._bytes += tail.bytes
        while self._bytes > self._max_bytes:
            self._take_out(next(iter(self._tails)))


class _Tail:
    """Pings of one check, by number. None stands for one that is not here."""

    __slots__ = ("_first", "_pings", "bytes")

    def __init__(self, first: int) -> None:
        self._first = first  # the number of the first of `_pings`
        self._pings: list[bytes | None] = []
        self.bytes = _CHECK_BYTES

    def put(self, n: int, ping: bytes) -> None:
        end = self._first + len(self._pings)
        if n - end > _LONGEST_GAP:
            self.drop_before(n)
            end = n
        if end - n > _LONGEST_GAP and n < self._first:
            return
        if n < self._first:
            self._pings[:0] = [None] * (self._first - n)
            self.bytes += _PLACE_BYTES * (self._first - n)
            self._first = n
        elif n >= end:
            self._pings += [None] * (n + 1 - end)
            self.bytes += _PLACE_BYTES * (n + 1 - end)
        if self._pings[n - self._first] is None:
            self._pings[n - self._first] = ping
            self.bytes += _PING_BYTES + len(ping)

    def drop_before(self, n: int) -> None:
        """Pings with lower numbers are not in the log any more."""
        if n <= self._first:
            return
        dropped = self._pings[: n - self._first]
        del self._pings[: n - self._first]
        self._first = n
        self.bytes -= sum(_PLACE_BYTES + (0 if ping is None else _PING_BYTES + len(ping)) for ping in dropped)

    def read(self, first: int, last: int) -> dict[int, Ping]:
        start = max(first, self._first)
        pings = self._pings[start - self._first : max(last + 1 - self._first, 0)]
        return {n: _unpack(ping) for n, ping in enumerate(pings, start) if ping is not None}


class _Bodies:
    """The bodies of the newest pings, which messages about them show."""

    def __init__(self) -> None:
        self._bodies: dict[tuple[UUID, int], bytes] = {}  # by check and n, the oldest first
        self._bytes = 0

    def keep(self, ping: Ping) -> None:
        if not ping.body or (ping.check, ping.n) in self._bodies:
            return
        self._bodies[ping.check, ping.n] = ping.body
        self._bytes += len(ping.body)
        while self._bytes > BODY_BYTES:
            self._bytes -= len(self._bodies.pop(next(iter(self._bodies))))

    def find(self, check: UUID, n: int) -> bytes | None:
        return self._bodies.get((check, n))


class _PackedPing(Ping, frozen=True, array_like=True, gc=False):
    """A ping as it is kept: as MessagePack without the names of the fields. It takes a third of the memory
    that the objects of a ping do, and the garbage collector does not look through it.
    """


_pack = msgspec.msgpack.Encoder(uuid_format="bytes").encode
_unpack = msgspec.msgpack.Decoder(_PackedPing).decode


def _packed(ping: Ping) -> bytes:
    if ping.body is not None:
        ping = msgspec.structs.replace(ping, body=None)
    return _pack(msgspec.structs.astuple(ping))
