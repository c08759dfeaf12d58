"""What a client may ask for without sending a message, and how much is logged about refusals."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable

TOO_MANY_ERRORS = "421 4.7.0 Too many errors"
TOO_MANY_COMMANDS = "421 4.7.0 Too many commands without a message"
TOO_LONG = "421 4.4.2 Too long without a message"

MAX_ERRORS = 100  # replies of 5xx
MAX_COMMANDS = 1000  # commands other than accepted recipients
MAX_TIME = 600.0  # seconds; a client that waits for nothing sends a message to 100 recipients in a few

LOGGED_LINES = 10  # refusals of one peer that are logged in one period
LOGGED_TOTAL = 200  # refusals of all peers that are logged in one period
LOGGED_PERIOD = 60.0  # seconds

log = logging.getLogger(__name__)


class Patience:
    """How much a client may ask for between two accepted messages: without limits a connection's place could
    be kept for ever by a NOOP now and then.
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        """`clock`: seconds that never go back."""
        self._clock = clock
        self.renew()

    def renew(self) -> None:
        """A message was accepted."""
        self._errors = self._commands = 0
        self._since = self._clock()

    def command(self) -> None:
        self._commands += 1

    def recipient(self) -> None:
        """The last command has named an accepted recipient; their number has a limit of its own."""
        self._commands -= 1

    def error(self) -> None:
        self._errors += 1

    def exhausted(self) -> str | None:
        """The reply with which the connection is to be closed, None while it may go on."""
        if self._errors > MAX_ERRORS:
            return TOO_MANY_ERRORS
        if self._commands > MAX_COMMANDS:
            return TOO_MANY_COMMANDS
        if self._clock() - self._since > MAX_TIME:
            return TOO_LONG
        return None


class RefusalLog:
    """Logs refused recipients and logins: some of each peer a minute, and the number of the others."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._began = clock()
        self._lines: dict[str, int] = {}
        self._left_out = 0
        self._total = 0

    def add(self, peer: str, what: str, reply: str) -> None:
        """`what` was refused, and answered with `reply`."""
        if self._clock() - self._began >= LOGGED_PERIOD:
            self.flush()
        lines = self._lines.get(peer, 0)
        if lines >= LOGGED_LINES or self._total >= LOGGED_TOTAL:
            self._left_out += 1
            return
        self._lines[peer] = lines + 1
        self._total += 1
        log.info("refused %s from %s: %s", what, peer, reply)

    def flush(self) -> None:
        """Log how many refusals were left out, and begin a new period."""
        if self._left_out:
            log.info("refused %d more recipients or logins, not logged singly", self._left_out)
        self._began = self._clock()
        self._lines.clear()
        self._left_out = self._total = 0
