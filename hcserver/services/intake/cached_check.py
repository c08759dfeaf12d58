"""One check in memory: its acknowledged state, how much of that the database has, and who waits for it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from typing import NamedTuple

from hcserver.domain.check import Check
from hcserver.domain.ping import Ping
from hcserver.domain.state_machine import Step, record
from hcserver.errors import HcError
from hcserver.storage.checks import Outbox, Stored, Write

Change = Callable[[Check], Step]


class CachedCheck:
    """A check as this process has acknowledged it (`check`) and as the database has it (`stored`)."""

    __slots__ = (
        *("changes", "check", "outbox", "outbox_published", "outdated", "pins", "revision", "stored"),
        *("stored_outbox", "tokens_known", "unwritten_pings"),
    )

    def __init__(self, stored: Stored) -> None:
        self.check = self.stored = stored.check
        self.revision = stored.rev  # of `stored`; a write that meets another one changes nothing
        self.outbox = Outbox()  # flips and alerts that are not in the check's document yet
        self.stored_outbox = stored.outbox  # flips and alerts in the check's document
        self.outbox_published = False  # those are published, and leave the document with its next write
        self.changes: list[PendingChange] = []
        self.unwritten_pings = 0  # pings that `check` counts and `stored` does not
        self.pins = 0  # operations under way that need the check to stay in memory
        self.tokens_known = False  # the tokens of its last pings are in the repetition memory
        self.outdated = False  # the database and the log may know more: to be loaded again

    @property
    def unwritten(self) -> bool:
        """There is something to write, to publish, to take out of the document, or to load again."""
        return self.check is not self.stored or bool(self.outbox or self.stored_outbox) or self.outdated

    @property
    def next_moment(self) -> datetime | None:
        """When time alone changes something, by this state or by that in the database, whichever is first."""
        due, stored = self.check.due, self.stored.due
        return due if stored is None else stored if due is None else min(due, stored)

    @property
    def has_news(self) -> bool:
        """There are flips or alerts that are not in their own collections, or there may be."""
        unpublished = bool(self.stored_outbox) and not self.outbox_published
        return unpublished or self.outdated or bool(self.outbox or self.changes)

    def apply(self, step: Step) -> None:
        """Take over what happened to the check, with the flip and the alert that it made."""
        self.check = step.check
        self.outbox = self.outbox.plus(step)

    def count_ping(self, ping: Ping) -> Step:
        """Take over the next ping of the log."""
        step = record(
            self.check, ping.type, ping.at, ping.rid, ping.exit_status, ignored_end=ping.ignored_end
        )
        self.apply(step)
        self.unwritten_pings += 1
        return step

    def rebuild(self, stored: Stored, uncounted: Sequence[Ping]) -> None:
        """Start again from the check's document, add the pings of the log that it does not count, and repeat
        the changes that somebody waits for. One that is not possible any more fails.
        """
        self.stored, self.revision, self.stored_outbox = stored.check, stored.rev, stored.outbox
        self.check, self.outbox = stored.check, Outbox()
        self.outbox_published = self.outdated = self.tokens_known = False
        self.unwritten_pings = 0
        for ping in uncounted:
            self.count_ping(ping)
        for change in self.changes:
            if change.apply is None or change.written.done():
                continue
            try:
                self.apply(change.apply(self.check))
            except HcError as error:
                change.written.set_exception(error)
        self._drop_finished_changes()

    def snapshot(self) -> Snapshot:
        """What is to be written now."""
        write = Write(self.stored, self.check, self.revision, self.outbox)
        return Snapshot(self, write, list(self.changes), self.unwritten_pings)

    def note_written(self, snapshot: Snapshot) -> None:
        """The database has the snapshot; the state may have gone on meanwhile."""
        write = snapshot.write
        self.stored, self.revision, self.stored_outbox = write.check, write.rev + 1, write.outbox
        self.outbox, self.outbox_published = self.outbox.minus(write.outbox), False
        self.unwritten_pings -= snapshot.pings

    def finish(self, changes: Iterable[PendingChange]) -> None:
        """These changes are written: answer those who wait for them."""
        for change in changes:
            if not change.written.done():
                change.written.set_result(self.check)
        self._drop_finished_changes()

    def fail_changes(self, error: HcError) -> None:
        """Answer everybody who waits for a write that it is not sure to come."""
        for change in self.changes:
            if not change.written.done():
                change.written.set_exception(error)
        self.changes = []

    def _drop_finished_changes(self) -> None:
        self.changes = [change for change in self.changes if not change.written.done()]


class PendingChange:
    """A change by people that is not written yet. Without `apply`, somebody only waits for what is there."""

    __slots__ = ("apply", "written")

    def __init__(self, apply: Change | None) -> None:
        self.apply = apply
        self.written: asyncio.Future[Check] = asyncio.get_running_loop().create_future()


class Snapshot(NamedTuple):
    """The write of a check, with the changes and the number of pings that it brings into the database."""

    cached: CachedCheck
    write: Write
    changes: list[PendingChange]
    pings: int

    @property
    def late(self) -> bool:
        """It has a change whose author has been told that it failed."""
        return any(change.apply is not None and change.written.done() for change in self.changes)
