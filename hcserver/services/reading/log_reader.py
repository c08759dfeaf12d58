"""The log of a check as people read it: pings, flips and notifications in one stream, the newest first.

What a request reads is bounded: a page says when there is more to be looked through.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from itertools import groupby
from typing import Final, NamedTuple, Protocol, TypeVar

from hcserver.domain.check import Check
from hcserver.domain.flip import Flip
from hcserver.domain.ping import Ping
from hcserver.domain.project import Project
from hcserver.domain.run_lines import Run
from hcserver.services.management.check_reader import CheckReader
from hcserver.services.reading.contents import Contents
from hcserver.services.reading.contents_worker import Content
from hcserver.services.reading.log_entries import Entry, Notified, Part, Position, Wanted, merge
from hcserver.services.reading.runs import small_bodies, with_first_lines, with_starts

ROWS: Final = 50  # entries in a page
SCANNED: Final = 1000  # pings, or flips, that are looked through for one page
SEARCHED: Final = 200  # pings whose bodies are searched for one page
SEARCHED_BYTES: Final = 4_000_000  # bytes of bodies after which a search ends
BATCH_BYTES: Final = 250_000  # bytes of bodies that are searched at a time; a larger one goes alone
NOTIFICATIONS: Final = 200  # that are read for one page
_AT_ONCE: Final = 100  # pings or flips that are read at a time
_NEWER: Final = 100  # pings before a page, in which the ends of its first starts are looked for
_SKEW: Final = timedelta(minutes=1)  # by which the moments of pings may be out of their order
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_FAR: Final = 253_370_764_800_000  # milliseconds: the year 9999


class LogPage(NamedTuple):
    """`next` is where the next page begins, None at the end. `bodies` are those of small HTTP pings.

    `looked_back_to` is the moment at which a request had looked through enough, if the page is not full.
    `unread` is the number of pings whose bodies took too long to be searched. `gaps` has, by the number of a
    failure that is kept longer than the pings around it, how many pings between it and the next one are not.
    """

    entries: list[Entry]
    bodies: dict[int, bytes]
    next: Position | None
    looked_back_to: datetime | None
    unread: int
    gaps: dict[int, int]


class _Numbered(Protocol):
    @property
    def n(self) -> int: ...
    @property
    def at(self) -> datetime: ...


N = TypeVar("N", bound=_Numbered)
Read = Callable[[int, int], Awaitable[list[N]]]  # the entries with first <= n <= last, the newest first


class _Scan(NamedTuple):
    """What a page needs of a stream of numbered entries: those with oldest <= n < before."""

    wanted: Wanted
    before: int
    oldest: int
    limit: int  # entries that are looked through
    enough: int  # entries that are shown, when there need be no more


class LogReader:
    """Every method raises Unavailable when the database is away."""

    def __init__(self, checks: CheckReader, contents: Contents) -> None:
        self._checks = checks
        self.contents = contents

    async def page(self, check: Check, project: Project, wanted: Wanted, position: Position) -> LogPage:
        """The entries from a position on, the newest first."""
        before = min(position.ping, check.n_pings + 1)
        pings, unread, gaps = await self._pings(check, project, wanted, before)
        flips = await self._flips(check, wanted, min(position.flip, check.n_flips + 1))
        notified = await self._notified(check, wanted, position.notified)
        merged = merge([pings, flips, notified], ROWS)
        runs = [entry.what for entry in merged.entries if isinstance(entry.what, Run)]
        bodies = await self._checks.bodies(check, small_bodies(run.ping for run in runs))
        lines = {run.ping.n: run for run in with_first_lines(runs, bodies)}
        entries = [
            entry._replace(what=lines[entry.what.ping.n]) if isinstance(entry.what, Run) else entry
            for entry in merged.entries
        ]
        floors = [part.floor for part in (pings, flips, notified) if part.floor is not None]
        is_full = len(entries) == ROWS
        return LogPage(
            entries=entries,
            bodies=bodies,
            next=None if merged.done else Position(*merged.places),
            looked_back_to=max(floors) if floors and not is_full else None,
            unread=unread,
            gaps=gaps,
        )

    # -- pings

    async def _pings(
        self, check: Check, project: Project, wanted: Wanted, before: int
    ) -> tuple[Part, int, dict[int, int]]:
        """The pings as runs, how many could not be searched, and the gaps as in LogPage."""
        oldest = self._checks.oldest_shown(project, check)

        async def read(first: int, last: int) -> list[Ping]:
            return await self._checks.pings(check, last - first + 1, last + 1)

        limit, enough = (SEARCHED, SEARCHED) if wanted.words else (SCANNED, ROWS + 1)
        pings, end = await _scan(read, _Scan(wanted, before, oldest, limit, enough), wanted.takes)
        if wanted.merges_runs:
            last = min(before + _NEWER, check.n_pings + 1)
            newer = await self._checks.pings(check, last - before, last) if last > before else []
            runs = await with_starts(self._checks, check, pings, newer)
        else:
            runs = [Run(ping=ping) for ping in pings]
        gaps: dict[int, int] = {}
        if end <= oldest:
            failures = await self._checks.old_failures(project, check)
            gaps = _gaps(oldest, failures)
            failures = [ping for ping in failures if ping.n < before]
            pings += failures
            runs += [Run(ping=ping) for ping in failures]
            end = oldest = failures[-1].n if failures else end
        runs = [run for run in runs if wanted.takes(run.ping)]
        unread = 0
        if wanted.words:
            runs, stopped, unread = await self._search(check, wanted, runs)
            end = end if stopped is None else stopped
        floor = None if end <= oldest else min((ping.at for ping in pings if ping.n >= end), default=None)
        return Part([Entry(run.ping.at, run, run.ping.n) for run in runs], end, floor), unread, gaps

    async def _search(
        self, check: Check, wanted: Wanted, runs: list[Run]
    ) -> tuple[list[Run], int | None, int]:
        """The runs whose bodies have the words; the ping at which the search had read enough, if it had; and
        how many pings could not be searched.
        """
        found: set[int] = set()
        read = unread = 0
        stopped: int | None = None
        for batch in _batches([run.ping for run in runs if run.ping.body_size]):
            bodies = await self._checks.bodies(check, [ping.n for ping in batch])
            contents = [
                Content(ping.n, ping.scheme == "email", bodies[ping.n]) for ping in batch if ping.n in bodies
            ]
            numbers = await self.contents.search(wanted.words, contents, wanted.hidden)
            found.update(numbers or ())
            unread += len(contents) if numbers is None else 0
            read += sum(len(content.body) for content in contents)
            if read >= SEARCHED_BYTES or numbers is None:
                stopped = batch[-1].n
                break
        return [run for run in runs if run.ping.n in found], stopped, unread

    # -- flips and notifications

    async def _flips(self, check: Check, wanted: Wanted, before: int) -> Part:
        if "flips" not in wanted.types or wanted.words:
            return Part([], before)

        async def read(first: int, last: int) -> list[Flip]:
            return await self._checks.flips_numbered(check, first, last)

        scan = _Scan(wanted, before, 1, SCANNED, ROWS + 1)
        flips, end = await _scan(read, scan, lambda flip: wanted.has(flip.at))
        floor = None if end <= 1 else min((flip.at for flip in flips), default=None)
        return Part([Entry(flip.at, flip, flip.n) for flip in flips if wanted.has(flip.at)], end, floor)

    async def _notified(self, check: Check, wanted: Wanted, before: int) -> Part:
        if "notifications" not in wanted.types or wanted.words:
            return Part([], before)
        moments = [moment for moment in (_moment(before), wanted.until) if moment is not None]
        found = await self._checks.notifications(check, NOTIFICATIONS, min(moments, default=None))
        found.sort(key=lambda one: (one.at, one.n), reverse=True)
        alerts = [
            Notified(n, at, sorted(group, key=lambda one: one.channel))
            for (at, n), group in groupby(found, key=lambda one: (one.at, one.n))
        ]
        floor = None
        if len(found) == NOTIFICATIONS and len(alerts) > 1:
            # The last one may have more notifications, and others of its moment may come behind it.
            cut = alerts[-1].at
            alerts = [alert for alert in alerts if alert.at > cut] or alerts
            floor = alerts[-1].at
        if wanted.since is not None and floor is not None and floor < wanted.since:
            floor = None
        entries = [Entry(one.at, one, _milliseconds(one.at)) for one in alerts if wanted.has(one.at)]
        return Part(entries, 0 if floor is None else _milliseconds(floor), floor)


async def _scan(read: Read[N], scan: _Scan, takes: Callable[[N], bool]) -> tuple[list[N], int]:
    """Read back until there is enough to show, or enough was looked through; and the number reached."""
    scanned: list[N] = []
    end, shown, looked_through = scan.before, 0, 0
    while end > scan.oldest and shown < scan.enough and looked_through < scan.limit:
        first = max(end - _AT_ONCE, scan.oldest)
        piece = await read(first, end - 1)
        looked_through += end - first
        scanned += piece
        shown += sum(map(takes, piece))
        end = first
        if not piece:
            end = scan.oldest  # numbers have no gaps, and the oldest entries are removed first
        since = scan.wanted.since
        if piece and since is not None and piece[-1].at < since - _SKEW:
            end = scan.oldest
    return scanned, end


def _gaps(oldest: int, failures: list[Ping]) -> dict[int, int]:
    """How many pings lie between each failure, from the newest on, and the next ping, of which `oldest` is
    the first one.
    """
    following = [oldest, *(ping.n for ping in failures)]
    gaps = {ping.n: after - ping.n - 1 for ping, after in zip(failures, following, strict=False)}
    return {n: gap for n, gap in gaps.items() if gap}


def _batches(pings: list[Ping]) -> list[list[Ping]]:
    """The pings in groups whose bodies are searched together."""
    batches: list[list[Ping]] = []
    size = BATCH_BYTES
    for ping in pings:
        if size + ping.body_size > BATCH_BYTES:
            batches.append([])
            size = 0
        batches[-1].append(ping)
        size += ping.body_size
    return batches


def _milliseconds(at: datetime) -> int:
    return (at - _EPOCH) // timedelta(milliseconds=1)


def _moment(milliseconds: int) -> datetime | None:
    """None for the far future."""
    return None if milliseconds >= _FAR else _EPOCH + timedelta(milliseconds=max(milliseconds, 0))
