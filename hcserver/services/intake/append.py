"""The one way in for pings, whatever brought them: append to the log, acknowledge, fold behind.

Reports that arrive while an append is under way form the next one (group commit), so that one client
waits for one command of the database and a thousand clients share it. The number n of a ping is
claimed by its place in the log: if another process was first there, the state is loaded again and the
rest of the batch gets new numbers. When it is unknown what a failed append left behind, the tokens in
the log tell which reports are in it; only the others are appended again.
"""

from __future__ import annotations

import asyncio
import logging
import secrets
from collections import Counter, deque
from collections.abc import Iterable, Sequence
from uuid import UUID

from hcserver.domain.check import Check
from hcserver.domain.keywords import Reason
from hcserver.domain.ping import Ping, Report, Signal
from hcserver.domain.signal import effective_signal
from hcserver.domain.state_machine import record
from hcserver.errors import NotFound, Unavailable
from hcserver.services.intake.check_cache import CheckCache
from hcserver.services.lookup import Lookup
from hcserver.storage import Storage
from hcserver.storage.pings import Claimed

log = logging.getLogger(__name__)

BATCH_REPORTS = 256
BATCH_BYTES = 4_000_000  # in one append
BULKY = 65_536  # bytes; larger reports don't hold up others: of them one append takes no more than
BULK_BYTES = 1_000_000  # bytes, or a single one
QUEUE_BYTES = 64_000_000  # that wait for the database; so many again of large reports
QUEUE_REPORTS = 20_000
PATIENCE = 4.5  # seconds until a report that could not be stored is refused, and one more for each
PATIENCE_BYTES = 5_000_000  # bytes of one that goes to many checks
RETRY = 0.1  # seconds between attempts while the database is away
REMEMBERED_TOKENS = 50_000  # some 8 MB
RECALLED = 20  # last pings of a check whose tokens are looked up when it was loaded
TOKEN_BYTES = 12
_RECORD_BYTES = 500  # what a report weighs beside its body


class _Unit:
    """Reports that are acknowledged together, or not at all."""

    __slots__ = ("done", "items", "missing", "open", "pings")

    def __init__(self, reports: Sequence[Report], tokens: Sequence[bytes]) -> None:
        self.items = [_Item(self, report, token) for report, token in zip(reports, tokens, strict=True)]
        self.open = len(self.items)
        self.missing = 0  # items whose checks have been deleted
        self.pings: list[Ping] = []
        self.done: asyncio.Future[list[Ping]] = asyncio.get_running_loop().create_future()

    def settle(self, item: _Item, ping: Ping | None) -> None:
        """One of the reports is stored (or, None, need not be)."""
        if item.settled:
            return
        item.settled = True
        self.open -= 1
        if ping is not None:
            self.pings.append(ping)
        if not self.open and not self.done.done():
            self.done.set_result(self.pings)

    def fail(self, error: BaseException) -> None:
        if not self.done.done():
            self.done.set_exception(error)


class _Item:
    __slots__ = ("ping", "report", "settled", "size", "token", "tried", "unit")

    def __init__(self, unit: _Unit, report: Report, token: bytes) -> None:
        self.unit = unit
        self.report = report
        self.token = token
        self.size = _RECORD_BYTES + len(report.body or b"")
        self.ping: Ping | None = None  # as last tried, stored or not
        self.tried = False
        self.settled = False


class Intake:
    """Takes reports, answers when they are durable."""

    def __init__(self, storage: Storage, cache: CheckCache, lookup: Lookup, body_limit: int) -> None:
        self.body_limit = body_limit  # bytes of an email that are kept
        self._log = storage.pings
        self._cache = cache
        self._lookup = lookup
        self._queue: deque[_Item] = deque()
        self._bulk: deque[_Item] = deque()  # large ones, and what came behind them for the same checks
        self._behind_bulk: Counter[UUID] = Counter()  # how many of each check are in there
        self._queued_bytes = self._bulk_bytes = 0
        self._wake = asyncio.Event()
        self._stopping = False
        self._task: asyncio.Task[None] | None = None
        self._recent: dict[bytes, None] = {}
        self._prefix = secrets.token_bytes(6)
        self._count = 0

    def start(self) -> None:
        self._task = asyncio.create_task(self._run(), name="append")

    async def stop(self) -> None:
        """Store what waits, then end."""
        self._stopping = True
        self._wake.set()
        if self._task is not None:
            await self._task

    async def find(self, check: UUID) -> Check:
        """Raises NotFound, Unavailable."""
        self._require_started()
        return await self._cache.get(check)

    async def find_by_slug(self, ping_key: str, slug: str) -> Check:
        """Raises NotFound, Ambiguous, Unavailable."""
        self._require_started()
        project = await self._lookup.by_ping_key(ping_key)
        return await self._cache.get(await self._lookup.check_by_slug(project.id, slug))

    async def record(self, reports: Sequence[Report]) -> list[Ping]:
        """Store the reports; when it returns, all of them are durable. A report whose token was stored before
        is not stored again and has no ping in the answer.

        Raises NotFound when none of the checks exists any more; Unavailable when the database was away for
        PATIENCE seconds or too many reports wait (some of the reports may be stored then).
        """
        self._require_started()
        bulky = any(report.body is not None and len(report.body) > BULKY for report in reports)
        queued = self._bulk_bytes if bulky else self._queued_bytes
        waiting = len(self._queue) + len(self._bulk)
        if self._stopping or waiting >= QUEUE_REPORTS or queued >= QUEUE_BYTES:
            raise Unavailable("too busy, try again")
        unit = _Unit(reports, [report.token or self._token() for report in reports])
        self._enqueue(unit.items)
        self._wake.set()
        patience = PATIENCE + sum(item.size for item in unit.items) / PATIENCE_BYTES
        loop = asyncio.get_running_loop()
        timer = loop.call_later(patience, unit.fail, Unavailable("the database is not available, try again"))
        try:
            return await unit.done
        finally:
            timer.cancel()

    def _require_started(self) -> None:
        """Before the start what a crash left in the log is not folded yet."""
        if self._task is None:
            raise Unavailable("the server is starting, try again")

    def remember(self, pings: Iterable[Ping]) -> None:
        """These are in the log, and whoever sent them may not have been told so."""
        self._remember(ping.token for ping in pings)

    def _remember(self, tokens: Iterable[bytes]) -> None:
        for token in tokens:
            self._recent[token] = None
        while len(self._recent) > REMEMBERED_TOKENS:
            del self._recent[next(iter(self._recent))]

    def _token(self) -> bytes:
        self._count += 1
        return self._prefix + self._count.to_bytes(TOKEN_BYTES - len(self._prefix), "big")

    async def _run(self) -> None:
        while True:
            batch = self._take()
            if not batch and (self._queue or self._bulk):
                continue
            if not batch:
                if self._stopping:
                    return
                self._wake.clear()
                await self._wake.wait()
                continue
            try:
                await self._cache.room()
                await self._append(batch)
            except Exception:  # noqa: BLE001 - each is told apart, and logged, there
                await self._append_singly(batch)

    def _enqueue(self, items: Iterable[_Item]) -> None:
        for item in items:
            check = item.report.check
            if item.size > BULKY or check in self._behind_bulk:
                self._behind_bulk[check] += 1
                self._bulk_bytes += item.size
                self._bulk.append(item)
            else:
                self._queued_bytes += item.size
                self._queue.append(item)

    def _take(self) -> list[_Item]:
        """The items of the next append. Those of one check keep their order."""
        batch = _drain(self._queue, BATCH_BYTES)
        bulk = _drain(self._bulk, BULK_BYTES)
        self._queued_bytes -= sum(item.size for item in batch)
        self._bulk_bytes -= sum(item.size for item in bulk)
        self._behind_bulk -= Counter(item.report.check for item in bulk)  # drops what comes to nothing
        return [item for item in batch + bulk if not item.unit.done.done()]  # somebody still waits for it

    async def _append_singly(self, batch: Sequence[_Item]) -> None:
        """Something in the batch can't be stored at all: find out what, and store the rest."""
        for item in batch:
            try:
                await self._append([item])
            except Exception as error:
                log.exception("can't store a ping")
                item.unit.fail(error)

    async def _append(self, items: list[_Item]) -> None:
        """Store the items, trying again for as long as somebody waits for them."""
        while items := [item for item in items if not (item.settled or item.unit.done.done())]:
            try:
                items = await self._not_yet_stored(items)
                await self._load(items)
                numbered, later = self._numbered(items)
                items = await self._append_once(numbered) + later
            except Unavailable:
                await asyncio.sleep(RETRY)

    async def _not_yet_stored(self, items: list[_Item]) -> list[_Item]:
        """Leave out what an earlier attempt did store although it failed."""
        tried = {(item.ping.check, item.ping.n): item for item in items if item.ping is not None}
        if not tried:
            return items
        for place, token in (await self._log.tokens(tried)).items():
            if token == tried[place].token:
                self._settle([tried[place]])
        remaining = [item for item in items if not item.settled]
        for item in remaining:
            item.ping = None
        return remaining

    async def _load(self, items: Iterable[_Item]) -> None:
        """Have the checks in memory, and the tokens that their logs end with where a report may be in it: the
        sender comes back after a restart of ours, or to another process; what was given up came through.
        """
        checks = {item.report.check for item in items}
        recalled = {item.report.check for item in items if item.report.token or item.tried}
        while True:
            await self._cache.ensure(checks)
            entries = {id: entry for id in recalled if (entry := self._cache.peek(id)) and not entry.recalled}
            if not entries:
                return
            places = [
                (id, n)
                for id, entry in entries.items()
                for n in range(max(entry.check.n_pings - RECALLED, 0) + 1, entry.check.n_pings + 1)
            ]
            self._remember((await self._log.tokens(places)).values())
            for entry in entries.values():
                entry.recalled = True

    def _numbered(self, items: list[_Item]) -> tuple[list[_Item], list[_Item]]:
        """Give each item its place and final type; those that need none are settled here. A report that comes
        twice at once is left for later: whether it needs no place is known when the first one is stored.
        """
        states: dict[UUID, Check] = {}
        tokens: set[bytes] = set()
        numbered, later = [], []
        for item in items:
            report = item.report
            check = states.get(report.check)
            if check is None:
                entry = self._cache.peek(report.check)
                if entry is None:
                    self._without_check(item)
                    continue
                check = entry.check
            if item.token in self._recent:
                item.unit.settle(item, None)
                continue
            if item.token in tokens:
                later.append(item)
                continue
            tokens.add(item.token)
            type, reason = effective_signal(check, report)
            item.ping = _ping(item, check.n_pings + 1, type, reason)
            states[report.check] = record(check, type, report.at, report.rid).check
            item.tried = True
            numbered.append(item)
        return numbered, later

    def _without_check(self, item: _Item) -> None:
        """The check was deleted. One of several is left out; without any the report is refused."""
        unit = item.unit
        unit.missing += 1
        if unit.missing == len(unit.items):
            unit.fail(NotFound("not found"))
        else:
            unit.settle(item, None)

    async def _append_once(self, items: list[_Item]) -> list[_Item]:
        """Append in one command. The items that were not stored because another process was first."""
        if not items:
            return []
        pings = [item.ping for item in items if item.ping is not None]
        try:
            with self._cache.pinned([ping.check for ping in pings]):
                await self._write(pings)
        except Claimed as claimed:
            self._settle(items[: claimed.index])
            rest = items[claimed.index :]
            for item in rest:
                item.ping = None
            return rest
        self._settle(items)
        return []

    async def _write(self, pings: Sequence[Ping]) -> None:
        """Append; where it is unknown what the log has now, the checks are to be loaded anew.

        Raises Claimed, Unavailable.
        """
        try:
            await self._log.append(pings)
        except Claimed as claimed:
            for ping in pings[claimed.index :]:
                self._cache.forget(ping.check)
            raise
        except BaseException:
            for ping in pings:
                self._cache.forget(ping.check)
            raise

    def _settle(self, items: Sequence[_Item]) -> None:
        for item in items:
            if item.ping is not None:
                self._cache.apply(item.ping)
                if item.report.token:
                    self._remember([item.token])
                item.unit.settle(item, item.ping)


def _drain(queue: deque[_Item], limit: int) -> list[_Item]:
    """The first items of the queue, as many as fit into `limit` bytes, one at least."""
    drained: list[_Item] = []
    size = 0
    while queue and len(drained) < BATCH_REPORTS and (not drained or size + queue[0].size <= limit):
        item = queue.popleft()
        size += item.size
        drained.append(item)
    return drained


def _ping(item: _Item, n: int, type: Signal, reason: Reason | None) -> Ping:
    report = item.report
    return Ping(
        check=report.check,
        n=n,
        at=report.at,
        type=type,
        scheme=report.scheme,
        remote_addr=report.remote_addr,
        method=report.method,
        ua=report.ua,
        rid=report.rid,
        exit_status=report.exit_status,
        body=report.body,
        body_size=0 if report.body is None else len(report.body),
        subject=report.subject,
        sender=report.sender,
        reason=reason,
        token=item.token,
    )
