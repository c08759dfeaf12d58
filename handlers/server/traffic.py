"""The requests under way, so that a server that stops can answer them first."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Hashable
from typing import Protocol

# Seconds between looks at what has not been answered; an event would cost something with every request.
_POLL = 0.01


class _Begun(Protocol):
    @property
    def endless(self) -> bool: ...


class Traffic:
    """`begun` has the request on each connection whose header has come and whose answer is not complete;
    `tasks` the handlers at work.
    """

    def __init__(self) -> None:
        self.stopping = False
        self.begun: dict[Hashable, _Begun] = {}  # by connection
        self.tasks: set[asyncio.Task[None]] = set()

    def is_stopping(self) -> bool:
        return self.stopping

    def track(self, task: asyncio.Task[None]) -> None:
        """Let `drain` wait for a handler."""
        self.tasks.add(task)
        task.add_done_callback(self.tasks.discard)

    async def drain(self, grace: float) -> None:
        """Answer what has begun, bodies still to come included, for `grace` seconds at most. Clients are
        asked not to use their connections again. Endless answers (event streams) are not waited for.
        """
        self.stopping = True
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(grace):
                while self.tasks or any(not request.endless for request in self.begun.values()):  # noqa: ASYNC110
                    await asyncio.sleep(_POLL)
