"""A check in the ledger's memory: its acknowledged state, what is known to be stored, who waits for that."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable

from hcserver.domain.check import Check
from hcserver.domain.state_machine import Step
from hcserver.errors import HcError
from hcserver.storage.checks import Outbox, Stored

Change = Callable[[Check], Step]


class CachedCheck:
    """One check in memory: as acknowledged (`check`) and as last known in the database (`base`, `rev`)."""

    __slots__ = (
        *("base", "changes", "check", "outbox", "pins", "published"),
        *("recalled", "rev", "stale", "stored_outbox", "unfolded"),
    )

    def __init__(self, stored: Stored) -> None:
        self.check = self.base = stored.check
        self.rev = stored.rev
        self.outbox = Outbox()  # not in the database yet
        self.stored_outbox = stored.outbox  # in the check's document, to be published
        self.published = False  # it is, and leaves the document with its next write
        self.changes: list[Pending] = []
        self.unfolded = 0  # pings in `check` but not in `base`
        self.pins = 0  # appends under way that count on this entry
        self.recalled = False  # the tokens of its last pings have been looked up: see services.ingest
        self.stale = False  # memory may not be what the database and the log say

    @property
    def dirty(self) -> bool:
        """Something is to be written, published, cleared or loaded."""
        return self.check is not self.base or bool(self.outbox or self.stored_outbox) or self.stale

    def take(self, step: Step) -> None:
        self.check = step.check
        self.outbox = self.outbox.plus(step)

    def resolve(self, changes: Iterable[Pending]) -> None:
        """These are written."""
        for pending in changes:
            if not pending.done.done():
                pending.done.set_result(self.check)
        self.changes = [pending for pending in self.changes if not pending.done.done()]

    def fail(self, error: HcError) -> None:
        """Nothing that is waited for will be written for sure."""
        for pending in self.changes:
            if not pending.done.done():
                pending.done.set_exception(error)
        self.changes = []


class Pending:
    """A change by people (or, without `apply`, somebody who waits for what is there to be written)."""

    __slots__ = ("apply", "done")

    def __init__(self, apply: Change | None) -> None:
        self.apply = apply
        self.done: asyncio.Future[Check] = asyncio.get_running_loop().create_future()
