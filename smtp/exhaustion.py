"""Accepting connections while the process has no file descriptors left.

asyncio then stops accepting for a second, and goes on by itself. But before that it tries as often as the
backlog is long, and logs each attempt: half a thousand lines a second.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable

ATTEMPTS = 16  # connections that asyncio accepts at a time, and so its attempts before it stops for a second
BACKLOG = 512  # connections that wait to be accepted; the kernel may allow fewer
LOG_INTERVAL = 60.0  # seconds between two log lines about it

# What asyncio logs, see BaseSelectorEventLoop._accept_connection.
_MESSAGE = "socket.accept() out of system resource"


async def create_server(factory: Callable[[], asyncio.Protocol], **where: object) -> asyncio.Server:
    """As `create_server` of the event loop, with `where` for it; BACKLOG connections may wait."""
    log_seldom()
    loop = asyncio.get_running_loop()
    server: asyncio.Server = await loop.create_server(factory, backlog=ATTEMPTS, **where)  # type: ignore[call-overload]
    for listening in server.sockets:
        with listening.dup() as duplicate:
            duplicate.listen(BACKLOG)
    return server


class SeldomFilter(logging.Filter):
    """Lets one line in LOG_INTERVAL pass of those that asyncio logs when it can't accept a connection."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        super().__init__()
        self._clock = clock
        self._next: float | None = None

    def filter(self, record: logging.LogRecord) -> bool:
        if not record.getMessage().startswith(_MESSAGE):
            return True
        now = self._clock()
        if self._next is not None and now < self._next:
            return False
        self._next = now + LOG_INTERVAL
        return True


def log_seldom() -> None:
    """Put the filter on asyncio's logger, once."""
    logger = logging.getLogger("asyncio")
    if not any(isinstance(one, SeldomFilter) for one in logger.filters):
        logger.addFilter(SeldomFilter())
