"""What the logs of checks hold already, where a report may be in there although we don't know of it.

The tokens and moments in a log tell which of our own appends were carried out although they failed. What
they say of the emails that other processes have stored goes to `repetitions`.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from hcserver.domain.ping import LoggedToken, Ping
from hcserver.services.intake.cached_check import CachedCheck
from hcserver.services.intake.repetitions import Repetitions
from hcserver.storage.heartbeat import Heartbeat
from hcserver.storage.pings import PingLog

MAX_TOKENS = 50_000  # that are remembered, in some 12 MB
LAST_PINGS = 20  # of a check, whose tokens are read from the log after the check was loaded


class LoggedTokens:
    """The tokens that were found in logs, with the moments and numbers of their pings."""

    def __init__(self, log: PingLog, heartbeat: Heartbeat, repetitions: Repetitions) -> None:
        self._log = log
        self._heartbeat = heartbeat
        self._repetitions = repetitions
        self._found: dict[tuple[bytes, datetime], int] = {}  # the oldest first

    def has(self, token: bytes, at: datetime, since: int) -> bool:
        """Whether a ping of that moment with this token was found as ping `since` of its check, or as a later
        one. An earlier ping, or one of another moment, may be the same email when it was sent before.
        """
        return self._found.get((token, at), 0) >= since

    def remember(self, found: Iterable[Ping | LoggedToken]) -> None:
        """These are in the log."""
        for one in found:
            self._found[one.token, one.at] = one.n
        while len(self._found) > MAX_TOKENS:
            del self._found[next(iter(self._found))]

    async def read_last(self, cached_checks: Iterable[CachedCheck]) -> None:
        """Read the last pings of these checks, whoever appended them. Raises Unavailable."""
        cached_checks = list(cached_checks)
        places = [
            (cached.check.id, n)
            for cached in cached_checks
            for n in range(max(cached.check.n_pings - LAST_PINGS, 0) + 1, cached.check.n_pings + 1)
        ]
        tails = await self._log.logged(places)
        answered = await self._heartbeat.answered()
        for cached in cached_checks:
            tail = tails.get(cached.check.id, [])
            self.remember(tail)
            self._repetitions.recall(cached.check.id, tail, answered)
            cached.tokens_known = True
