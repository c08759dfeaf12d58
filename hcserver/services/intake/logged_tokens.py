"""What the logs of checks hold already, where a report may be in there although we don't know of it.

The tokens in a log tell which of our own appends were carried out although they failed. What they say of the
emails that other processes have stored goes to `repetitions`.
"""

from __future__ import annotations

from collections.abc import Iterable

from hcserver.services.intake.cached_check import CachedCheck
from hcserver.services.intake.repetitions import Repetitions
from hcserver.storage.heartbeat import Heartbeat
from hcserver.storage.pings import PingLog

MAX_TOKENS = 50_000  # that are remembered, in some 8 MB
LAST_PINGS = 20  # of a check, whose tokens are read from the log after the check was loaded


class LoggedTokens:
    """The tokens that were found in logs, with the numbers of their pings."""

    def __init__(self, log: PingLog, heartbeat: Heartbeat, repetitions: Repetitions) -> None:
        self._log = log
        self._heartbeat = heartbeat
        self._repetitions = repetitions
        self._found: dict[bytes, int] = {}  # the oldest first

    def has(self, token: bytes, since: int) -> bool:
        """Whether the token was found in the log as ping `since` of its check, or as a later one. An earlier
        ping may be the same email on another day.
        """
        return self._found.get(token, 0) >= since

    def remember(self, found: Iterable[tuple[bytes, int]]) -> None:
        """Tokens and the numbers of their pings."""
        for token, n in found:
            self._found[token] = n
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
            self.remember((ping.token, ping.n) for ping in tail)
            self._repetitions.recall(cached.check.id, tail, answered)
            cached.tokens_known = True
