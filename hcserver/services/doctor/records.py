"""The data: checks against their logs and flips, and records of checks that do not exist.

Pings and flips are read from end to end, without bodies, and summed up by check; then the checks are read. A
server may change them meanwhile, so whatever looks wrong is looked at again, by itself and more closely.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from datetime import datetime, timedelta
from uuid import UUID

from hcserver.domain.check import Check
from hcserver.domain.clock import Clock
from hcserver.domain.flip import Flip
from hcserver.domain.invariants import (
    FlipSummary,
    LoggedPing,
    LogSummary,
    behind_kept_failures,
    faults,
    is_behind,
    summary_of_flips,
    summary_of_log,
)
from hcserver.services.doctor.finding import Finding, counted, error, fixed, ok, warning
from hcserver.storage import Storage
from hcserver.storage.checks import Stored
from hcserver.storage.client import batches
from hcserver.storage.inspection import Inspection

SUBJECT = "data"
# A server writes the state of a check seconds after the ping; by then it is certainly written, if it can be.
WRITTEN_BEHIND = timedelta(minutes=5)
_LOOKS = 5  # times that a check is read that changes under our eyes

# Called with the collection, how many of its records were read, and about how many there are.
Progress = Callable[[str, int, int], None]


class Records:
    """Examines the checks of a database with all that belongs to them. All methods raise Unavailable.

    `keeps_failures`: pruning keeps failures, and may have been cut short.
    """

    def __init__(
        self,
        storage: Storage,
        inspection: Inspection,
        progress: Progress,
        clock: Clock,
        *,
        keeps_failures: bool,
    ) -> None:
        self._storage = storage
        self._inspection = inspection
        self._progress = progress
        self._keeps_failures = keeps_failures
        self._clock = clock
        self._logs: dict[UUID, LogSummary] = {}
        self._flips: dict[UUID, FlipSummary] = {}
        self._notified: set[UUID] = set()  # checks that have notifications
        self.examined = 0  # checks
        self.behind: list[UUID] = []  # checks that are behind their logs, once `checks` is through
        self.orphans: list[UUID] = []  # checks that do not exist, but have records; the same

    async def checks(self, *, served: bool) -> AsyncIterator[Finding]:
        """What is wrong with each check. `served`: a server uses the database, so that a state that is not
        written yet is nothing special.
        """
        await self._read_pings()
        await self._read_flips()
        await self._read_notifications()
        total = await self._inspection.count("checks")
        async for batch in self._storage.checks.scan():
            due = await self._inspection.due(stored.check.id for stored in batch)
            for stored in batch:
                id = stored.check.id
                log = self._logs.pop(id, LogSummary()).without_kept_failures(stored.check)
                flips = self._flips.pop(id, FlipSummary())
                self._notified.discard(id)
                if self._is_suspicious(stored, due, log, flips):
                    for fault in await self._look_closely(id, log.last, served):
                        yield error(SUBJECT, f"check {id}: {fault}")
            self.examined += len(batch)
            self._progress("checks", min(self.examined, total), total)
        self.orphans = await self._without_checks()

    async def remove_orphans(self) -> None:
        """Remove the records of the checks that do not exist."""
        for check in self.orphans:
            if log := self._logs.get(check):
                await self._storage.pings.delete(check, log.first, log.last)
            await self._storage.flips.delete(check)
            await self._storage.notifications.delete_of_check(check)

    async def _read_pings(self) -> None:
        total, done = await self._inspection.count("pings"), 0
        async for pings in self._inspection.pings():
            for check, ping in pings:
                self._logs.setdefault(check, LogSummary()).add(ping)
            done += len(pings)
            self._progress("pings", min(done, total), total)

    async def _read_flips(self) -> None:
        total, done = await self._inspection.count("flips"), 0
        async for flips in self._inspection.flips():
            for flip in flips:
                self._flips.setdefault(flip.check, FlipSummary()).add(flip)
            done += len(flips)
            self._progress("flips", min(done, total), total)

    async def _read_notifications(self) -> None:
        total, done = await self._inspection.count("notifications"), 0
        async for notifications in self._inspection.members("notifications", "check"):
            self._notified.update(one["check"] for one in notifications)
            done += len(notifications)
            self._progress("notifications", min(done, total), total)

    def _is_suspicious(
        self, stored: Stored, due: Mapping[UUID, datetime | None], log: LogSummary, flips: FlipSummary
    ) -> bool:
        check = stored.check
        if check.id not in due or is_behind(check, log) or _unpublished(stored, flips):
            return True
        return next(faults(check, check.due, log, flips), None) is not None or due[check.id] != check.due

    async def _look_closely(self, id: UUID, last_seen: int, served: bool) -> list[str]:
        """The faults of a check, read with its log and flips until nothing changes meanwhile. `last_seen` is
        the last ping that was in the log, perhaps behind a gap.
        """
        for _ in range(_LOOKS):
            before = await self._load(id)
            if before is None:
                return []
            log = await self._log_of(before.check, last_seen)
            flips = summary_of_flips(await self._storage.flips.read(id))
            unpublished = _unpublished(before, flips)
            for flip in unpublished:
                flips.add(flip)
            due = (await self._inspection.due([id])).get(id)
            after = await self._load(id)
            if after is None or after.rev != before.rev:
                continue
            gapless = behind_kept_failures(log) if self._keeps_failures else log
            found = list(faults(before.check, due, summary_of_log(gapless), flips))
            moments = [ping.at for ping in log if ping.n > before.check.n_pings]
            moments += [flip.at for flip in unpublished]
            if not found and self._is_left_behind(moments, served):
                self.behind.append(id)
            return found
        return []

    def _is_left_behind(self, moments: Sequence[datetime], served: bool) -> bool:
        """Whether what happened at these moments should have been written by now."""
        if not moments or not served:
            return bool(moments)
        return self._clock() - min(moments) > WRITTEN_BEHIND

    async def _load(self, id: UUID) -> Stored | None:
        return (await self._storage.checks.load([id])).get(id)

    async def _log_of(self, check: Check, last_seen: int) -> list[LoggedPing]:
        last = max(check.n_pings, last_seen)
        pings = await self._storage.pings.read(check.id, range(check.shown_from, last + 1))
        pings += await self._storage.pings.tail(check.id, last)
        return [LoggedPing(ping.n, ping.at, ping.type) for ping in pings]

    async def _without_checks(self) -> list[UUID]:
        """The checks that have records and do not exist. Deletions that a server finishes are left to it."""
        candidates = sorted({*self._logs, *self._flips, *self._notified})
        being_deleted = {check for check, _, _ in await self._storage.tombstones.before(self._clock())}
        missing = []
        for some in batches(candidates):
            found = await self._storage.checks.load(some)
            missing += [id for id in some if id not in found and id not in being_deleted]
        return missing


def _unpublished(stored: Stored, flips: FlipSummary) -> list[Flip]:
    """The flips that stand in the check's document only. Others stay there until its next write, too."""
    last = 0 if flips.last is None else flips.last.n
    return [flip for flip in stored.outbox.flips if flip.n > last]


async def examine_records(
    records: Records, bring_in_step: Callable[[Sequence[UUID]], Awaitable[None]] | None, *, served: bool
) -> AsyncIterator[Finding]:
    """Everything that is wrong with checks and their records. What is safe to repair is repaired if
    `bring_in_step` is given, which applies the logs of checks that are behind as a server does.

    Raises Unavailable.
    """
    wrong = 0
    async for finding in records.checks(served=served):
        wrong += 1
        yield finding
    if bring_in_step is not None:
        for some in batches(records.behind):
            await bring_in_step(some)
        await records.remove_orphans()
    for check in records.behind:
        text = f"check {check}: its state is behind its log; the next start of a server applies it"
        yield (
            warning(SUBJECT, text)
            if bring_in_step is None
            else fixed(SUBJECT, f"check {check}: brought its state in step with its log")
        )
    for check in records.orphans:
        what = f"pings, flips or notifications of check {check}, which does not exist"
        yield (
            warning(SUBJECT, f"there are {what}")
            if bring_in_step is None
            else fixed(SUBJECT, f"removed {what}")
        )
    if not wrong:
        yield ok(SUBJECT, f"{counted(records.examined, 'check')} in step with their logs and flips")
