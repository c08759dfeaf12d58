"""Which emails are repetitions: sent again by a sender that has not heard our answer to the first attempt.

A sender whose connection breaks after we stored its mail, but before it read our 250, sends the same mail
again (RFC 5321 section 6.1). Such a mail must not become a second ping. But devices also send many
different reports under one Message-ID, and people send the same file twice, so that identical mails alone
prove nothing. A doubled ping costs less than a lost one; therefore a mail is a repetition only if all of
this holds:

- It has the token of a stored ping of the same check: the same Message-ID, Date, Subject and body. A mail
  without a Message-ID that says anything has no token (see smtp.identity).
- The sender may not have heard our answer. It has heard it when the 250 was written out completely and the
  client then ended the connection with QUIT, or sent the content of another message: it waits for our 354
  before it does so, and the 354 comes after the 250 (RFC 2920 section 3.1).
- No other ping of the check was recorded in between.
- The stored ping is younger than RETRY_TIME.

Who has heard our answer is known only in the memory of the process that gave it. For what other processes
stored there is the answered mark in the database: a moment that a running server moves on, about a second
behind the clock. Mails that were stored before it have been answered. So only the mails of the last second
or two before a server was killed can be repeated at its next start, and after an orderly stop none can.

When a server is killed under load, several senders of one check wait for an answer, and all come back. So
for the pings of those last seconds "no other ping in between" is read less strictly: mails with other
Message-IDs are no evidence, since their senders may be coming back as well. Pings by HTTP, mails without a
Message-ID and another mail under the same Message-ID are.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from itertools import count
from typing import TypeVar
from uuid import UUID

import msgspec

from hcserver.domain.clock import Clock
from hcserver.domain.ping import LoggedToken, Report

K = TypeVar("K")
V = TypeVar("V")

# Senders come back after minutes: Postfix after 5 to 67, Exim after 15, sendmail after 30 to 60; RFC 5321
# section 4.5.4.1 asks for two attempts in the first hour. Six hours leave room for an outage in between,
# and are short enough for a daily report that never changes.
RETRY_TIME = timedelta(hours=6)
# How long it may take from a stored ping to the moment at which its 250 has been written to the network.
ANSWER_TIME = timedelta(seconds=1)
# Pings remembered at a time, in each of the memories below; the oldest are forgotten first.
CAPACITY = 50_000
# The first bytes of a token depend on the check and the Message-ID only, the others on the rest of the mail.
ID_BYTES = 6


class Receipt(msgspec.Struct, frozen=True):
    """A mail that was stored for a check, for `Repetitions.acknowledged`."""

    check: UUID
    token: bytes


class Repetitions:
    """What must be remembered of stored mails to recognise their repetitions."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._started = clock()
        self._answered_before_start = self._started
        # The last ping of a check, where it is a mail whose sender may not have heard the answer.
        self._unheard: dict[UUID, LoggedToken] = {}
        # Mails that were stored in the last second before the previous process ended: token -> when.
        self._recovered: dict[UUID, dict[bytes, datetime]] = {}
        self._looked_up: set[UUID] = set()  # checks whose recovered mails are, or were, in there
        # Tokens of this process: what the log says of these mails is known here better.
        self._own: dict[bytes, datetime] = {}
        # Tokens of appends that failed, but may have been carried out, with their moments and the numbers
        # that they began with.
        self._uncertain: dict[bytes, dict[datetime, int]] = {}
        self._in_progress: dict[int, datetime] = {}
        self._numbers = count()
        self.newest: datetime | None = None  # of the mails that this process has stored

    def start(self, answered: datetime | None) -> None:
        """`answered`: the mark that the previous processes have left, None if there were none."""
        self._started = self._clock()
        self._answered_before_start = self._started if answered is None else answered

    def is_repetition(self, check: UUID, n_pings: int, token: bytes) -> bool:
        """Whether a mail is a repetition, given the number of the check's last ping."""
        now = self._clock()
        last = self._unheard.get(check)
        if last is not None and last.n == n_pings and last.token == token:
            return now - last.at < RETRY_TIME
        at = self._recovered.get(check, {}).get(token)
        return at is not None and now - at < RETRY_TIME

    @contextmanager
    def in_progress(self, reports: Sequence[Report]) -> Iterator[None]:
        """While these reports are being stored, the answered mark stays behind them."""
        moments = [report.at for report in reports if report.token]
        if not moments:
            yield
            return
        number = next(self._numbers)
        self._in_progress[number] = min(moments)
        try:
            yield
        finally:
            del self._in_progress[number]

    def stored(self, check: UUID, n: int, at: datetime, token: bytes) -> None:
        """A ping was recorded; `token` is empty unless it is a mail with a Message-ID."""
        if self._recovered:
            self._end_recovered(check, token)
        if not token:
            return
        self.newest = at if self.newest is None else max(at, self.newest)
        self._own[token] = at
        self._uncertain.pop(token, None)
        # At the end of the order, as the newest one.
        self._unheard.pop(check, None)
        self._unheard[check] = LoggedToken(n, at, token, True)
        _shrink(self._own)
        _shrink(self._unheard)

    def uncertain(self, token: bytes, at: datetime, n: int) -> None:
        """An append of this mail as ping `n` failed, and may have been carried out all the same."""
        self._uncertain.setdefault(token, {}).setdefault(at, n)
        _shrink(self._uncertain)

    def acknowledged(self, receipts: Iterable[Receipt]) -> None:
        """The sender has heard our answer: what comes from now on is meant to be recorded."""
        for receipt in receipts:
            last = self._unheard.get(receipt.check)
            if last is not None and last.token == receipt.token:
                del self._unheard[receipt.check]
            recovered = self._recovered.get(receipt.check, {})
            recovered.pop(receipt.token, None)
            self._own.pop(receipt.token, None)
            self._own[receipt.token] = self._clock()
        _shrink(self._own)

    def recall(self, check: UUID, tail: Sequence[LoggedToken], answered: datetime | None) -> None:
        """Take into account the last pings in a check's log, oldest first, which any process may have stored.

        `answered` is the mark as it is in the database now.
        """
        if not tail:
            return
        last = tail[-1]
        if self._uncertain.get(last.token, {}).get(last.at, last.n + 1) <= last.n:
            del self._uncertain[last.token]
            self._unheard[check] = last
        elif last.token not in self._own and self._of_another_process(last, answered):
            self._unheard[check] = last
        if check not in self._looked_up:
            self._recover(check, tail)
        _shrink(self._unheard)

    def mark(self) -> datetime:
        """The moment before which all mails that this process stored have been answered."""
        return min(self._in_progress.values(), default=self._clock()) - ANSWER_TIME

    def marked(self, answered: datetime) -> None:
        """That mark is in the database: own tokens that are older are not needed any more."""
        while self._own and (oldest := next(iter(self._own))) and self._own[oldest] < answered:
            del self._own[oldest]

    def _of_another_process(self, ping: LoggedToken, answered: datetime | None) -> bool:
        """Whether another process that runs at the same time stored it, and may not have answered it."""
        return ping.at >= self._started and (answered is None or ping.at >= answered)

    def _recover(self, check: UUID, tail: Sequence[LoggedToken]) -> None:
        for ping in tail:
            if not self._answered_before_start <= ping.at < self._started:
                continue
            self._looked_up.add(check)
            self._end_recovered(check, ping.token if ping.by_mail else b"")
            if ping.by_mail:
                self._recovered.setdefault(check, {})[ping.token] = ping.at

    def _end_recovered(self, check: UUID, token: bytes) -> None:
        """A ping came in between: see the module's docstring."""
        recovered = self._recovered.get(check)
        if recovered is None:
            return
        if token:
            same_id = [one for one in recovered if one[:ID_BYTES] == token[:ID_BYTES] and one != token]
            for one in same_id:
                del recovered[one]
        if not token or not recovered:
            del self._recovered[check]


def _shrink(memory: dict[K, V]) -> None:
    while len(memory) > CAPACITY:
        del memory[next(iter(memory))]
