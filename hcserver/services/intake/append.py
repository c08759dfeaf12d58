"""Appending batches of reports to the log of pings.

The number n of a ping is claimed by its place in the log. If another process was first there, the state of
the check is loaded again and the rest of the batch gets new numbers. When it is unknown what a failed append
left behind, the log tells which reports are in it; only the others are appended again. A report is known in
the log by its token and its moment: the same email, when it comes again, has the same token.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterable, Sequence
from uuid import UUID

from hcserver.domain.check import Check
from hcserver.domain.keywords import Reason
from hcserver.domain.ping import Ping, Signal
from hcserver.domain.signal import effective_signal
from hcserver.domain.state_machine import record
from hcserver.errors import Unavailable
from hcserver.services.events import EventBus, PingRecorded, PingsAppended
from hcserver.services.intake.check_cache import CheckCache
from hcserver.services.intake.logged_tokens import LoggedTokens
from hcserver.services.intake.repetitions import Repetitions
from hcserver.services.intake.submission import QueuedReport
from hcserver.storage.pings import Claimed, PingLog

log = logging.getLogger(__name__)

RETRY = 0.1  # seconds between attempts while the database is away


class Appender:
    """Stores reports as pings. Only one batch is appended at a time."""

    def __init__(
        self,
        ping_log: PingLog,
        cache: CheckCache,
        logged_tokens: LoggedTokens,
        repetitions: Repetitions,
        events: EventBus,
    ) -> None:
        self._log = ping_log
        self._cache = cache
        self._logged_tokens = logged_tokens
        self._repetitions = repetitions
        self._events = events

    async def append(self, batch: Sequence[QueuedReport]) -> None:
        """Store the reports of the batch, or refuse those that can't be stored, or whose time is over."""
        try:
            await self._append(batch)
        except Exception:  # noqa: BLE001 - the next attempt finds out which report is at fault, and logs it
            self._cache.in_doubt = True
            await self._append_singly(batch)

    async def _append_singly(self, batch: Sequence[QueuedReport]) -> None:
        """Something in the batch can't be stored at all: find out what, and store the rest."""
        for queued in batch:
            try:
                await self._append([queued])
            except Exception as error:
                log.exception("can't store a ping of check %s", queued.report.check)
                queued.submission.fail(error)

    async def _append(self, batch: Sequence[QueuedReport]) -> None:
        """Store the reports, trying again for as long as their senders wait for them."""
        while batch := [queued for queued in batch if queued.wanted]:
            try:
                batch = await self._not_yet_stored(batch)
                await self._load_checks(batch)
                numbered, repeated = self._number(batch)
                batch = await self._append_once(numbered) + repeated
            except Unavailable:
                await asyncio.sleep(RETRY)

    async def _not_yet_stored(self, batch: Sequence[QueuedReport]) -> Sequence[QueuedReport]:
        """Leave out the reports that an earlier attempt did store although it failed."""
        tried = {(queued.ping.check, queued.ping.n): queued for queued in batch if queued.ping is not None}
        if not tried:
            return batch
        for check, logged in (await self._log.logged(tried)).items():
            for one in logged:
                queued = tried[check, one.n]
                if (one.token, one.at) == (queued.token, queued.report.at):
                    self._settle([queued])
        remaining = [queued for queued in batch if not queued.settled]
        for queued in remaining:
            queued.ping = None
        return remaining

    async def _load_checks(self, batch: Iterable[QueuedReport]) -> None:
        """Have the checks in memory, and where a report may be in the log already, the tokens of its end."""
        checks = {queued.report.check for queued in batch}
        maybe_stored = {queued.report.check for queued in batch if queued.report.token or queued.tried_from}
        while True:
            await self._cache.ensure(checks)
            cached = [one for id in maybe_stored if (one := self._cache.peek(id)) and not one.tokens_known]
            if not cached:
                return
            # Checks can leave memory while tokens are read.
            await self._logged_tokens.read_last(cached)

    def _number(self, batch: Iterable[QueuedReport]) -> tuple[list[QueuedReport], list[QueuedReport]]:
        """Make each report the ping that it becomes next in the log; those that need none are settled here.

        A report that is in the batch twice is left for later: only when the first one is stored it is known
        that the other one need not be.
        """
        states: dict[UUID, Check] = {}
        tokens: set[bytes] = set()
        numbered, repeated = [], []
        for queued in batch:
            report = queued.report
            check = states.get(report.check)
            if check is None:
                cached = self._cache.peek(report.check)
                if cached is None:
                    queued.submission.settle_without_check(queued)
                    continue
                check = cached.check
            if self._need_not_be_stored(queued, check.n_pings):
                queued.submission.settle(queued, None)
                continue
            if queued.token in tokens:
                repeated.append(queued)
                continue
            tokens.add(queued.token)
            signal, reason = effective_signal(check, report)
            queued.ping = ping = _ping(queued, check.n_pings + 1, signal, reason)
            step = record(check, signal, report.at, report.rid, ignored_end=ping.ignored_end)
            states[report.check] = step.check
            numbered.append(queued)
        return numbered, repeated

    def _need_not_be_stored(self, queued: QueuedReport, n_pings: int) -> bool:
        """Whether an append of the report was carried out although it failed, or the report is an email that
        was recorded before and is to be left out, which is logged.
        """
        report = queued.report
        tried_from = queued.tried_from
        if tried_from is not None and self._logged_tokens.has(queued.token, report.at, tried_from):
            return True
        if not report.token or not self._repetitions.is_repetition(report.check, n_pings, report.token):
            return False
        log.info(
            "left out an email from %s to check %s: the same one (Message-ID, Date, Subject, text) has been "
            "recorded, and its sender may not have heard our answer",
            report.remote_addr or "a local sender",
            report.check,
        )
        return True

    async def _append_once(self, batch: Sequence[QueuedReport]) -> list[QueuedReport]:
        """Append in one command. The reports that were not stored because another process was first.

        Raises Unavailable.
        """
        if not batch:
            return []
        pings = [queued.ping for queued in batch if queued.ping is not None]
        try:
            with self._cache.pinned([ping.check for ping in pings]):
                await self._write(pings)
        except Claimed as claimed:
            self._settle(batch[: claimed.index])
            rest = list(batch[claimed.index :])
            for queued in rest:
                queued.ping = None
            return rest
        except BaseException:
            for queued in batch:
                if queued.ping is None:
                    continue
                queued.tried_from = queued.tried_from or queued.ping.n
                if queued.report.token:
                    self._repetitions.uncertain(queued.token, queued.ping.at, queued.ping.n)
            raise
        self._settle(batch)
        self._events.publish(PingsAppended(len(batch)))
        return []

    async def _write(self, pings: Sequence[Ping]) -> None:
        """Append; where it is unknown what the log has now, the checks are to be loaded again.

        Raises Claimed, Unavailable.
        """
        try:
            await self._log.append(pings)
        except Claimed as claimed:
            for ping in pings[claimed.index :]:
                self._cache.forget(ping.check)
            raise
        except BaseException:
            self._cache.in_doubt = True
            for ping in pings:
                self._cache.forget(ping.check)
            raise

    def _settle(self, stored: Iterable[QueuedReport]) -> None:
        """These are in the log: take them into the state of their checks, and acknowledge them."""
        for queued in stored:
            ping = queued.ping
            if ping is None:
                continue
            check = self._cache.record(ping)
            self._repetitions.stored(ping.check, ping.n, ping.at, queued.report.token)
            queued.submission.settle(queued, ping)
            if check is not None:
                self._events.publish(PingRecorded(check, ping))


def _ping(queued: QueuedReport, n: int, signal: Signal, reason: Reason | None) -> Ping:
    report = queued.report
    return Ping(
        check=report.check,
        n=n,
        at=report.at,
        type=signal,
        scheme=report.scheme,
        remote_addr=report.remote_addr,
        method=report.method,
        ua=report.ua,
        rid=report.rid,
        exit_status=report.exit_status,
        body=report.body,
        body_size=0 if report.body is None else len(report.body),
        cut_before=report.cut_before,
        cut_after=report.cut_after,
        subject=report.subject,
        sender=report.sender,
        reason=reason,
        token=queued.token,
    )
