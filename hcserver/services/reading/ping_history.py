"""The log of a check as people read it: from memory, and what is not there from the database."""

from __future__ import annotations

from collections.abc import Sequence

from hcserver.domain.check import Check
from hcserver.domain.ping import Ping
from hcserver.domain.runs import RunMatcher
from hcserver.services.reading.recent_pings import RecentPings
from hcserver.storage.pings import PingLog

# Pings read in search of the starts of runs: first the few that usually decide it, then more at a time.
_LOOK_BACK = (10, 100)
LOOKED_BACK = 1000  # pings in which failures are looked for; mostly there are fewer than 200 to be pruned


class PingHistory:
    """`check` is always the acknowledged state of the check. Every method raises Unavailable when it needs
    the database and that is away.
    """

    def __init__(self, ping_log: PingLog, recent: RecentPings) -> None:
        self._log = ping_log
        self._recent = recent

    async def pings(self, check: Check, limit: int, before: int | None = None) -> list[Ping]:
        """The last `limit` pings (with n < `before`) that are in the log, newest first, without bodies."""
        last = check.n_pings if before is None else min(before - 1, check.n_pings)
        first = max(last - limit + 1, check.shown_from)
        found = self._recent.read(check, first, last)
        missing = [n for n in range(first, last + 1) if n not in found]
        if missing:
            read = await self._log.read(check.id, missing)
            self._recent.add(check.id, read)
            found.update((ping.n, ping) for ping in read)
        return [found[n] for n in range(last, first - 1, -1) if n in found]

    async def durations(self, check: Check, pings: Sequence[Ping]) -> dict[int, float]:
        """The durations in seconds of these pings of the check, newest first and without gaps, by number. The
        log is read back to the starts of their runs, as far as kept.
        """
        matcher = RunMatcher()
        for ping in pings:
            matcher.add(ping)
        if not pings:
            return {}
        oldest = first = pings[-1].n
        look_back = iter(_LOOK_BACK)
        count = next(look_back)
        while matcher.unresolved_from(first):
            older = await self.pings(check, count, oldest)
            for ping in older:
                matcher.add(ping)
            if len(older) < count:
                break
            oldest, count = older[-1].n, next(look_back, count)
        return {n: seconds for n, seconds in matcher.durations.items() if n >= first}

    async def failures_before(self, check: Check, n: int, limit: int) -> list[Ping]:
        """The last `limit` failures with numbers below `n` that are in the log, newest first, without bodies.

        Of the pings that are not pruned yet, LOOKED_BACK are looked through.
        """
        first = max(check.shown_from, n - LOOKED_BACK)
        numbers = [one for one in check.kept_failures if check.may_show(one)]
        numbers += await self._log.failures(check.id, first, n - 1)
        return (await self._log.read(check.id, numbers[max(len(numbers) - limit, 0) :]))[::-1]

    async def ping(self, check: Check, n: int) -> Ping | None:
        """One ping with its body; None if the log does not have it."""
        if not check.may_show(n):
            return None
        return self._recent.find(check.id, n) or await self._log.get(check.id, n)
