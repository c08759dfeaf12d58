"""What happens in a project, in the order in which it is to be told: pings, flips, settled notifications.

A feed keeps, for each check, the numbers up to which everything was told. Pings, flips and alerts are
numbered without gaps, so whatever a check counts beyond them is news, whichever process has recorded it.
Nothing is queued: what was not told yet stays in the database until the listener has taken what came before.
A project without listeners has no feed, and its pings cost nothing more.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Final, NamedTuple
from uuid import UUID

from hcserver.domain.check import Check
from hcserver.domain.clock import Clock
from hcserver.domain.flip import Flip
from hcserver.domain.notification import Notification
from hcserver.domain.ping import Ping
from hcserver.errors import Forbidden, TooManyRequests
from hcserver.services.management.check_reader import CheckReader
from hcserver.services.reading.event_position import Position
from hcserver.services.reading.expected_notifications import ExpectedNotifications
from hcserver.services.reading.index_loader import IndexLoader
from hcserver.services.reading.project_index import ProjectIndex, Selection
from hcserver.storage import Storage

MAX_LISTENERS: Final = 20  # of one project in one process
RETRY_AFTER: Final = 30  # seconds, for those beyond it
# A resumed feed begins so much earlier: for so long, what one process has recorded may be unknown to another,
# as one that was killed has to start again, and clocks differ.
OVERLAP: Final = timedelta(seconds=60)
_MAX_TOLD: Final = 500  # events told by one look, and a check's more
_OF_CHECK: Final = 100  # pings, and flips, of one check told by one look


class LiveEvent(NamedTuple):
    """Something that happened to a check."""

    check: Check
    what: Ping | Flip | Notification
    duration: float | None = None  # seconds, of the run that a ping has ended


class _Told(NamedTuple):
    """The numbers of a check's last ping, flip and alert that were told."""

    pings: int
    flips: int
    alerts: int


class EventFeeds:
    """Opens feeds, a limited number for each project."""

    def __init__(self, storage: Storage, loader: IndexLoader, checks: CheckReader, clock: Clock) -> None:
        self._storage = storage
        self._loader = loader
        self._checks = checks
        self._clock = clock
        self._listeners: Counter[UUID] = Counter()

    def listeners(self, project: UUID) -> int:
        """How many feeds of the project are open in this process."""
        return self._listeners[project]

    @contextmanager
    def open(self, project: UUID, selection: Selection, only: UUID | None = None) -> Iterator[EventFeed]:
        """A feed of the selected checks of the project, or of `only` one. Raises TooManyRequests."""
        if self._listeners[project] >= MAX_LISTENERS:
            raise TooManyRequests("too many streams of events of this project", RETRY_AFTER)
        self._listeners[project] += 1
        try:
            yield EventFeed(self._storage, self._loader, self._checks, self._clock, project, selection, only)
        finally:
            self._listeners[project] -= 1
            if not self._listeners[project]:
                del self._listeners[project]


class EventFeed:
    """`begin` comes first, then `look` again and again. Both raise Unavailable; they can be repeated then."""

    def __init__(
        self,
        storage: Storage,
        loader: IndexLoader,
        checks: CheckReader,
        clock: Clock,
        project: UUID,
        selection: Selection,
        only: UUID | None,
    ) -> None:
        self._storage = storage
        self._loader = loader
        self._checks = checks
        self._clock = clock
        self._project = project
        self._selection = selection
        self._only = only
        self._began = self._clock()
        self._index: ProjectIndex | None = None
        self._revision = 0  # of the index: changes up to it are in `_changed`, or were told
        self._told: dict[UUID, _Told] = {}
        self._changed: dict[UUID, None] = {}  # checks with something that may not have been told
        self._waiting: set[UUID] = set()  # checks with a flip that their process has still to publish
        self._notifications = ExpectedNotifications(storage, project)
        self.position = Position(self._began, self._began)

    @property
    def is_behind(self) -> bool:
        """There is more to tell at once."""
        return bool(self._changed)

    async def begin(self, position: Position | None) -> None:
        """Tell what happens from now on, or from a position on. Raises Forbidden for a project that has too
        many checks.
        """
        now = self._clock()
        index = await self._loader.index(self._project)
        if index is None:
            raise Forbidden("the project has too many checks for a stream of events")
        revision, checks = index.revision, [entry.check for entry in index.shown()]
        told = {check.id: _everything(check) for check in checks}
        since = now
        if position is not None:
            since = min(position.at, now)
            told |= await self._told_before(since - OVERLAP, checks)
            await self._notifications.resume(since - OVERLAP, min(position.pending, since) - OVERLAP, now)
        self._told, self._index, self._revision = told, index, revision
        self._began = since
        self._changed = {id: None for id, numbers in told.items() if numbers != _everything_in(index, id)}
        self.position = Position(since, self._notifications.oldest(since))

    async def look(self) -> list[LiveEvent]:
        """The next events, those of a check in their order. `position` is the one behind the last of them."""
        now = self._clock()
        index = await self._loader.index(self._project)
        if index is None:
            return []
        self._note_changes(index)
        found: list[tuple[datetime, LiveEvent]] = []
        told: dict[UUID, _Told | None] = {}  # None: the check is gone
        waiting: set[UUID] = set()
        for id in list(self._changed):
            entry = index.find(id)
            if entry is None:
                told[id] = None
                continue
            events, told[id], is_waiting = await self._news_of(entry.check, now)
            found += events
            if is_waiting:
                waiting.add(id)
            if len(found) >= _MAX_TOLD:
                break
        await self._notifications.expect(self._alerted(index, told), now)
        settled = await self._notifications.settled(now)
        # Nothing fails from here on: what was found is told.
        self._note_told(index, told, waiting)
        at = self.position.at if self._changed else now
        self.position = Position(at, self._notifications.oldest(at))
        return [event for _, event in sorted(found, key=lambda one: one[0])] + self._wanted(index, settled)

    def _wanted(self, index: ProjectIndex, notifications: Iterable[Notification]) -> list[LiveEvent]:
        entries = [(index.find(one.check), one) for one in notifications]
        return [
            LiveEvent(entry.check, one) for entry, one in entries if entry and self._is_wanted(entry.check)
        ]

    def _note_changes(self, index: ProjectIndex) -> None:
        if index is self._index:
            changed = index.changed_since(self._revision)
        else:
            changed = [
                entry.check.id
                for entry in index.shown()
                if self._told.get(entry.check.id) != _everything(entry.check)
            ]
        self._changed |= dict.fromkeys([*changed, *self._waiting])
        self._index, self._revision = index, index.revision

    def _note_told(self, index: ProjectIndex, told: Mapping[UUID, _Told | None], waiting: set[UUID]) -> None:
        for id, numbers in told.items():
            if numbers is None:
                self._told.pop(id, None)
            else:
                self._told[id] = numbers
            if numbers is None or id in waiting or numbers == _everything_in(index, id):
                self._changed.pop(id, None)
        self._waiting = waiting | (self._waiting - told.keys())

    async def _news_of(
        self, check: Check, now: datetime
    ) -> tuple[list[tuple[datetime, LiveEvent]], _Told, bool]:
        """What is to be told of the check, what has been told then, and whether there is a flip that its
        process has still to publish.
        """
        told = self._told_of(check)
        if not self._is_wanted(check):
            return [], _everything(check), False
        pings, last_ping = await self._pings(check, told.pings)
        flips, last_flip, is_waiting = await self._flips(check, told.flips, now)
        return _ordered(pings, flips), _Told(last_ping, last_flip, check.n_alerts), is_waiting

    def _told_of(self, check: Check) -> _Told:
        """Of a new check nothing was told; one that came from another project was told there."""
        if (told := self._told.get(check.id)) is not None:
            return told
        return _Told(0, 0, 0) if check.created >= self._began - OVERLAP else _everything(check)

    def _alerted(self, index: ProjectIndex, told: Iterable[UUID]) -> Iterator[tuple[Check, int]]:
        """Those of the checks with new alerts, each with the number of the last alert before them."""
        for id in told:
            entry = index.find(id)
            if entry is not None and self._is_wanted(entry.check):
                before = self._told_of(entry.check).alerts
                if before < entry.check.n_alerts:
                    yield entry.check, before

    def _is_wanted(self, check: Check) -> bool:
        return self._only in (None, check.id) and self._selection.matches(check)

    async def _pings(self, check: Check, told: int) -> tuple[list[LiveEvent], int]:
        first = max(told + 1, check.shown_from)
        last = min(first + _OF_CHECK - 1, check.n_pings)
        if last < first:
            return [], check.n_pings
        pings = await self._checks.pings(check, last - first + 1, last + 1)
        durations = await self._checks.durations(check, pings)
        return [LiveEvent(check, ping, durations.get(ping.n)) for ping in reversed(pings)], last

    async def _flips(self, check: Check, told: int, now: datetime) -> tuple[list[LiveEvent], int, bool]:
        last = min(told + _OF_CHECK, check.n_flips)
        if last <= told:
            return [], check.n_flips, False
        flips = {flip.n: flip for flip in await self._checks.flips_numbered(check, told + 1, last)}
        missing = min((n for n in range(told + 1, last + 1) if n not in flips), default=None)
        is_recent = check.flipped_at is not None and check.flipped_at > now - OVERLAP
        if missing is not None and is_recent:
            last = missing - 1
        events = [LiveEvent(check, flips[n]) for n in range(told + 1, last + 1) if n in flips]
        return events, last, missing is not None and is_recent

    async def _told_before(self, since: datetime, checks: Sequence[Check]) -> dict[UUID, _Told]:
        """What was told of those checks to which something has happened since."""
        places = [(check.id, check.n_pings) for check in checks if check.n_pings >= check.shown_from]
        newest = await self._storage.pings.logged(places)
        told: dict[UUID, _Told] = {}
        for check in checks:
            pinged = any(logged.at >= since for logged in newest.get(check.id, ()))
            flipped = check.flipped_at is not None and check.flipped_at >= since
            if pinged or flipped:
                told[check.id] = _Told(
                    await self._last_ping_before(check, since) if pinged else check.n_pings,
                    await self._last_flip_before(check, since) if flipped else check.n_flips,
                    # Its notifications may not be stored yet.
                    max(check.n_alerts - 1, 0) if flipped else check.n_alerts,
                )
        return told

    async def _last_ping_before(self, check: Check, since: datetime) -> int:
        before = check.n_pings + 1
        while True:
            pings = await self._checks.pings(check, _OF_CHECK, before)
            for ping in pings:
                if ping.at < since:
                    return ping.n
            if len(pings) < _OF_CHECK:
                return check.shown_from - 1
            before = pings[-1].n

    async def _last_flip_before(self, check: Check, since: datetime) -> int:
        flips = await self._checks.flips(check, since, None)
        return flips[-1].n - 1 if flips else check.n_flips


def _everything(check: Check) -> _Told:
    return _Told(check.n_pings, check.n_flips, check.n_alerts)


def _everything_in(index: ProjectIndex, id: UUID) -> _Told | None:
    entry = index.find(id)
    return None if entry is None else _everything(entry.check)


def _ordered(pings: Sequence[LiveEvent], flips: Sequence[LiveEvent]) -> list[tuple[datetime, LiveEvent]]:
    """Each event with a moment by which those of all checks can be sorted: a check's pings keep their order,
    and so do its flips.
    """
    ordered: list[tuple[datetime, LiveEvent]] = []
    for events in (pings, flips):
        latest: datetime | None = None
        for event in events:
            latest = event.what.at if latest is None else max(latest, event.what.at)
            ordered.append((latest, event))
    return ordered
