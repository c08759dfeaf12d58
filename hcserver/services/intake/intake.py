"""The one way in for pings, whatever brought them: they are queued, appended to the log, acknowledged.

Reports that arrive while an append is under way form the next one (group commit), so that one client
waits for one command of the database and a thousand clients share it.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Iterable, Sequence
from uuid import UUID

from hcserver.domain.check import Check
from hcserver.domain.ping import Ping, Report
from hcserver.errors import Unavailable
from hcserver.services.intake.append import Appender
from hcserver.services.intake.check_cache import CheckCache
from hcserver.services.intake.queue import ReportQueue
from hcserver.services.intake.repetitions import Receipt, Repetitions
from hcserver.services.intake.submission import Submission
from hcserver.services.intake.unwritten import UnwrittenChecks
from hcserver.services.lookup import Lookup

PATIENCE = 4.5  # seconds until reports that could not be stored are refused, and one more second for each
PATIENCE_BYTES = 5_000_000  # bytes: a large email may go to many checks
TOKEN_BYTES = 12


class Intake:
    """Takes reports, and answers when they are durable."""

    def __init__(
        self,
        cache: CheckCache,
        lookup: Lookup,
        appender: Appender,
        unwritten: UnwrittenChecks,
        repetitions: Repetitions,
        body_limit: int,
    ) -> None:
        self.body_limit = body_limit  # bytes of an email that are kept
        self._cache = cache
        self._lookup = lookup
        self._appender = appender
        self._unwritten = unwritten
        self._repetitions = repetitions
        self._queue = ReportQueue()
        self._added = asyncio.Event()
        self._stopping = False
        self._task: asyncio.Task[None] | None = None
        self._token_prefix = secrets.token_bytes(6)
        self._tokens_made = 0

    @property
    def waiting(self) -> int:
        """How many reports wait to be stored."""
        return len(self._queue)

    def start(self) -> None:
        self._task = asyncio.create_task(self._run(), name="append")

    async def stop(self) -> None:
        """Store what waits, then end."""
        self._stopping = True
        self._added.set()
        if self._task is not None:
            await self._task

    async def find(self, check: UUID) -> Check:
        """Raises NotFound, Unavailable."""
        self._require_started()
        return await self._cache.get(check)

    async def find_by_slug(self, ping_key: str, slug: str) -> Check:
        """Raises NotFound, Ambiguous, Unavailable."""
        self._require_started()
        return await self._cache.get(await self._lookup.check_by_ping_key(ping_key, slug))

    async def record(self, reports: Sequence[Report]) -> list[Ping]:
        """Store the reports; when it returns, all of them are durable. A report that is a repetition (see
        `repetitions`) is not stored again and has no ping in the answer.

        Raises NotFound when none of the checks exists any more; Unavailable when the database was away for
        PATIENCE seconds or too many reports wait (some of the reports may be stored then).
        """
        self._require_started()
        if self._stopping or not self._queue.has_room_for(reports):
            raise Unavailable("too busy, try again")
        submission = Submission(reports, [report.token or self._new_token() for report in reports])
        self._queue.add(submission.reports)
        self._added.set()
        patience = PATIENCE + submission.size / PATIENCE_BYTES
        error = Unavailable("the database is not available, try again")
        timer = asyncio.get_running_loop().call_later(patience, submission.fail, error)
        try:
            with self._repetitions.in_progress(reports):
                return await submission.done
        finally:
            timer.cancel()
            submission.reports.clear()  # they refer to it: a cycle that only the garbage collector would find

    def acknowledged(self, receipts: Iterable[Receipt]) -> None:
        """The senders of these emails have heard that they were recorded."""
        self._repetitions.acknowledged(receipts)

    def _require_started(self) -> None:
        """Before the start, the database is not in order, and may be that of a newer version."""
        if self._task is None:
            raise Unavailable("the server is starting, try again")

    def _new_token(self) -> bytes:
        self._tokens_made += 1
        return self._token_prefix + self._tokens_made.to_bytes(TOKEN_BYTES - len(self._token_prefix), "big")

    async def _run(self) -> None:
        while self._queue or not self._stopping:
            if batch := self._queue.take_batch():
                await self._unwritten.wait_for_capacity()
                await self._appender.append(batch)
            elif not self._queue and not self._stopping:
                self._added.clear()
                await self._added.wait()
